"""Duplicates among parties: proposed on write and in bulk, reviewed in a queue, merged on approval.

Other plugins and applications import from here; everything else is this plugin's own business. The names are fetched
when they are first asked for, since reading the manifest imports this package too.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.plugins.dedupe.comparing.scoring import Reason
    from crmkit.plugins.dedupe.config import Settings
    from crmkit.plugins.dedupe.deciding import Merging
    from crmkit.plugins.dedupe.events import DuplicateApproved, DuplicateRejected, DuplicatesProposed
    from crmkit.plugins.dedupe.linkage.backends import Backend, DuckDB
    from crmkit.plugins.dedupe.linkage.running import DuplicateFinder, LinkageReport, Progress
    from crmkit.plugins.dedupe.linkage.settings import Plan
    from crmkit.plugins.dedupe.model import Linkage, Pair
    from crmkit.plugins.dedupe.pairs import Found
    from crmkit.plugins.dedupe.service import Compared, Dedupe, Stats, Suggestion

__all__ = [
    "Backend",
    "Compared",
    "Dedupe",
    "DuckDB",
    "DuplicateApproved",
    "DuplicateFinder",
    "DuplicateRejected",
    "DuplicatesProposed",
    "Found",
    "Linkage",
    "LinkageReport",
    "Merging",
    "Pair",
    "Plan",
    "Progress",
    "Reason",
    "Settings",
    "Stats",
    "Suggestion",
]

_MODULES = {
    "comparing.scoring": ("Reason",),
    "config": ("Settings",),
    "deciding": ("Merging",),
    "events": ("DuplicateApproved", "DuplicateRejected", "DuplicatesProposed"),
    "linkage.backends": ("Backend", "DuckDB"),
    "linkage.running": ("DuplicateFinder", "LinkageReport", "Progress"),
    "linkage.settings": ("Plan",),
    "model": ("Linkage", "Pair"),
    "pairs": ("Found",),
    "service": ("Compared", "Dedupe", "Stats", "Suggestion"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
