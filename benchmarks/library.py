"""crmkit, through its public API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from benchmarks.contacts import ACTOR, ADMIN, Contact, batches
from benchmarks.variants import BATCH
from crmkit import CRM, Deal, Mechanism, Person, f

__all__ = ["Library"]


class Library:
    """The operations as an application that embeds crmkit has them.

    Args:
        crm: of the tenant in which everything but the import happens.
        importing: of the tenant of the import.
    """

    def __init__(self, crm: CRM, importing: CRM) -> None:
        self._crm, self._importing = crm, importing

    def create(self, one: Contact) -> None:
        """See `Variant`."""
        with self._crm.begin(ACTOR) as uow:
            uow.parties.add(_person(one), mechanisms=_mechanisms(one))

    def record(self, party: UUID, summary: str) -> None:
        """See `Variant`."""
        with self._crm.begin(ACTOR) as uow:
            uow.interactions.record(party=party, channel="phone", direction="in", summary=summary)

    def move(self, deal: UUID, to: str) -> None:
        """See `Variant`."""
        with self._crm.begin(ACTOR) as uow:
            uow.pipelines.move(deal, to=to)

    def view(self, party: UUID) -> tuple[int, int, int]:
        """See `Variant`."""
        with self._crm.begin(ACTOR, read_only=True) as uow:
            view = uow.parties.view(party)
        lines = {section.key: len(section.items) for section in view.sections}
        return len(view.mechanisms), lines.get("interactions", 0), lines.get("deals", 0)

    def page(self) -> Sequence[UUID]:
        """See `Variant`."""
        with self._crm.begin(ACTOR, read_only=True) as uow:
            return [deal.id for deal in uow.find(Deal, order="-updated_at", limit=50)]

    def funnel(self) -> dict[str, int]:
        """See `Variant`."""
        with self._crm.begin(ADMIN, read_only=True) as uow:
            return {stage.stage: stage.now for stage in uow.pipelines.funnel("sales").stages if stage.now}

    def find(self, email: str) -> Sequence[UUID]:
        """See `Variant`."""
        with self._crm.begin(ACTOR, read_only=True) as uow:
            return [party.id for party in uow.parties.find_by(email, kind="email")]

    def search(self, text: str) -> Sequence[UUID]:
        """See `Variant`."""
        with self._crm.begin(ADMIN, read_only=True) as uow:
            return [person.id for person in uow.find(Person, f.name.contains(text), order="-updated_at", limit=50)]

    def import_people(self, people: Iterable[Contact]) -> None:
        """See `Variant`."""
        for batch in batches(people, BATCH):
            with self._importing.begin(ACTOR, source="import:people.csv") as uow:
                mechanisms = [mechanism for one in batch for mechanism in _mechanisms(one)]
                uow.parties.add_many([_person(one) for one in batch], mechanisms=mechanisms)

    def close(self) -> None:
        """See `Variant`."""
        self._crm.close()
        self._importing.close()


def _person(one: Contact) -> Person:
    return Person(id=one.id, given_name=one.given_name, family_name=one.family_name)


def _mechanisms(one: Contact) -> list[Mechanism]:
    party, email, phone = one.id, one.email, one.phone
    return [
        Mechanism(party_id=party, kind="email", raw=email, normalised=email, search_key=email),
        Mechanism(party_id=party, kind="phone", raw=phone, normalised=phone, search_key=phone, country="NO"),
    ]
