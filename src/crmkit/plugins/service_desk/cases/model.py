"""What a case is, and where it has been."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen
from attrs.validators import ge, instance_of

from crmkit.plugins.service_desk.limits import LONGEST_BODY, LONGEST_LINE
from crmkit.sdk import Record, checks

__all__ = [
    "ENDED",
    "KINDS",
    "PRIORITIES",
    "STATUSES",
    "UNDER_WAY",
    "Case",
    "CaseStay",
    "Kind",
    "Priority",
    "Status",
]

Kind = Literal["question", "incident", "complaint", "conflict", "letter", "warranty", "return"]
Status = Literal["new", "open", "waiting", "resolved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)
"""From the least to the most pressing."""
UNDER_WAY: Final[tuple[Status, ...]] = ("new", "open", "waiting")
"""In which somebody still has to do something, now or after an answer."""
ENDED: Final[tuple[Status, ...]] = ("resolved", "closed")


def _unchangeable(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(given))


def _names(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(given)


@frozen(kw_only=True)
class Case(Record):
    """A request, incident, complaint or claim that somebody must resolve.

    Attributes:
        number: what people call it by; unique in the tenant, increasing.
        party_id: who has it.
        kind: question, incident, complaint, conflict, letter, warranty or return.
        subject: what it is about, in one line.
        body: what it is about.
        details: what its kind asks for, in JSON form; see `crmkit.plugins.service_desk.cases.kinds`.
        channel: the key of the channel that it came over; None for one that was opened on our side.
        status: new (nobody has taken it), open, waiting (for the party), resolved or closed.
        priority: low, normal, high or urgent.
        tier: key of the customer tier by which times are promised; None for none.
        skill: what whoever works on it has to know; None for nothing in particular.
        queue_id: the queue that it waits or waited in.
        team_id: key of the team to which it belongs.
        assignee_id: the actor who works on it.
        parent_id: the case that it is a part of.
        merged_into: the case that it became part of.
        thread_id: the thread with what was written and said about it.
        problem_id: the problem that it comes from.
        solution_id: the solution that resolved it.
        deadline_at: until when it has to be settled whatever was promised, such as a court's deadline, UTC.
        outcome: how it ended, in words.
        opened_at: when it came to us, UTC.
        asset_id: the asset that it is about; None for none.
        product: what it is about, as a key or number of the product; by it reports are made.
        reason: what caused it, as a key; by it reports are made.
        policy_id: the policy that says what is promised; None if nothing is.
        first_response_due_at: until when the first answer is promised, UTC; None if no time is promised, or that cannot
            be said while the case waits.
        resolution_due_at: until when its resolution is promised, UTC; None likewise.
        first_response_seconds: how much business time the first answer took, in seconds; None until then.
        first_response_met: whether it came in time; None until then, and if no time was promised.
        resolution_seconds: how much business time the resolution took, in seconds; None while it is not resolved.
        resolution_met: whether it came in time; None while it is not resolved, and if no time was promised.
        alerts: what somebody was told of its promises, such as ``resolution.warning``.
        alert_at: when there is more to tell, UTC; None if there is not.
        first_responded_at: when it was first answered, UTC.
        paused_since: since when it waits for the party, UTC; None unless it waits.
        resolved_at: when it was resolved last, UTC; None while it is not.
        closed_at: when it was closed, UTC.
        next_due_at: by what agents' pages are sorted, UTC: the earliest of its deadline and the promises that are not
            kept yet, else when it was opened; None once it is resolved, so that what is done sorts behind.
        reopened: how often it was reopened.
    """

    number: int = field(validator=[instance_of(int), ge(1)])
    party_id: UUID
    kind: Kind = field(default="question", validator=checks.one_of(KINDS))
    subject: str = field(validator=checks.text(LONGEST_LINE))
    body: str = field(default="", validator=checks.text(LONGEST_BODY, blank=True))
    details: Mapping[str, Any] = field(factory=dict, converter=_unchangeable)
    channel: str | None = field(default=None, validator=checks.key)
    status: Status = field(default="new", validator=checks.one_of(STATUSES))
    priority: Priority = field(default="normal", validator=checks.one_of(PRIORITIES))
    tier: str | None = field(default=None, validator=checks.key)
    skill: str | None = field(default=None, validator=checks.key)
    queue_id: UUID | None = None
    team_id: str | None = field(default=None, validator=checks.text(LONGEST_LINE))
    assignee_id: str | None = field(default=None, validator=checks.text(LONGEST_LINE))
    parent_id: UUID | None = None
    merged_into: UUID | None = None
    thread_id: UUID | None = None
    problem_id: UUID | None = None
    solution_id: UUID | None = None
    deadline_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    outcome: str | None = field(default=None, validator=checks.text(LONGEST_BODY))
    opened_at: datetime = field(converter=checks.in_utc, validator=checks.instant)
    asset_id: UUID | None = None
    product: str | None = field(default=None, validator=checks.text(LONGEST_LINE))
    reason: str | None = field(default=None, validator=checks.key)
    policy_id: UUID | None = None
    first_response_seconds: int | None = None
    first_response_met: bool | None = None
    resolution_seconds: int | None = None
    resolution_met: bool | None = None
    alerts: tuple[str, ...] = field(default=(), converter=_names)
    alert_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    first_response_due_at: datetime | None = field(
        default=None, converter=checks.in_utc_or_none, validator=checks.instant
    )
    resolution_due_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    first_responded_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    paused_since: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    resolved_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    closed_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    next_due_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    reopened: int = field(default=0, validator=[instance_of(int), ge(0)])

    @property
    def is_under_way(self) -> bool:
        """Whether somebody still has to do something, now or after an answer."""
        return self.status in UNDER_WAY and self.merged_into is None


@frozen(kw_only=True)
class CaseStay(Record):
    """One stay of a case in one status: a part of the case. The stays in ``waiting`` are the pauses of its promises.

    Attributes:
        case_id: the case.
        status: in which it stayed.
        entered_at: when it came, UTC.
        entered_by: the actor who moved it here.
        reason: why, in one line.
        left_at: when it left, UTC; None while it is here.
    """

    case_id: UUID
    status: Status = field(validator=checks.one_of(STATUSES))
    entered_at: datetime = field(converter=checks.in_utc, validator=checks.instant)
    entered_by: str = field(validator=checks.text(LONGEST_LINE))
    reason: str | None = field(default=None, validator=checks.text(LONGEST_LINE))
    left_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
