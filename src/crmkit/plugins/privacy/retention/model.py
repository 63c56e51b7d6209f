"""What a rule of retention is, and what applying the rules comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import Attribute, field, frozen

from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["ACTIONS", "Outcome", "RetainedRecord", "RetentionAction", "RetentionReport", "RetentionRule"]

RetentionAction = Literal["erase", "delete"]
ACTIONS: Final[tuple[str, ...]] = get_args(RetentionAction)
Outcome = Literal["erased", "deleted", "held", "refused"]
"""What became of a record: ``held`` by a legal hold, or ``refused`` by a plugin, or because something needs it."""
MOST_DAYS: Final = 36_525


def _unchangeable(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(given))


def _days(_: object, attribute: Attribute[Any], value: int) -> None:
    if not 1 <= value <= MOST_DAYS:
        raise InvalidValueError(attribute.name, value, f"is no number of days from 1 to {MOST_DAYS:,}")


@frozen(kw_only=True)
class RetentionRule(Record):
    """How long records are kept. Data of the tenant.

    Attributes:
        key: by which people speak of it; unique.
        label: for people.
        entity: of which records, such as ``party`` or ``interaction``.
        condition: which of them, criteria in JSON form; all by default.
        since: the field from which the time is counted, such as ``updated_at``.
        days: for how long they are kept.
        action: ``erase`` their values, with everything that is about them; or ``delete`` them after that.
        export_first: whether everything about a record is written to the folder of exports before.
        active: whether it is applied.
    """

    key: str = field(validator=checks.key)
    label: str = field(validator=checks.text(200, controls=False))
    entity: str
    condition: Mapping[str, Any] = field(factory=dict, converter=_unchangeable, hash=False)
    since: str = "updated_at"
    days: int = field(validator=_days)
    action: RetentionAction = field(default="erase", validator=checks.one_of(ACTIONS))
    export_first: bool = False
    active: bool = True

    def due_before(self, now: datetime) -> datetime:
        """The instant before which a record's time has to have begun for it to be over, UTC."""
        return now - timedelta(days=self.days)


@frozen(kw_only=True)
class RetainedRecord:
    """A record whose time is over.

    Attributes:
        rule: the key of the rule.
        entity: of the record.
        id: of the record.
        outcome: what became of it, or would.
        why: what stood in the way, if something did.
    """

    rule: str
    entity: str
    id: UUID
    outcome: Outcome
    why: str | None = None


@frozen(kw_only=True)
class RetentionReport:
    """What applying the rules has come to, or would.

    Attributes:
        records: in the order in which they were seen to, rule by rule.
        more: keys of the rules that were not done with, since there is a limit.
    """

    records: tuple[RetainedRecord, ...] = ()
    more: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The report for people, a record a line."""
        for one in self.records:
            yield f"{one.rule}: {one.entity} {one.id} {one.outcome}" + (f" ({one.why})" if one.why else "")
        for rule in self.more:
            yield f"{rule}: more is left for the next time"
