"""What plugins have left behind that nothing knows any more: jobs, switches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import job_table, plugin_state_table
from crmkit.core.kernel.verification.model import Checking, Finding

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db

__all__ = ["orphans", "state_orphans"]

_JOBS = Statement(
    select(job_table.c.plugin, func.count())
    .where(job_table.c.tenant_id == bindparam("tenant"))
    .group_by(job_table.c.plugin)
    .order_by(job_table.c.plugin)
)
_STATES: Any = select(plugin_state_table.c.plugin).distinct().order_by(plugin_state_table.c.plugin)
_ALL_STATES = Statement(_STATES)


def orphans(checking: Checking) -> Iterator[Finding]:
    """Jobs of plugins that are neither installed nor have tables: nobody will ever run them."""
    checking.say("jobs")
    for plugin, count in checking.db.rows(_JOBS, {"tenant": checking.tenant}):
        if plugin not in checking.plugins:
            message = f"{count} of its jobs are left, and it is neither installed nor has it tables"
            yield checking.found("orphaned_jobs", plugin, message)


def state_orphans(db: Db, known: frozenset[str]) -> Iterator[Finding]:
    """Switches of plugins that are neither installed nor have tables."""
    for (plugin,) in db.rows(_ALL_STATES, {}):
        if plugin not in known:
            message = "it was enabled or disabled here, and it is neither installed nor has it tables"
            yield Finding(check="orphaned_state", subject=plugin, message=message)
