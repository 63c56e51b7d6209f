"""What this plugin contributes. Read it first: it is the table of contents."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from crmkit.plugins.exchange.events import ImportFinished, ImportStarted, ImportTakenBack
from crmkit.plugins.exchange.tables import BATCH, IMPORT, MAPPING
from crmkit.sdk import AlreadyExistsError, Permissions, Plugin, Rule, UnitOfWork

__all__ = ["ExchangePlugin"]

ROLES: Final = (
    (
        "importer",
        "Importer",
        "Imports files, as far as other roles let one add and change parties, and keeps mappings of columns.",
        (
            Rule(effect="permit", permission="exchange.import.*", scope="own"),
            Rule(effect="permit", permission="exchange.mapping.*", scope="all"),
        ),
    ),
    (
        "exporter",
        "Exporter",
        "Exports the parties that other roles let one see.",
        (Rule(effect="permit", permission="exchange.party.export"),),
    ),
)
"""Key, label, description and rules of the roles that a tenant begins with; they are given beside others."""


class ExchangePlugin(Plugin):
    """Import and export.

    ``service`` has the commands that an import consists of, ``importing`` and ``exporting`` what leads them through a
    file, ``csv`` and ``vcard`` the formats, ``form`` what lies between a format and a party, ``rules`` what a row
    changes.
    """

    entities = (IMPORT, BATCH, MAPPING)
    events = (ImportStarted, ImportFinished, ImportTakenBack)

    def seed(self, uow: UnitOfWork) -> None:
        """Define the roles that are not there yet; one that was changed is left as it is."""
        for key, label, description, rules in ROLES:
            with suppress(AlreadyExistsError), uow.attempt():
                uow.use(Permissions).define_role(key, rules, label=label, description=description)
