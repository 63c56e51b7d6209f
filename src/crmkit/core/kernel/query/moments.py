"""Relative dates in queries: parameters whose values are known once the instant of the unit is.

Rights, and the conditions in them, are kept from unit to unit, and statements longer; so both hold a `Moment`, and
each query works it out anew.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import date, datetime
from typing import Any, Final, Literal

from attrs import frozen

from crmkit.core.kernel.entities.shape import FieldShape
from crmkit.errors import CriteriaError, InvalidOperatorError
from crmkit.values.criteria import Relative

__all__ = ["Moment", "moment_for", "settle"]

_COMPARABLE: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "in"})


@frozen
class Moment:
    """A relative date that is compared with a date or with an instant."""

    relative: Relative
    kind: Literal["date", "instant"]

    def at(self, now: datetime | None) -> date:
        """The date or instant that is meant at the instant ``now``.

        Raises:
            CriteriaError: if nobody has said when that is.
            InvalidValueError: if it lies outside of the years 1 to 9999.
        """
        if now is None:
            raise CriteriaError(f"{self.relative} cannot be worked out here, where the present instant is not known")
        return self.relative.date_at(now) if self.kind == "date" else self.relative.instant_at(now)


def moment_for(field: FieldShape, op: str, value: Relative) -> Moment:
    """``value`` as it is compared with ``field``.

    Raises:
        InvalidOperatorError: if the field holds neither dates nor instants, or hours are to make a date.
    """
    if field.type not in {"date", "instant"} or op not in _COMPARABLE:
        raise InvalidOperatorError(op, field.name, f"a field of type {field.type} is not compared with {value}")
    if field.type == "date":
        if value.minutes:
            raise InvalidOperatorError(op, field.name, f"is a date, which hours and minutes do not make: {value}")
        return Moment(value, "date")
    return Moment(value, "instant")


def settle(params: MutableMapping[str, Any], now: datetime | None) -> None:
    """Put the values that moments have at ``now`` in their place."""
    for name, value in params.items():
        if type(value) is Moment:
            params[name] = value.at(now)
