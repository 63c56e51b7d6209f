"""Membership cards: levels, validity, points, and a say in which deals may be won.

Other plugins and applications import from here; everything else is this plugin's own business.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit_membership.config import Settings
    from crmkit_membership.events import CardCancelled, CardIssued, CardRenewed, PointsCredited
    from crmkit_membership.model import Card
    from crmkit_membership.service import Membership

__all__ = ["Card", "CardCancelled", "CardIssued", "CardRenewed", "Membership", "PointsCredited", "Settings"]

_MODULES = {
    "Card": "model",
    "CardCancelled": "events",
    "CardIssued": "events",
    "CardRenewed": "events",
    "Membership": "service",
    "PointsCredited": "events",
    "Settings": "config",
}


def __getattr__(name: str) -> object:
    # Python imports this package before its manifest, which is read even where the plugin is not enabled. So nothing
    # else is imported here before somebody asks for it.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
