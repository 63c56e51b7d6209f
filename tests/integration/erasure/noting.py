"""A plugin whose event repeats what somebody said, and whose job writes it down."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event, Manifest, Permission, Plugin, Service, UnitOfWork, command, on


@frozen(kw_only=True)
class PartyNoted(Event):
    """Somebody noted something about a party.

    Attributes:
        party: its id.
        said: what was noted.
        born: a date that is part of it; None if none is.
    """

    party: UUID
    said: str
    born: date | None = None


class Noting(Service):
    """Notes."""

    @command("noting.note")
    def note(self, party: UUID, said: str, born: date | None = None) -> None:
        """Tell that something was noted."""
        self.emit(PartyNoted(party=party, said=said, born=born))


def write_down(uow: UnitOfWork, noted: PartyNoted) -> None:
    """Record what was noted."""
    uow.interactions.record(party=noted.party, channel="phone", direction="in", summary=noted.said)


class NotingPlugin(Plugin):
    """Writes down what is noted, in a job."""

    events = (PartyNoted,)
    hooks = (on(PartyNoted, write_down, durable=True),)


MANIFEST = Manifest(
    id="noting",
    distribution="crm-noting",
    version="1",
    api=">=1,<2",
    services=("noting:Noting",),
    permissions=(Permission("noting.note", "Note something"),),
    implementation="noting:NotingPlugin",
)
