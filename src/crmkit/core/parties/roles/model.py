"""What a party role is, and which ones there are."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.parties.rules import check_period
from crmkit.core.parties.vocabulary import Term
from crmkit.values.checks import day, key

__all__ = ["PartyRole", "PartyRoleType"]


@frozen(kw_only=True)
class PartyRoleType(Term):
    """Something that a party can be to us; its key is such as ``supplier``."""


@frozen(kw_only=True)
class PartyRole(Record):
    """What a party is to us, from one day until another. It may have several roles at once.

    Attributes:
        party_id: the party.
        role: key of the role's type, such as ``customer``.
        valid_from: its first day; None if that is unknown.
        valid_until: its last day; None while it lasts.
    """

    party_id: UUID
    role: str = field(validator=key)
    valid_from: date | None = field(default=None, validator=day)
    valid_until: date | None = field(default=None, validator=day)

    def __attrs_post_init__(self) -> None:
        check_period(self.valid_from, self.valid_until)
