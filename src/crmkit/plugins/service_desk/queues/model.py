"""What a queue is."""

from __future__ import annotations

from typing import Final, Literal, get_args

from attrs import field, frozen

from crmkit.plugins.service_desk.cases.model import PRIORITIES, Priority
from crmkit.plugins.service_desk.limits import LONGEST_LINE
from crmkit.sdk import Record, checks

__all__ = ["STRATEGIES", "Queue", "Strategy"]

Strategy = Literal["manual", "round_robin", "least_busy", "by_skill"]
STRATEGIES: Final[tuple[Strategy, ...]] = get_args(Strategy)


@frozen(kw_only=True)
class Queue(Record):
    """Where cases wait for whoever takes them. Which there are is the tenant's data.

    Attributes:
        key: how commands and rules name it; unique, never changed.
        label: for people.
        team_id: key of the team that works on it, and to which its cases belong; None for none.
        strategy: how its cases are assigned: manual (whoever takes one), round_robin, least_busy or by_skill.
        priority: of its cases, unless who opens one says another; None for the one in the settings.
        address: the e-mail address whose mail becomes cases of this queue; unique, in lower case.
        last_assigned: the actor to whom the strategy has assigned a case last, from whom round robin goes on.
        active: whether new cases may come into it.
    """

    key: str = field(validator=checks.key)
    label: str = field(validator=checks.text(LONGEST_LINE))
    team_id: str | None = field(default=None, validator=checks.text(LONGEST_LINE))
    strategy: Strategy = field(default="manual", validator=checks.one_of(STRATEGIES))
    priority: Priority | None = field(default=None, validator=checks.one_of(PRIORITIES))
    address: str | None = field(default=None, validator=checks.text(LONGEST_LINE, controls=False))
    last_assigned: str | None = field(default=None, validator=checks.text(LONGEST_LINE))
    active: bool = True
