"""Prepared statements over staged records, beside the query compiler: what must see all there is, or must be fast."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from sqlalchemy import Table, bindparam, select

from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.units.work import Work
from crmkit.core.pipelines.staged.model import StageEntry

__all__ = ["any_in_stage", "stays_in_unit"]


@cache
def _in_stage(table: Table, *, one_stage: bool) -> Statement:
    where = [
        table.c.tenant_id == bindparam("tenant", type_=Text()),
        table.c.pipeline == bindparam("pipeline", type_=Text()),
    ]
    if one_stage:
        where.append(table.c.stage == bindparam("stage", type_=Text()))
    return Statement(select(table.c.id).where(*where).limit(1))


def any_in_stage(db: Db, tenant: str, table: Table, *, pipeline: str, stage: str | None = None) -> bool:
    """Whether any record, whoever may see it, is in a stage of a pipeline.

    Args:
        db: the unit's connection.
        tenant: the unit's tenant.
        table: the staged entity's.
        pipeline: the pipeline's key.
        stage: the stage's key; any stage by default.
    """
    params = {"tenant": tenant, "pipeline": pipeline} | ({} if stage is None else {"stage": stage})
    return bool(db.rows(_in_stage(table, one_stage=stage is not None), params))


def stays_in_unit(work: Work, entries: EntityType[StageEntry], record: UUID) -> tuple[StageEntry, ...]:
    """The stays of a record that the actor was found to see, oldest first, as they are in this unit of work.

    A move reads them without asking for each once more, since they are seen exactly if their record is; and the unit
    keeps them, so that they need not be read again when they are written.
    """
    work.flush()
    reference = entries.shape.references[0]
    found = work.store(entries).referring(work.db, work.tenant, reference, reference.entity or "", record)
    kept = (work.identity.setdefault((entries.name, e.id), e) for e in found)
    return tuple(sorted((e for e in kept if isinstance(e, StageEntry)), key=lambda e: (e.entered_at, e.id)))
