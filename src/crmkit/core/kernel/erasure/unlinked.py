"""Records that name nobody and may repeat a person's values all the same, such as the errors of an import."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, update

from crmkit.core.kernel.entities.columns import Id, Integer
from crmkit.core.kernel.entities.personal import PERSONAL
from crmkit.core.kernel.erasure.rules import scrubbed
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.history.log import Log
    from crmkit.core.kernel.units.work import Work

__all__ = ["scrub_unlinked", "unlinked"]

PAGE: Final = 500
_C: Final = change_table.c
_TENANT: Any = bindparam("tenant")
_DIFF: Final = Statement(
    update(change_table)
    .where(_C.tenant_id == _TENANT, _C.unit_id == bindparam("unit"), _C.seq == bindparam("place"))
    .values(diff=bindparam("said"))
)


def unlinked(registry: EntityRegistry, kind: str) -> list[EntityType[Any]]:
    """Entities with personal fields whose records never lead to one of ``kind``, by whatever they name."""
    linked = {kind}
    while True:
        more = {
            entity.name
            for entity in registry
            if entity.name not in linked
            and any(r.entity is None or r.entity in linked for r in entity.shape.references)
        }
        if not more:
            break
        linked |= more
    return [e for e in registry if e.name not in linked and e.kind == "entity" and personal_fields(e)]


def personal_fields(entity: EntityType[Any]) -> list[str]:
    """The fields that the entity itself says are personal."""
    return [name for name, shape in entity.shape.fields.items() if shape.data_class == PERSONAL and shape.personal]


def scrub_unlinked(work: Work, log: Log, entity: EntityType[Any], repeats: Callable[[str], bool]) -> int:
    """Take the texts that repeat a value out of the records of an entity, in the table and in history alike.

    Args:
        work: the unit's state.
        log: the change log.
        entity: whose records name nobody.
        repeats: whether a text repeats an erased value.

    Returns:
        Of how many records.
    """
    fields, codec = personal_fields(entity), work.store(entity).codec
    count = 0
    for records in _pages(work, entity):
        found = []
        for record in records:
            said = {n: value for n, value in codec.image(record).items() if n in fields}
            clean = {n: new for n, value in said.items() if (new := scrubbed(value, repeats)) != scrubbed(value, _no)}
            if clean:
                found.append(record.id)
                _store(work, entity, record, clean)
        count += len(found)
        _rewrite(work, log, entity, found, repeats)
    return count


def _pages(work: Work, entity: EntityType[Any]) -> Iterator[list[Any]]:
    store, rows, after = work.store(entity), entity.table, UUID(int=0)
    statement = Statement(
        select(*store.columns)
        .where(rows.c.tenant_id == _TENANT, rows.c.id > bindparam("after", type_=Id()))
        .order_by(rows.c.id)
        .limit(bindparam("most", type_=Integer()))
    )
    while True:
        params = {"tenant": work.tenant, "after": after, "most": PAGE}
        page = [store.codec.load(row) for row in work.db.rows(statement, params)]
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].id


def _store(work: Work, entity: EntityType[Any], record: Any, clean: dict[str, Any]) -> None:
    """Store texts past history, in which the same is done, so that the two agree and no version is made of it."""
    codec, rows = work.store(entity).codec, entity.table
    changed = codec.replaced(record, {name: codec.field_from_json(name, value) for name, value in clean.items()})
    columns = tuple(column for name in clean for column in entity.shape.fields[name].columns)
    statement = Statement(
        update(rows)
        .where(rows.c.tenant_id == _TENANT, rows.c.id == bindparam("record"))
        .values({column: bindparam(f"new_{column}") for column in columns})
    )
    prepared = work.db.prepare(statement)
    values = {f"new_{c}": v for c, v in zip(columns, codec.column_values(changed, columns), strict=True)}
    values |= {"tenant": work.tenant, "record": codec.driver_value("id", record.id)}
    work.db.send(prepared, tuple(values[name] for name in prepared.names))
    if (entity.name, record.id) in work.identity:
        work.identity[entity.name, record.id] = changed


def _rewrite(work: Work, log: Log, entity: EntityType[Any], ids: list[UUID], repeats: Callable[[str], bool]) -> None:
    fields, rows = set(personal_fields(entity)), []
    for one in log.of_records(ids) if ids else ():
        if one.entity == entity.name:
            said = {n: scrubbed(pair, repeats) if n in fields else pair for n, pair in one.diff.items()}
            rows.append({"tenant": work.tenant, "unit": one.unit, "place": one.seq, "said": said})
    if rows:
        work.db.run_many(_DIFF, rows)


def _no(_: str) -> bool:
    return False
