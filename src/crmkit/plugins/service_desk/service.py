"""The service desk's own service, put together from its chapters."""

from __future__ import annotations

from crmkit.plugins.service_desk.positions.service import CaseConflicts
from crmkit.plugins.service_desk.problems.service import Problems
from crmkit.plugins.service_desk.routing.service import Routing

__all__ = ["ServiceDesk"]


class ServiceDesk(CaseConflicts, Problems, Routing):
    """Cases, and what becomes of them: ``uow.use(ServiceDesk)``."""
