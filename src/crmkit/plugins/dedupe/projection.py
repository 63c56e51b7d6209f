"""Keeping the keys of parties in step with them, in the unit that changes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from crmkit.plugins.dedupe.comparing.traits import KEYS, traits_of
from crmkit.plugins.dedupe.tables import key_table
from crmkit.sdk import MECHANISM, PARTY, Party, Projecting

__all__ = ["KeyProjection", "write_keys"]

NOBODY: Final[frozenset[UUID]] = frozenset()


class KeyProjection:
    """Writes the keys of whatever party has changed, and that it is to be compared again."""

    def project(self, changes: Projecting, /) -> None:
        """Rewrite them."""
        if any(one.entity.name == PARTY.name for one in changes.changed):
            write_keys(changes)


def write_keys(changes: Projecting, *, compared: Collection[UUID] = NOBODY) -> None:
    """Rewrite the keys of parties; those that are gone, or have become part of another, have none.

    Args:
        changes: which parties.
        compared: those that have been compared as they are now.
    """
    changes.rewrite(key_table, _rows(changes, compared))


def _rows(changes: Projecting, compared: Collection[UUID]) -> Iterator[Mapping[str, Any]]:
    mechanisms = changes.parts(MECHANISM)
    for one in changes.changed:
        party = one.record
        if not isinstance(party, Party) or party.merged_into is not None:
            continue
        traits = traits_of(party, mechanisms.get(party.id, ()))
        yield {
            # The party's own id, version and times, so that writing it again gives the same row.
            "id": party.id,
            "entity": PARTY.name,
            "record_id": party.id,
            "kind": party.kind,
            **{key: getattr(traits, key) for key in KEYS},
            "pending": party.id not in compared,
            "version": party.version,
            "created_at": party.created_at,
            "updated_at": party.updated_at,
            "custom": {},
        }
