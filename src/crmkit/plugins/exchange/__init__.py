"""Import and export of parties: CSV and vCard, with preview, mapping, upsert and resuming.

Other plugins and applications import from here; everything else is this plugin's own business. The names are fetched
when they are first asked for, since reading the manifest imports this package too.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.plugins.exchange.config import Settings
    from crmkit.plugins.exchange.events import ImportFinished, ImportStarted, ImportTakenBack
    from crmkit.plugins.exchange.exporting import Exporter, ExportReport
    from crmkit.plugins.exchange.failures import RowError
    from crmkit.plugins.exchange.form import ImportedIdentifier, ImportedMechanism, ImportedParty
    from crmkit.plugins.exchange.importing import Importer
    from crmkit.plugins.exchange.model import Batch, Import, SavedMapping
    from crmkit.plugins.exchange.reports import ImportOptions, ImportReport, Preview, Progress
    from crmkit.plugins.exchange.service import Exchange

__all__ = [
    "Batch",
    "Exchange",
    "ExportReport",
    "Exporter",
    "Import",
    "ImportFinished",
    "ImportOptions",
    "ImportReport",
    "ImportStarted",
    "ImportTakenBack",
    "ImportedIdentifier",
    "ImportedMechanism",
    "ImportedParty",
    "Importer",
    "Preview",
    "Progress",
    "RowError",
    "SavedMapping",
    "Settings",
]

_MODULES = {
    "config": ("Settings",),
    "events": ("ImportFinished", "ImportStarted", "ImportTakenBack"),
    "exporting": ("ExportReport", "Exporter"),
    "failures": ("RowError",),
    "form": ("ImportedIdentifier", "ImportedMechanism", "ImportedParty"),
    "importing": ("Importer",),
    "model": ("Batch", "Import", "SavedMapping"),
    "reports": ("ImportOptions", "ImportReport", "Preview", "Progress"),
    "service": ("Exchange",),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
