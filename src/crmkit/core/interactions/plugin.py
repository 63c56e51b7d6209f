"""The interactions area: what it stores, tells and offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.interactions.activities.events import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityPlanned,
    ActivityReassigned,
    ActivityRescheduled,
)
from crmkit.core.interactions.activities.tables import ACTIVITY
from crmkit.core.interactions.config import InteractionsSettings
from crmkit.core.interactions.events import (
    ChannelAdded,
    InteractionCorrected,
    InteractionRecorded,
    ThreadClosed,
    ThreadOpened,
)
from crmkit.core.interactions.rules import CHANNELS
from crmkit.core.interactions.service import Interactions
from crmkit.core.interactions.tables import CHANNEL, INTERACTION, PARTICIPANT, THREAD
from crmkit.core.kernel.plugins.plugin import Area

if TYPE_CHECKING:
    from crmkit.core.kernel.units.unit import UnitOfWork

__all__ = ["AREA", "InteractionsArea"]


class InteractionsArea(Area):
    """What happened with parties and what is planned."""

    id = "interactions"
    entities = (CHANNEL, THREAD, INTERACTION, PARTICIPANT, ACTIVITY)
    events = (
        ActivityCancelled,
        ActivityCompleted,
        ActivityPlanned,
        ActivityReassigned,
        ActivityRescheduled,
        ChannelAdded,
        InteractionCorrected,
        InteractionRecorded,
        ThreadClosed,
        ThreadOpened,
    )
    services = (Interactions,)
    settings = InteractionsSettings

    def seed(self, uow: UnitOfWork) -> None:
        """Add the channels that every tenant begins with."""
        interactions = uow.use(Interactions)
        for channel in CHANNELS:
            interactions.add_channel(channel.key, label=channel.label, kind=channel.kind)


AREA = InteractionsArea()
