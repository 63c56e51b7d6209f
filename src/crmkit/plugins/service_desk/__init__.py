"""The service desk: cases from any channel, queues, promised times, problems and their solutions.

Other plugins and applications import from here; everything else is this plugin's own business. The names are fetched
when they are first asked for, since reading the manifest imports this package too.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.plugins.service_desk.assets.errors import TermsOverlapError
    from crmkit.plugins.service_desk.assets.events import AssetAdded, AssetRetired, TermAdded, TermEndAnnounced
    from crmkit.plugins.service_desk.assets.model import Asset, Cover, Term
    from crmkit.plugins.service_desk.assets.service import Assets
    from crmkit.plugins.service_desk.calendars.model import Calendar
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
    from crmkit.plugins.service_desk.cases.kinds import CaseKind, KindField
    from crmkit.plugins.service_desk.cases.model import Case, CaseStay
    from crmkit.plugins.service_desk.config import Settings
    from crmkit.plugins.service_desk.linking.model import CaseLink
    from crmkit.plugins.service_desk.mail.service import CaseMail
    from crmkit.plugins.service_desk.positions.model import Position
    from crmkit.plugins.service_desk.problems.events import ProblemSolved, SolutionUsed
    from crmkit.plugins.service_desk.problems.model import Problem, Solution, SolutionUse, Suggestion
    from crmkit.plugins.service_desk.queues.model import Queue
    from crmkit.plugins.service_desk.reports.model import Backlog, Kept, Volumes
    from crmkit.plugins.service_desk.reports.service import DeskReports
    from crmkit.plugins.service_desk.returns.events import ReturnRecorded, ReturnSettled
    from crmkit.plugins.service_desk.returns.model import Pareto, Return
    from crmkit.plugins.service_desk.returns.service import Returns
    from crmkit.plugins.service_desk.routing.model import Agent, RoutingRule
    from crmkit.plugins.service_desk.routing.rules import Assignment
    from crmkit.plugins.service_desk.service import ServiceDesk
    from crmkit.plugins.service_desk.sla.events import PromiseBroken, PromiseEndangered
    from crmkit.plugins.service_desk.sla.model import Policy, Recount
    from crmkit.plugins.service_desk.sla.service import Promises
    from crmkit.plugins.service_desk.talking.model import Watcher

__all__ = [
    "Agent",
    "Asset",
    "AssetAdded",
    "AssetRetired",
    "Assets",
    "Assignment",
    "Backlog",
    "Calendar",
    "Case",
    "CaseAnswered",
    "CaseAssigned",
    "CaseChanged",
    "CaseClosed",
    "CaseKind",
    "CaseLink",
    "CaseMail",
    "CaseMoved",
    "CaseOpened",
    "CaseReopened",
    "CaseReplied",
    "CaseResolved",
    "CaseResumed",
    "CaseStay",
    "CaseWaiting",
    "CasesMerged",
    "Cover",
    "DeskReports",
    "Kept",
    "KindField",
    "Pareto",
    "Policy",
    "Position",
    "Problem",
    "ProblemSolved",
    "PromiseBroken",
    "PromiseEndangered",
    "Promises",
    "Queue",
    "Recount",
    "Return",
    "ReturnRecorded",
    "ReturnSettled",
    "Returns",
    "RoutingRule",
    "ServiceDesk",
    "Settings",
    "Solution",
    "SolutionUse",
    "SolutionUsed",
    "Suggestion",
    "Term",
    "TermAdded",
    "TermEndAnnounced",
    "TermsOverlapError",
    "Volumes",
    "Watcher",
]

_MODULES = {
    "assets.errors": ("TermsOverlapError",),
    "assets.events": ("AssetAdded", "AssetRetired", "TermAdded", "TermEndAnnounced"),
    "assets.model": ("Asset", "Cover", "Term"),
    "assets.service": ("Assets",),
    "calendars.model": ("Calendar",),
    "cases.events": (
        "CaseAnswered",
        "CaseAssigned",
        "CaseChanged",
        "CaseClosed",
        "CaseMoved",
        "CaseOpened",
        "CaseReopened",
        "CaseReplied",
        "CaseResolved",
        "CaseResumed",
        "CaseWaiting",
        "CasesMerged",
    ),
    "cases.kinds": ("CaseKind", "KindField"),
    "cases.model": ("Case", "CaseStay"),
    "config": ("Settings",),
    "linking.model": ("CaseLink",),
    "mail.service": ("CaseMail",),
    "positions.model": ("Position",),
    "problems.events": ("ProblemSolved", "SolutionUsed"),
    "problems.model": ("Problem", "Solution", "SolutionUse", "Suggestion"),
    "queues.model": ("Queue",),
    "reports.model": ("Backlog", "Kept", "Volumes"),
    "reports.service": ("DeskReports",),
    "returns.events": ("ReturnRecorded", "ReturnSettled"),
    "returns.model": ("Pareto", "Return"),
    "returns.service": ("Returns",),
    "service": ("ServiceDesk",),
    "sla.events": ("PromiseBroken", "PromiseEndangered"),
    "sla.model": ("Policy", "Recount"),
    "sla.service": ("Promises",),
    "routing.model": ("Agent", "RoutingRule"),
    "routing.rules": ("Assignment",),
    "talking.model": ("Watcher",),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
