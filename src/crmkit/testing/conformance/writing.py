"""A plugin of the kit's own, loaded beside the one under test: it stores records of any entity through the gate."""

from __future__ import annotations

from collections.abc import Iterable

from crmkit.sdk import Manifest, Permission, Record, Service, command

__all__ = ["WRITING", "Writing"]


class Writing(Service):
    """Stores what it is given."""

    @command("conformance_kit.write")
    def write(self, records: Iterable[Record]) -> None:
        """Store records, in their order."""
        for record in records:
            self.records.add(record)


WRITING = Manifest(
    id="conformance_kit",
    distribution="crmkit",
    version="1",
    api=">=1,<2",
    services=("crmkit.testing.conformance.writing:Writing",),
    permissions=(Permission("conformance_kit.write", "Store any record"),),
)
