"""What a return is, and how returns are spread over their reasons or products."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen
from attrs.validators import ge, instance_of

from crmkit.plugins.service_desk.limits import LONGEST_BODY, LONGEST_LINE
from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["OUTCOMES", "Outcome", "Pareto", "ParetoRow", "Return"]

Outcome = Literal["refunded", "replaced", "repaired", "rejected"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


@frozen(kw_only=True)
class Return(Record):
    """What a party has brought or sent back.

    Attributes:
        party_id: who.
        product: what was sold, as a key or number of the product.
        quantity: how many, at least 1.
        reason: why: one of the reasons in the settings.
        returned_on: when.
        case_id: the case about it; None for none.
        asset_id: which one it was, if that is known.
        note: what the party said.
        outcome: refunded, replaced, repaired or rejected; None until it is settled.
        settled_on: when that was decided; None until then.

    Raises:
        InvalidValueError: if it was settled before it came, or has an outcome without a day or a day without one.
    """

    party_id: UUID
    product: str = field(validator=checks.text(LONGEST_LINE))
    quantity: int = field(default=1, validator=[instance_of(int), ge(1)])
    reason: str = field(validator=checks.key)
    returned_on: date = field(validator=checks.day)
    case_id: UUID | None = None
    asset_id: UUID | None = None
    note: str = field(default="", validator=checks.text(LONGEST_BODY, blank=True))
    outcome: Outcome | None = field(default=None, validator=checks.one_of(OUTCOMES))
    settled_on: date | None = field(default=None, validator=checks.day)

    def __attrs_post_init__(self) -> None:
        if (self.outcome is None) != (self.settled_on is None):
            raise InvalidValueError("settled_on", self.settled_on, f"does not go with outcome={self.outcome!r}")
        if self.settled_on is not None and self.settled_on < self.returned_on:
            raise InvalidValueError("settled_on", self.settled_on, f"lies before returned_on={self.returned_on}")


@frozen(kw_only=True)
class ParetoRow:
    """What came back for one reason, or of one product.

    Attributes:
        key: the reason or product.
        returns: how many returns.
        quantity: how many pieces.
        share: of all pieces, 0 to 1, to four decimal places.
        cumulative: the share of this row and all before it together, 0 to 1, to four decimal places.
        vital: whether it is one of the few that together make up four fifths of all.
    """

    key: str
    returns: int
    quantity: int
    share: Decimal
    cumulative: Decimal
    vital: bool


@frozen(kw_only=True)
class Pareto:
    """How returns are spread, the most frequent first (Juran, "Quality Control Handbook", 1951: the vital few).

    Attributes:
        rows: by pieces, then by key.
        returns: how many returns there are in all.
        quantity: how many pieces.
    """

    rows: tuple[ParetoRow, ...]
    returns: int
    quantity: int
