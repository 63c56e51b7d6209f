"""Who may be written to for what: consents, suppressions, preferences and quiet hours.

Other plugins and applications import from here; everything else is this plugin's own business. The names are fetched
when they are first asked for, since reading the manifest imports this package too.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.plugins.privacy.config import Settings
    from crmkit.plugins.privacy.consents.events import ConsentGiven, ConsentWithdrawn
    from crmkit.plugins.privacy.consents.model import ANY_CHANNEL, Consent, ConsentState
    from crmkit.plugins.privacy.consents.rules import consenting
    from crmkit.plugins.privacy.contacting.model import Contactable, Reason
    from crmkit.plugins.privacy.erasing.errors import NotErasedError
    from crmkit.plugins.privacy.erasing.events import HoldPlaced, HoldReleased, PersonErased, PersonReadmitted
    from crmkit.plugins.privacy.erasing.model import Erasure, Hold
    from crmkit.plugins.privacy.errors import UnknownPurposeError, UnknownTextError
    from crmkit.plugins.privacy.preferences.model import Preference
    from crmkit.plugins.privacy.purposes.model import ConsentText, Purpose
    from crmkit.plugins.privacy.retention.model import RetainedRecord, RetentionReport, RetentionRule
    from crmkit.plugins.privacy.service import Privacy
    from crmkit.plugins.privacy.suppressions.events import AddressSuppressed, SuppressionLifted
    from crmkit.plugins.privacy.suppressions.model import Suppression

__all__ = [
    "ANY_CHANNEL",
    "AddressSuppressed",
    "Consent",
    "ConsentGiven",
    "ConsentState",
    "ConsentText",
    "ConsentWithdrawn",
    "Contactable",
    "Erasure",
    "Hold",
    "HoldPlaced",
    "HoldReleased",
    "NotErasedError",
    "PersonErased",
    "PersonReadmitted",
    "Preference",
    "Privacy",
    "Purpose",
    "Reason",
    "RetainedRecord",
    "RetentionReport",
    "RetentionRule",
    "Settings",
    "Suppression",
    "SuppressionLifted",
    "UnknownPurposeError",
    "UnknownTextError",
    "consenting",
]

_MODULES = {
    "config": ("Settings",),
    "consents.events": ("ConsentGiven", "ConsentWithdrawn"),
    "consents.model": ("ANY_CHANNEL", "Consent", "ConsentState"),
    "consents.rules": ("consenting",),
    "contacting.model": ("Contactable", "Reason"),
    "erasing.errors": ("NotErasedError",),
    "erasing.events": ("HoldPlaced", "HoldReleased", "PersonErased", "PersonReadmitted"),
    "erasing.model": ("Erasure", "Hold"),
    "retention.model": ("RetainedRecord", "RetentionReport", "RetentionRule"),
    "errors": ("UnknownPurposeError", "UnknownTextError"),
    "preferences.model": ("Preference",),
    "purposes.model": ("ConsentText", "Purpose"),
    "service": ("Privacy",),
    "suppressions.events": ("AddressSuppressed", "SuppressionLifted"),
    "suppressions.model": ("Suppression",),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
