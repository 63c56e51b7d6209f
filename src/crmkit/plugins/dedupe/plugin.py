"""What this plugin contributes. Read it first: it is the table of contents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from crmkit.plugins.dedupe.comparing.gathering import CHUNK, chunks
from crmkit.plugins.dedupe.events import DuplicateApproved, DuplicateRejected, DuplicatesProposed
from crmkit.plugins.dedupe.hooks import show_duplicates
from crmkit.plugins.dedupe.model import Keys
from crmkit.plugins.dedupe.projection import KeyProjection
from crmkit.plugins.dedupe.service import Dedupe
from crmkit.plugins.dedupe.tables import KEY, LINKAGE, PAIR
from crmkit.sdk import ALWAYS, AlreadyExistsError, Party, Permissions, Plugin, Rule, UnitOfWork, f, party_viewing

__all__ = ["DedupePlugin"]

ROLES: Final = (
    (
        "dedupe",
        "Finder of duplicates",
        "By these rights the plugin compares parties that have changed.",
        ("dedupe.*", "party.read"),
    ),
    (
        "duplicate_reviewer",
        "Reviewer of duplicates",
        "Decides on possible duplicates among the parties that other roles let one see and change.",
        ("dedupe.pair.*", "dedupe.key.read", "dedupe.linkage.read"),
    ),
)
"""Key, label, description and permissions of the roles that a tenant begins with."""


class DedupePlugin(Plugin):
    """Possible duplicates.

    ``comparing`` decides how much two parties look like one, ``linkage`` compares all of them at once, ``service`` has
    the queue and what is decided about its pairs, ``survivorship`` whose values are kept, ``projection`` the keys by
    which parties are found to be compared.
    """

    entities = (PAIR, LINKAGE, KEY)
    events = (DuplicatesProposed, DuplicateApproved, DuplicateRejected)
    hooks = (party_viewing.by(show_duplicates),)
    projections = (KeyProjection(),)

    def seed(self, uow: UnitOfWork) -> None:
        """Define the roles that are not there yet; one that was changed is left as it is."""
        for key, label, description, permitted in ROLES:
            rules = [Rule(effect="permit", permission=permission) for permission in permitted]
            with suppress(AlreadyExistsError), uow.attempt():
                uow.use(Permissions).define_role(key, rules, label=label, description=description)
        if not uow.find(Keys, limit=1):
            self.on_enable(uow, None)  # parties that were there before the plugin

    def on_enable(self, uow: UnitOfWork, since: datetime | None) -> None:
        """Write the keys of what has changed meanwhile, or of all parties; they are compared when the schedule runs."""
        for ids in chunks(_to_rebuild(uow, since), CHUNK):
            uow.use(Dedupe).rebuild(ids)


def _to_rebuild(uow: UnitOfWork, since: datetime | None) -> Iterator[UUID]:
    """The parties that have changed, and those that have keys and are gone."""
    where = ALWAYS if since is None else f.updated_at >= since
    there: set[UUID] = set()
    for party in uow.each(Party, where):
        there.add(party.id)
        yield party.id
    if since is not None:
        known = {keys.record_id for keys in uow.each(Keys)} - there
        yield from known - uow.sees(Party, known)
