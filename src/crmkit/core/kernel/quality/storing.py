"""Scores as they are stored: dropping them, reading them from the lowest on, and checking them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, select, tuple_

from crmkit.core.kernel.entities.columns import Id, Integer, codec_of
from crmkit.core.kernel.quality.tables import quality_score_table
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.verification.model import LIMIT, MOST, Checking, Finding

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.units.work import Work

__all__ = ["forget", "lowest_scores", "scores_without_record"]

PAGE: Final = 200
_S: Final = quality_score_table.c
_LOWEST: Final = Statement(
    select(_S.record_id, _S.score)
    .where(
        _S.tenant_id == bindparam("tenant"),
        _S.entity == bindparam("of"),
        tuple_(_S.score, _S.record_id) > tuple_(bindparam("score", type_=Integer()), bindparam("record", type_=Id())),
    )
    .order_by(_S.score, _S.record_id)
    .limit(bindparam("most", type_=Integer()))
)
_DROP: Final = Statement(
    delete(quality_score_table).where(_S.tenant_id == bindparam("tenant"), _S.entity == bindparam("of"))
)
_ENTITIES: Final = Statement(select(_S.entity).distinct().where(_S.tenant_id == bindparam("tenant")))


def forget(work: Work) -> None:
    """Drop the scores of entities about which there is no rule any more."""
    books = work.runtime.rulebooks.of(work)
    for (name,) in work.db.rows(_ENTITIES, {"tenant": work.tenant}):
        if name not in books:
            work.db.run(_DROP, {"tenant": work.tenant, "of": name})


def lowest_scores(db: Db, tenant: str, entity: str) -> Iterator[list[tuple[UUID, int]]]:
    """All scores of an entity's records, the lowest first, page by page, whoever may see them."""
    to_id = codec_of(Id(), db.dialect).from_driver or (lambda raw: raw)
    params: dict[str, Any] = {"tenant": tenant, "of": entity, "score": -1, "record": UUID(int=0), "most": PAGE}
    while rows := db.rows(_LOWEST, params):
        page = [(to_id(id_), score) for id_, score in rows]
        yield page
        params.update(record=page[-1][0], score=page[-1][1])


def scores_without_record(checking: Checking) -> Iterator[Finding]:
    """Scores of records that are not there; see `Check`."""
    checking.say("scores of quality")
    for (entity,) in checking.db.rows(_ENTITIES, {"tenant": checking.tenant}):
        stored = checking.catalogue.get(entity)
        if stored is None:
            yield checking.found(
                "orphaned_score", entity, "its records have scores, and the catalogue does not know it"
            )
            continue
        rows = stored.clause
        there = exists().where(rows.c.tenant_id == bindparam("tenant"), rows.c.id == _S.record_id)
        statement = select(_S.record_id).where(
            _S.tenant_id == bindparam("tenant"), _S.entity == bindparam("of"), ~there
        )
        params = {"tenant": checking.tenant, "of": entity, "most": MOST}
        for (id_,) in checking.db.rows(Statement(statement.limit(LIMIT)), params):
            message = "it has a score of quality and is not there; run: crmkit quality rebuild"
            yield checking.found("orphaned_score", entity, message, id_)
