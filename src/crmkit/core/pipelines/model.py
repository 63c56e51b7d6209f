"""Deals: chances to sell."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional

from crmkit.core.pipelines.definitions.model import checked_probability
from crmkit.core.pipelines.limits import MAX_LINE
from crmkit.core.pipelines.staged.model import Staged, StageEntry
from crmkit.errors import InvalidMoneyError, InvalidValueError
from crmkit.values.checks import text
from crmkit.values.money import Money

__all__ = ["Deal", "DealStageEntry", "PartyDeals"]


def _amount(value: object) -> Money | None:
    if value is not None and not isinstance(value, Money):
        raise InvalidMoneyError("amount", value, "is not Money; pass Money('12000', 'EUR')")
    return value


def _day(value: object) -> date | None:
    if value is not None and (isinstance(value, datetime) or not isinstance(value, date)):
        raise InvalidValueError("expected_close", value, "is not a date, such as datetime.date(2026, 3, 31)")
    return value


def _probability(value: object) -> Decimal | None:
    return None if value is None else checked_probability(value)


@frozen(kw_only=True)
class Deal(Staged):
    """One chance to sell, on a pipeline. A lead is a deal in an early stage, or a role of a party; never a copy of one.

    Attributes:
        title: what it is about, in a few words.
        party_id: the person or organisation that may buy.
        amount: what it would bring; None while unknown.
        probability: of winning, 0 to 1, where it differs from what its stage says; None where it does not.
        owner_id: id of the actor who answers for it.
        team_id: key of the team that it belongs to.
        source: where it came from, such as ``web`` or ``exhibition``.
        expected_close: the day on which it should be decided.
    """

    title: str = field(validator=text(MAX_LINE))
    party_id: UUID
    amount: Money | None = field(default=None, converter=_amount)
    probability: Decimal | None = field(default=None, converter=_probability)
    owner_id: str | None = field(default=None, validator=optional(text(MAX_LINE)))
    team_id: str | None = field(default=None, validator=optional(text(MAX_LINE)))
    source: str | None = field(default=None, validator=optional(text(MAX_LINE)))
    expected_close: date | None = field(default=None, converter=_day)


@frozen(kw_only=True)
class DealStageEntry(StageEntry):
    """One stay of a deal in one stage."""


@frozen(kw_only=True)
class PartyDeals:
    """The deals of a party, as its 360-degree view shows them.

    Attributes:
        deals: those changed last, newest first.
        more: whether there are others.
    """

    deals: tuple[Deal, ...]
    more: bool = False

    @property
    def items(self) -> tuple[tuple[str, str], ...]:
        """For people: each deal's title, and where it stands."""
        lines = [(d.title, f"{d.pipeline}: {d.stage}" + (f", {d.amount}" if d.amount else "")) for d in self.deals]
        return (*lines, ("", "and others")) if self.more else tuple(lines)

    @property
    def data(self) -> dict[str, Any]:
        """For programs: the same in JSON form."""
        deals = [
            {
                "id": str(d.id),
                "title": d.title,
                "pipeline": d.pipeline,
                "stage": d.stage,
                "category": d.category,
                "amount": [str(d.amount.amount), d.amount.currency] if d.amount else None,
                "owner": d.owner_id,
                "expected_close": d.expected_close.isoformat() if d.expected_close else None,
            }
            for d in self.deals
        ]
        return {"deals": deals, "more": self.more}
