"""All tables of the plugin, on one `metadata`, as the manifest names it."""

from __future__ import annotations

from typing import Final

from crmkit.plugins.service_desk.assets.tables import ASSET, TERM
from crmkit.plugins.service_desk.calendars.tables import CALENDAR
from crmkit.plugins.service_desk.cases.tables import CASE, STAY
from crmkit.plugins.service_desk.linking.tables import LINK
from crmkit.plugins.service_desk.positions.tables import POSITION
from crmkit.plugins.service_desk.problems.tables import PROBLEM, SOLUTION
from crmkit.plugins.service_desk.queues.tables import QUEUE
from crmkit.plugins.service_desk.returns.tables import RETURN
from crmkit.plugins.service_desk.routing.tables import AGENT, RULE
from crmkit.plugins.service_desk.schema import metadata
from crmkit.plugins.service_desk.sla.tables import POLICY, RECOUNT
from crmkit.plugins.service_desk.talking.tables import WATCHER

__all__ = ["ENTITIES", "metadata"]

ENTITIES: Final = (
    QUEUE,
    RULE,
    AGENT,
    PROBLEM,
    SOLUTION,
    CASE,
    STAY,
    WATCHER,
    LINK,
    POSITION,
    CALENDAR,
    POLICY,
    RECOUNT,
    ASSET,
    TERM,
    RETURN,
)
