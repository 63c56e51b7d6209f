"""What this plugin contributes. Read it first: it is the table of contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from crmkit.plugins.privacy.consents.events import ConsentGiven, ConsentWithdrawn
from crmkit.plugins.privacy.consents.model import Consent
from crmkit.plugins.privacy.consents.projection import StateProjection
from crmkit.plugins.privacy.erasing.events import HoldPlaced, HoldReleased, PersonErased, PersonReadmitted
from crmkit.plugins.privacy.erasing.hooks import keep_held, keep_out, keep_out_changed, keep_out_merged
from crmkit.plugins.privacy.hooks import show_consent
from crmkit.plugins.privacy.purposes.model import Purpose
from crmkit.plugins.privacy.service import Privacy
from crmkit.plugins.privacy.suppressions.events import AddressSuppressed, SuppressionLifted
from crmkit.plugins.privacy.tables import ENTITIES
from crmkit.sdk import (
    AlreadyExistsError,
    Party,
    Permissions,
    Plugin,
    Rule,
    UnitOfWork,
    parties_merging,
    parties_storing,
    party_viewing,
    records_changing,
    records_erasing,
)

__all__ = ["PrivacyPlugin"]

PURPOSES: Final = (
    Purpose(key="service", label="Service", kind="transactional", description="Answers, orders and contracts."),
    Purpose(key="marketing", label="Marketing", description="News and offers."),
)
"""The purposes that a tenant begins with."""

ROLE: Final = "privacy"
PERMITTED: Final = (
    "privacy.*",
    "party.read",
    "party.update",
    "erasure.*",
    "interaction.create",
    "interaction.read",
    "channel.read",
)
RETAINING: Final = ("*.read", "*.delete", "erasure.*", "party.update", "privacy.*")
"""What the schedule needs that keeps to the rules of retention, whatever they are about."""
CHUNK: Final = 500


class PrivacyPlugin(Plugin):
    """Who may be written to.

    ``purposes`` are what parties are written to for; ``consents`` is the ledger of what they said about it, and what
    that comes to; ``suppressions`` are addresses that nothing is sent to; ``preferences`` how parties like to be
    reached; ``contacting`` decides by all of this. ``erasing`` lets persons be erased, keeps them from coming back and
    keeps those who are held; ``retention`` says how long anything is kept.
    """

    entities = ENTITIES
    events = (
        ConsentGiven,
        ConsentWithdrawn,
        AddressSuppressed,
        SuppressionLifted,
        HoldPlaced,
        HoldReleased,
        PersonErased,
        PersonReadmitted,
    )
    hooks = (
        party_viewing.by(show_consent),
        records_erasing.by(keep_held),
        parties_storing.by(keep_out),
        parties_merging.by(keep_out_merged),
        records_changing.by(keep_out_changed),
    )
    projections = (StateProjection(),)

    def seed(self, uow: UnitOfWork) -> None:
        """Define the purposes and the role that are not there yet; what was changed is left as it is."""
        known = {purpose.key for purpose in uow.each(Purpose)}
        uow.use(Privacy).define_purposes([purpose for purpose in PURPOSES if purpose.key not in known])
        rules = [Rule(effect="permit", permission=permission) for permission in PERMITTED]
        permissions = uow.use(Permissions)
        every = [Rule(effect="permit", permission=permission) for permission in RETAINING]
        with suppress(AlreadyExistsError), uow.attempt():
            permissions.define_role(
                "retention", every, label="Retention", description="Erases what has been kept for long enough."
            )
        with suppress(AlreadyExistsError), uow.attempt():
            permissions.define_role(
                ROLE, rules, label="Privacy", description="Records what parties allow, and what they take back."
            )

    def on_enable(self, uow: UnitOfWork, since: datetime | None) -> None:
        """Write anew what consents come to: parties may have been merged meanwhile."""
        parties = {consent.party_id for consent in uow.each(Consent)}
        for ids in _chunks(parties if since is None else parties | {party.id for party in uow.each(Party)}):
            uow.use(Privacy).rebuild_states(ids)


def _chunks(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    left = iter(sorted(ids))
    while chunk := list(islice(left, CHUNK)):
        yield chunk
