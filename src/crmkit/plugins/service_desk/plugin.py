"""What this plugin contributes. Read it first: it is the table of contents."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from crmkit.plugins.service_desk.assets.events import AssetAdded, AssetRetired, TermAdded, TermEndAnnounced
from crmkit.plugins.service_desk.assets.hooks import show_assets
from crmkit.plugins.service_desk.cases.events import (
    CaseAnswered,
    CaseAssigned,
    CaseChanged,
    CaseClosed,
    CaseMoved,
    CaseOpened,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    CaseResumed,
    CasesMerged,
    CaseWaiting,
)
from crmkit.plugins.service_desk.hooks import show_cases
from crmkit.plugins.service_desk.problems.events import ProblemSolved, SolutionUsed
from crmkit.plugins.service_desk.returns.events import ReturnRecorded, ReturnSettled
from crmkit.plugins.service_desk.sla.events import PromiseBroken, PromiseEndangered
from crmkit.plugins.service_desk.tables import ENTITIES
from crmkit.sdk import AlreadyExistsError, Permissions, Plugin, Rule, UnitOfWork, party_viewing

__all__ = ["ServiceDeskPlugin"]

_TALKING: Final = (
    *(f"{noun}.{verb}" for noun in ("interaction", "thread", "party") for verb in ("create", "read")),
    "comment.create",
)
"""Whoever calls may be somebody new."""

_VERBS: Final = ("create", "read", "update")
_ASKED: Final = (
    "service_desk.queue.read",
    "service_desk.policy.read",
    "service_desk.calendar.read",
    *(f"service_desk.{noun}.{verb}" for noun in ("asset", "return") for verb in _VERBS),
)
"""What opening a case reads, to say what is promised; and what agents keep of things that were sold."""

ROLES: Final = (
    (
        "service_desk",
        "Service desk",
        "By these rights the plugin assigns, closes and reminds, and mail becomes cases.",
        ("service_desk.*", "activity.create", "activity.read", *_TALKING),
    ),
    (
        "service_agent",
        "Service agent",
        "Opens cases, works on them and answers.",
        (
            *(f"service_desk.{noun}.{verb}" for noun in ("case", "link", "solution") for verb in _VERBS),
            *(f"service_desk.{noun}.read" for noun in ("problem", "rule")),
            *_ASKED,
            *_TALKING,
        ),
    ),
)
"""Key, label, description and permissions of the roles that a tenant begins with."""


class ServiceDeskPlugin(Plugin):
    """The service desk.

    ``cases`` is what somebody must resolve, ``flow`` what becomes of it, ``talking`` what is said about it, ``linking``
    how cases stand to each other, ``positions`` who stands where in a conflict, ``queues`` where cases wait,
    ``routing`` how they come there and who gets them, ``problems`` what they come from and what resolves them;
    ``calendars`` is when people work, ``sla`` what is promised, ``assets`` what is in use and covered, ``returns`` what
    came back, ``reports`` what the desk tells of itself.
    """

    entities = ENTITIES
    events = (
        CaseOpened,
        CaseChanged,
        CaseAssigned,
        CaseMoved,
        CaseAnswered,
        CaseReplied,
        CaseWaiting,
        CaseResumed,
        CaseResolved,
        CaseReopened,
        CaseClosed,
        CasesMerged,
        PromiseEndangered,
        PromiseBroken,
        AssetAdded,
        AssetRetired,
        TermAdded,
        TermEndAnnounced,
        ReturnRecorded,
        ReturnSettled,
        ProblemSolved,
        SolutionUsed,
    )
    hooks = (party_viewing.by(show_cases), party_viewing.by(show_assets))

    def seed(self, uow: UnitOfWork) -> None:
        """Define the roles that are not there yet; one that was changed is left as it is."""
        for key, label, description, permitted in ROLES:
            rules = [Rule(effect="permit", permission=permission) for permission in permitted]
            with suppress(AlreadyExistsError), uow.attempt():
                uow.use(Permissions).define_role(key, rules, label=label, description=description)
