"""What the kernel registers for history; an area, although it knows no CRM noun."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.history.events import RecordRestored, UnitUndone
from crmkit.core.kernel.history.hooks import records_changing
from crmkit.core.kernel.history.service import History
from crmkit.core.kernel.plugins.manifest import Permission
from crmkit.core.kernel.plugins.plugin import Area

__all__ = ["HISTORY"]


class HistoryArea(Area):
    """Versions, restore and undo, of everything that is stored."""

    id = "history"
    services = (History,)
    permissions = (Permission("history.undo", "See and undo units of work of others"),)
    events = (UnitUndone, RecordRestored)
    declares = (records_changing,)


HISTORY: Final = HistoryArea()
