"""Brings all scores in step with the rules, after these were changed: page by page, each in a unit of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select

from crmkit.core.kernel.entities.columns import Id, Integer, codec_of
from crmkit.core.kernel.quality.projection import QualityProjection
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.units.projecting import Projecting

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.units.units import Units
    from crmkit.core.kernel.units.work import Work

__all__ = ["rebuild"]

PAGE: Final = 1_000
_START: Final = UUID(int=0)


def rebuild(units: Units[Any], tenants: Iterable[str], progress: Callable[[str], None]) -> int:
    """Score every record anew.

    Args:
        units: of the deployment.
        tenants: whose records.
        progress: told each step.

    Returns:
        How many records were looked at.
    """
    count = 0
    for one in tenants:
        with units.system(one) as uow:
            work = uow._work  # noqa: SLF001  # the kernel's own unit
            names = tuple(work.runtime.rulebooks.of(work))
        for name in names:
            after, done = _START, 0
            while True:
                with units.system(one) as uow:
                    ids = _page(uow._work, name, after)  # noqa: SLF001  # the kernel's own unit
                done += len(ids)
                progress(f"{one}: {name}, {done:,} records")
                if len(ids) < PAGE:
                    break
                after = ids[-1]
            count += done
    return count


def _page(work: Work, name: str, after: UUID) -> list[UUID]:
    """Score the records of an entity that come next."""
    to_id = codec_of(Id(), work.db.dialect).from_driver or (lambda raw: raw)
    entity = work.runtime.registry.entity(name)
    rows = work.db.rows(_paging(entity), {"tenant": work.tenant, "after": after, "most": PAGE})
    ids = [to_id(id_) for (id_,) in rows]
    if ids:
        QualityProjection().project(Projecting.of(work, entity, ids))
    return ids


_PAGES: Final[dict[str, Statement]] = {}


def _paging(entity: EntityType[Any]) -> Statement:
    found = _PAGES.get(entity.table.name)
    if found is None:
        c = entity.table.c
        found = _PAGES[entity.table.name] = Statement(
            select(c.id)
            .where(c.tenant_id == bindparam("tenant"), c.id > bindparam("after", type_=Id()))
            .order_by(c.id)
            .limit(bindparam("most", type_=Integer()))
        )
    return found
