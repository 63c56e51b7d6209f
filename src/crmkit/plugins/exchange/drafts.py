"""From the form between files and records to records that are not stored yet; here values are believed or refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from attrs import field, frozen

from crmkit.plugins.exchange.form import (
    ORGANISATION_FIELDS,
    PERSON_FIELDS,
    SHARED_FIELDS,
    ImportedMechanism,
    ImportedParty,
)
from crmkit.sdk import (
    Identifier,
    InvalidMechanismError,
    InvalidValueError,
    Mechanism,
    Organisation,
    Party,
    Person,
    address,
    mechanism,
)

__all__ = ["Draft", "draft"]


@frozen(kw_only=True)
class Draft:
    """A row as records, made for a party of its own; if that turns out to be there, they are compared with it.

    Attributes:
        row: its number in the file, from 1.
        party: the person or organisation.
        mechanisms: of the party, normalised.
        identifiers: of the party.
        known_as: crmkit's own id of the party, if the file was exported from a crmkit.
        employer: of a person, the organisation that they work for, to be added if there is none of that name.
        position: of a person, what they are or do there.
        notes: about the party.
        custom: texts of values of custom fields, by key; believed when they are applied, where fields are known.
    """

    row: int
    party: Person | Organisation
    mechanisms: tuple[Mechanism, ...]
    identifiers: tuple[Identifier, ...]
    known_as: UUID | None = None
    employer: Organisation | None = None
    position: str | None = None
    notes: tuple[str, ...] = ()
    custom: Mapping[str, str] = field(factory=dict)


def draft(row: int, given: ImportedParty, *, region: str | None = None, allow_invalid: bool = False) -> Draft:
    """What a row says, as records.

    Args:
        row: its number in the file, from 1.
        given: what it says.
        region: where phone numbers in national form are dialled (ISO 3166-1 alpha-2).
        allow_invalid: keep malformed mechanisms as raw text, unverified, instead of refusing the row.

    Raises:
        InvalidValueError: if a value is not what it should be, or the row names nobody.
        LimitExceededError: if a text is too long.
    """  # raised by what the records check themselves
    party = _party(given)
    mechanisms = _mechanisms(party, given.mechanisms, region, allow_invalid=allow_invalid)
    identifiers = tuple(
        Identifier(party_id=party.id, scheme=one.scheme, value=one.value) for one in given.identifiers if one.value
    )
    if isinstance(party, Person) and not party.sort_name and not mechanisms and not identifiers:
        raise InvalidValueError("name", None, "is missing, and there is no way to reach the party either")
    return Draft(
        row=row,
        party=party,
        mechanisms=mechanisms,
        identifiers=identifiers,
        known_as=given.id,
        employer=Organisation(name=given.organisation) if given.organisation and given.kind == "person" else None,
        position=given.position,
        notes=given.notes,
        custom=given.custom,
    )


def _party(given: ImportedParty) -> Person | Organisation:
    own = PERSON_FIELDS if given.kind == "person" else ORGANISATION_FIELDS
    fields = {name: value for name in (*own, *SHARED_FIELDS) if (value := getattr(given, name)) is not None}
    if given.kind == "person":
        return Person(**fields)
    if "name" not in fields:
        raise InvalidValueError("name", None, "is missing; an organisation has one")
    return Organisation(**fields)


def _mechanisms(
    party: Party, given: Collection[ImportedMechanism], region: str | None, *, allow_invalid: bool
) -> tuple[Mechanism, ...]:
    """Mechanisms, of which the first of each kind is primary where the file prefers none; so none is made twice."""
    preferred = {one.kind for one in given if one.is_primary}
    made: list[Mechanism] = []
    for one in given:
        is_primary = one.is_primary or one.kind not in preferred
        found = _mechanism(party, one, region, is_primary=is_primary, allow_invalid=allow_invalid)
        if found.is_primary:
            preferred.add(found.kind)
        made.append(found)
    return tuple(made)


def _mechanism(
    party: Party, given: ImportedMechanism, region: str | None, *, is_primary: bool, allow_invalid: bool
) -> Mechanism:
    if given.kind == "postal":
        return address(
            party.id,
            street=given.street,
            locality=given.locality,
            region=given.region,
            postal_code=given.postal_code,
            country=given.country,
            raw=given.raw,
            label=given.label,
            is_primary=is_primary,
        )
    if given.raw is None:
        raise InvalidMechanismError(given.kind, None, "is blank")
    return mechanism(
        party.id,
        given.kind,
        given.raw,
        label=given.label,
        region=region,
        service=given.service,
        is_primary=is_primary,
        allow_invalid=allow_invalid,
    )
