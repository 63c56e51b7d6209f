"""What is promised: policies, and how a recount of open cases stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen
from attrs.validators import ge, instance_of, le, optional

from crmkit.plugins.service_desk.cases.model import KINDS, PRIORITIES
from crmkit.plugins.service_desk.limits import LONGEST_LINE
from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["ANY", "LEVELS", "MEASURES", "Level", "Measure", "Policy", "Recount"]

Measure = Literal["first_response", "resolution"]
Level = Literal["warning", "breach"]

MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
ANY: Final = ""
"""In a policy: whatever the case says."""
LONGEST_TARGET: Final = 60 * 24 * 366
"""Minutes."""


def _target() -> Any:
    return field(default=None, validator=optional([instance_of(int), ge(1), le(LONGEST_TARGET)]))


@frozen(kw_only=True)
class Policy(Record):
    """What is promised to which cases. Of those that fit a case, the most particular one counts: see `rules.promised`.

    Attributes:
        label: for people.
        tier: key of the customer tier whose cases it is for; empty for all.
        priority: of the cases that it is for; empty for all.
        kind: of the cases that it is for; empty for all.
        first_response: until the first answer, in minutes of business time; None if no time is promised.
        resolution: until the resolution, in minutes of business time; None if no time is promised.
        warn_after: after which part of the promised time somebody is warned, in per cent of it, 1 to 99.
        escalate_to: the actor who gets something to do when a promise is broken; None for nobody.
        active: whether it counts.

    Raises:
        InvalidValueError: if it promises nothing, or an answer only after the resolution.
    """

    label: str = field(validator=checks.text(LONGEST_LINE))
    tier: str = field(default=ANY, validator=checks.text(63, blank=True))
    priority: str = field(default=ANY, validator=checks.one_of((ANY, *PRIORITIES)))
    kind: str = field(default=ANY, validator=checks.one_of((ANY, *KINDS)))
    first_response: int | None = _target()
    resolution: int | None = _target()
    warn_after: int = field(default=75, validator=[instance_of(int), ge(1), le(99)])
    escalate_to: str | None = field(default=None, validator=checks.text(LONGEST_LINE))
    active: bool = True

    def __attrs_post_init__(self) -> None:
        if self.first_response is None and self.resolution is None:
            raise InvalidValueError("first_response", None, "and resolution=None promise nothing; give one at least")
        if self.first_response is not None and self.resolution is not None and self.resolution < self.first_response:
            raise InvalidValueError("resolution", self.resolution, f"comes before first_response={self.first_response}")

    def target(self, measure: Measure) -> int | None:
        """The minutes of business time promised; None if none are."""
        return self.first_response if measure == "first_response" else self.resolution


@frozen(kw_only=True)
class Recount(Record):
    """How the recount of open cases stands after what is promised, or when people work, has changed. One row.

    Attributes:
        key: always ``promises``.
        fingerprint: of the policies and calendars by which it counts.
        after: the id of the last case counted; None before the first one, and once it is done.
        cases: how many cases were counted.
        changed: of how many something changed.
        done_at: when it was done, UTC; None while it is under way.
    """

    key: str = "promises"
    fingerprint: str = ""
    after: UUID | None = None
    cases: int = 0
    changed: int = 0
    done_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
