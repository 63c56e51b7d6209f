"""Records to test with: each function adds one by the service that adds it in earnest, and fills in what is not given.

All take the unit of work first::

    with crm.begin("ada") as uow:
        ida = a_person(uow, family_name="Berg", emails=["ida@berg.example"])
        deal = a_deal(uow, ida.id, amount=Money("12000", "EUR"))
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmkit.api import Activity, Deal, Interaction, Money, Organisation, Person

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.api import UnitOfWork

__all__ = ["a_deal", "a_person", "an_activity", "an_interaction", "an_organisation"]


def a_person(uow: UnitOfWork, *, emails: Sequence[str] = (), phones: Sequence[str] = (), **fields: Any) -> Person:
    """Add a person, Ida Berg unless ``fields`` say otherwise.

    Args:
        uow: the unit of work.
        emails: e-mail addresses.
        phones: phone numbers.
        fields: of `Person`.
    """
    given: dict[str, Any] = {"given_name": "Ida", "family_name": "Berg", **fields}
    return uow.parties.add(Person(**given), emails=emails, phones=phones)


def an_organisation(
    uow: UnitOfWork, *, emails: Sequence[str] = (), phones: Sequence[str] = (), **fields: Any
) -> Organisation:
    """Add an organisation, Berg Tak AS unless ``fields`` say otherwise.

    Args:
        uow: the unit of work.
        emails: e-mail addresses.
        phones: phone numbers.
        fields: of `Organisation`.
    """
    given: dict[str, Any] = {"name": "Berg Tak AS", **fields}
    return uow.parties.add(Organisation(**given), emails=emails, phones=phones)


def a_deal(uow: UnitOfWork, party: UUID | None = None, **said: Any) -> Deal:
    """Open a deal of 12,000 EUR on the pipeline ``sales``, unless ``said`` otherwise.

    Args:
        uow: the unit of work.
        party: the party's id; that of a new person by default.
        said: what `Pipelines.open` takes.
    """
    party = party or a_person(uow).id
    given: dict[str, Any] = {"pipeline": "sales", "title": "Roof", "amount": Money("12000", "EUR"), **said}
    return uow.pipelines.open(party=party, **given)


def an_interaction(uow: UnitOfWork, party: UUID | None = None, **said: Any) -> Interaction:
    """Record a phone call, unless ``said`` otherwise.

    Args:
        uow: the unit of work.
        party: the party's id; that of a new person by default.
        said: what `Interactions.record` takes.
    """
    party = party or a_person(uow).id
    given: dict[str, Any] = {"channel": "phone", "direction": "in", "summary": "asked for a quote", **said}
    return uow.interactions.record(party=party, **given)


def an_activity(uow: UnitOfWork, party: UUID | None = None, **said: Any) -> Activity:
    """Plan a call for tomorrow, unless ``said`` otherwise.

    Args:
        uow: the unit of work.
        party: the party's id; that of a new person by default.
        said: what `Interactions.plan` takes.
    """
    party = party or a_person(uow).id
    given: dict[str, Any] = {"kind": "call", "subject": "Call back", "due_at": uow.now + timedelta(days=1), **said}
    return uow.interactions.plan(party=party, **given)
