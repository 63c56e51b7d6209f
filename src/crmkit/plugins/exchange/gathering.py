"""Reading parties with everything there is to export of them, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from crmkit.plugins.exchange.form import (
    ORGANISATION_FIELDS,
    PERSON_FIELDS,
    SHARED_FIELDS,
    ImportedIdentifier,
    ImportedMechanism,
    ImportedParty,
)
from crmkit.plugins.exchange.recognising import EMPLOYMENT, NOTE_KIND, Reads, among, grouped
from crmkit.sdk import Criteria, Identifier, Interaction, Mechanism, Party, Person, Relationship, custom_text, f

__all__ = ["gathered"]

PAGE: Final = 500
"""Parties that are read, with what belongs to them, before the next ones are."""


def gathered(uow: Reads, where: Criteria, *, order: str | None) -> Iterator[tuple[ImportedParty, Party]]:
    """Parties in the form between records and files, each with its record.

    Args:
        uow: reads, with the rights of its actor.
        where: which parties.
        order: see `UnitOfWork.find`.
    """
    parties = uow.each(Party, where & f.merged_into.is_empty(), order=order)
    while page := list(islice(parties, PAGE)):
        yield from zip(_forms(uow, page), page, strict=True)


def _forms(uow: Reads, page: list[Party]) -> Iterator[ImportedParty]:
    ids = [party.id for party in page]
    mechanisms = grouped(among(uow, Mechanism, "party_id", ids), lambda one: one.party_id)
    identifiers = grouped(among(uow, Identifier, "party_id", ids), lambda one: one.party_id)
    people = [party.id for party in page if isinstance(party, Person)]
    open_ones = (f.type == EMPLOYMENT) & f.valid_until.is_empty()
    links = {link.party_id: link for link in reversed(among(uow, Relationship, "party_id", people, open_ones))}
    names = {p.id: p.name for p in among(uow, Party, "id", {link.other_id for link in links.values()})}
    notes = grouped(among(uow, Interaction, "party_id", ids, f.kind == NOTE_KIND), lambda one: one.party_id)
    for party in page:
        link = links.get(party.id)
        yield ImportedParty(
            kind=party.kind,
            id=party.id,
            **_fields(party),
            mechanisms=tuple(_mechanism(one) for one in mechanisms[party.id] if one.valid_until is None and one.raw),
            identifiers=tuple(ImportedIdentifier(scheme=i.scheme, value=i.value) for i in identifiers[party.id]),
            organisation=names.get(link.other_id) if link else None,
            position=link.position if link else None,
            notes=tuple(one.body for one in notes[party.id]),
            custom={key: custom_text(value) for key, value in party.custom.items()},
        )


def _fields(party: Party) -> dict[str, Any]:
    own = PERSON_FIELDS if isinstance(party, Person) else ORGANISATION_FIELDS
    fields = {name: getattr(party, name) for name in (*own, *SHARED_FIELDS)}
    if fields.get("birth_date") is not None:
        fields["birthday"] = None  # follows from the date
    return fields


def _mechanism(one: Mechanism) -> ImportedMechanism:
    """A mechanism as it is to be written: numbers with their country's code, so that they are read alike anywhere."""
    return ImportedMechanism(
        kind=one.kind,
        raw=one.normalised if one.kind == "phone" and one.normalised else one.raw,
        label=one.label,
        is_primary=one.is_primary,
        service=one.service,
        street=one.street,
        locality=one.locality,
        region=one.region,
        postal_code=one.postal_code,
        country=one.country if one.kind == "postal" else None,
    )
