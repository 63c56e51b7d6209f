"""How reports are computed from counts and sums. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from crmkit.plugins.service_desk.reports.model import GROUPINGS, Grouping, KeptRow
from crmkit.sdk import InvalidValueError, Tally

__all__ = ["FIELDS", "checked_grouping", "kept_row", "key_of", "ordered"]

FIELDS: Final[Mapping[Grouping, str | None]] = {
    "all": None,
    "agent": "assignee_id",
    "channel": "channel",
    "kind": "kind",
    "priority": "priority",
    "product": "product",
    "queue": "queue_id",
    "reason": "reason",
    "team": "team_id",
    "tier": "tier",
}
"""The field of a case that makes its group."""
_STEP: Final = Decimal("0.0001")


def checked_grouping(by: Grouping) -> tuple[str, ...]:
    """The fields to group by.

    Raises:
        InvalidValueError: if nothing is grouped by that; lists what is.
    """
    if by not in FIELDS:
        raise InvalidValueError("by", by, f"is none of: {', '.join(GROUPINGS)}")
    field = FIELDS[by]
    return () if field is None else (field,)


def key_of(values: tuple[Any, ...]) -> str | None:
    """The key of a group, as text; of the one group of a report without groups, ``all``."""
    if not values:
        return "all"
    return None if values[0] is None else str(values[0])


def ordered(keys: Iterable[str | None]) -> list[str | None]:
    """Keys in order; cases of which it is not said come last."""
    return sorted(set(keys), key=lambda key: (key is None, key or ""))


def kept_row(
    key: str | None,
    *,
    cases: int,
    kept: int,
    late: int,
    overdue: int,
    running: int,
    took: Tally | None,
    seconds: str,
) -> KeptRow:
    """One row of how promises were kept.

    Args:
        key: of the group.
        cases: how many there are in all.
        kept: promises kept in time.
        late: kept too late.
        overdue: not kept, and their time is over.
        running: not kept, and there is time left.
        took: how long the decided ones took; None if there are none.
        seconds: the field of it.
    """
    broken = late + overdue
    median = None if took is None else took.medians.get(seconds)
    return KeptRow(
        key=key,
        kept=kept,
        broken=broken,
        running=running,
        unpromised=cases - kept - broken - running,
        share=(Decimal(kept) / (kept + broken)).quantize(_STEP) if kept + broken else None,
        median_time=None if median is None else timedelta(seconds=float(median)),
        mean_time=timedelta(seconds=float(took.sums[seconds] / took.count)) if took and took.count else None,
    )
