"""What the kernel registers for saved criteria; an area, although it knows no CRM noun."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.plugins.plugin import Area
from crmkit.core.kernel.saved_criteria.events import CriteriaChanged, CriteriaRemoved, CriteriaSaved
from crmkit.core.kernel.saved_criteria.service import CriteriaStore
from crmkit.core.kernel.saved_criteria.tables import SAVED_CRITERIA

__all__ = ["SAVED"]


class SavedCriteriaArea(Area):
    """Criteria under a name, of any entity."""

    id = "saved_criteria"
    entities = (SAVED_CRITERIA,)
    services = (CriteriaStore,)
    events = (CriteriaSaved, CriteriaChanged, CriteriaRemoved)


SAVED: Final = SavedCriteriaArea()
