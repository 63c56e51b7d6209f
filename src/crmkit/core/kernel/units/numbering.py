"""Numbers for people: each tenant's records of an entity are counted from 1 on, in the order in which they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite

from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import counter_table

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.units.work import Work

__all__ = ["next_number"]


def _counting(insert: Any) -> Statement:
    """Raises the counter, or makes it, in one statement, so that two units cannot both find none."""
    first = insert(counter_table).values(tenant_id=bindparam("tenant"), entity=bindparam("counted"), value=1)
    raised = first.on_conflict_do_update(
        index_elements=["tenant_id", "entity"], set_={"value": counter_table.c.value + 1}
    )
    return Statement(raised.returning(counter_table.c.value))


_COUNT: Final[Mapping[str, Statement]] = {
    "postgresql": _counting(postgresql.insert),
    "sqlite": _counting(sqlite.insert),
}


def next_number(work: Work, entity: EntityType[Any]) -> int:
    """The number after the last one of the tenant; see `crmkit.core.kernel.units.service.Service.number`."""
    ((value,),) = work.db.rows(_COUNT[work.db.dialect], {"tenant": work.tenant, "counted": entity.name})
    return int(value)
