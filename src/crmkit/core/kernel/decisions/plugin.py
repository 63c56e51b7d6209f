"""What the kernel registers for decisions; an area, although it knows no CRM noun."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.decisions.events import DecisionRecorded
from crmkit.core.kernel.decisions.service import Decisions
from crmkit.core.kernel.decisions.tables import DECISION
from crmkit.core.kernel.plugins.plugin import Area

__all__ = ["DECISIONS"]


class DecisionsArea(Area):
    """Decisions about any record."""

    id = "decisions"
    entities = (DECISION,)
    services = (Decisions,)
    events = (DecisionRecorded,)


DECISIONS: Final = DecisionsArea()
