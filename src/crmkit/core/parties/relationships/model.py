"""What a relationship is, what types of it there are, and how it looks from one of its ends."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.parties.model import PartyKind
from crmkit.core.parties.rules import check_period
from crmkit.core.parties.text import cleaned, cleaned_or_none, text
from crmkit.core.parties.vocabulary import Term
from crmkit.values.checks import day, key, one_of

__all__ = ["PARTY_KINDS", "RelatedParty", "Relationship", "RelationshipType"]

PARTY_KINDS: Final = ("person", "organisation")


@frozen(kw_only=True)
class RelationshipType(Term):
    """A type of relationship, named from both ends: Ida *works for* Berg Roofs, Berg Roofs *employs* Ida.

    Attributes:
        key: such as ``works_for``.
        label: how the first party stands to the other, such as ``works for``.
        inverse: the key seen from the other party, such as ``employs``; the same key if both ends look alike
            (``spouse_of``).
        inverse_label: how the other party stands to the first, such as ``employs``.
        first_kind: person or organisation, if the first party must be one; None for either.
        other_kind: person or organisation, if the other party must be one; None for either.
    """

    inverse: str = field(validator=key)
    inverse_label: str = field(converter=cleaned, validator=text())
    first_kind: PartyKind | None = field(default=None, validator=one_of(PARTY_KINDS))
    other_kind: PartyKind | None = field(default=None, validator=one_of(PARTY_KINDS))


@frozen(kw_only=True)
class Relationship(Record):
    """A dated link between two parties. It is part of the first one, and can be seen only with both.

    Attributes:
        party_id: the first party, of whom the type's label speaks: of ``works_for`` the person.
        other_id: the other party: of ``works_for`` the employer.
        type: key of its type, as the first party sees it.
        position: what the first party is or does there, such as ``head of purchasing``.
        valid_from: its first day; None if that is unknown.
        valid_until: its last day; None while it lasts.
    """

    party_id: UUID
    other_id: UUID
    type: str = field(validator=key)
    position: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    valid_from: date | None = field(default=None, validator=day)
    valid_until: date | None = field(default=None, validator=day)

    def __attrs_post_init__(self) -> None:
        check_period(self.valid_from, self.valid_until)


@frozen(kw_only=True)
class RelatedParty:
    """A relationship as one of its parties sees it.

    Attributes:
        relationship: the link itself.
        type: key of the type from this end: ``works_for``, or ``employs``.
        label: how this party stands to the other, such as ``works for``.
        party_id: the other party.
        name: what the other party is called.
        kind: what the other party is.
    """

    relationship: Relationship
    type: str
    label: str
    party_id: UUID
    name: str
    kind: PartyKind
