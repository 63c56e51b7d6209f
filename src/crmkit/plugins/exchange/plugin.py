"""What this plugin contributes. Read it first: it is the table of contents."""

from __future__ import annotations

from crmkit.plugins.exchange.events import ImportFinished, ImportStarted
from crmkit.plugins.exchange.tables import BATCH, IMPORT, MAPPING
from crmkit.sdk import Plugin

__all__ = ["ExchangePlugin"]


class ExchangePlugin(Plugin):
    """Import and export.

    ``service`` has the commands that an import consists of, ``importing`` and ``exporting`` what leads them through a
    file, ``csv`` and ``vcard`` the formats, ``form`` what lies between a format and a party, ``rules`` what a row
    changes.
    """

    entities = (IMPORT, BATCH, MAPPING)
    events = (ImportStarted, ImportFinished)
