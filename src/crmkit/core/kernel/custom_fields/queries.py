"""Who has which value in a custom field, whoever may see it: prepared statements, no rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select

from crmkit.core.kernel.entities.columns import Id, Integer, Text, codec_of
from crmkit.core.kernel.query.custom import column_of
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.storing import CHUNK, chunks
from crmkit.core.kernel.storage.tables import unique_table

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.model import CustomField
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.storage.storing import Store

__all__ = [
    "Held",
    "claim_values",
    "holders_of",
    "how_many",
    "ids_with_value",
    "noted_keys",
    "noted_values",
    "page_with_value",
    "referring",
    "release_all",
    "release_values",
]

MOST: Final = 1_000
"""How many statements are kept; then all are forgotten."""
_KEPT: Final[dict[Any, Statement]] = {}
_NIL: Final = UUID(int=0)


def _kept(what: str, entity: EntityType[Any], name: str, build: Callable[[Any, Any], Any]) -> Statement:
    """The statement ``what`` over the values ``name`` of an entity, which ``build`` makes of table and value."""
    key = (what, entity.name, name)
    found = _KEPT.get(key)
    if found is None:
        if len(_KEPT) >= MOST:
            _KEPT.clear()
        table = entity.table
        found = _KEPT[key] = Statement(build(table, column_of(table, name)))
    return found


# -- values -----------------------------------------------------------------------------------------------------------


def referring(db: Db, tenant: str, store: Store[Any], field: CustomField, id_: UUID) -> list[Any]:
    """Every record whose reference ``field`` names the record ``id_``."""

    def build(table: Any, value: Any) -> Any:
        same = value == bindparam("record", type_=value.type)
        return select(*store.columns).where(table.c.tenant_id == bindparam("tenant"), same)

    statement = _kept("referring", store.entity, field.physical, build)
    return [store.codec.load(row) for row in db.rows(statement, {"tenant": tenant, "record": id_})]


def page_with_value(db: Db, tenant: str, store: Store[Any], name: str, *, after: UUID | None, size: int) -> list[Any]:
    """The next records that have a value, by id."""

    def build(table: Any, value: Any) -> Any:
        rows = select(*store.columns).where(
            table.c.tenant_id == bindparam("tenant"), table.c.id > bindparam("after", type_=Id()), value.is_not(None)
        )
        return (
            rows
            .order_by(table.c.id)
            .limit(bindparam("most", type_=Integer()))
            .offset(bindparam("none", type_=Integer()))
        )

    statement = _kept("page", store.entity, name, build)
    rows = db.rows(statement, {"tenant": tenant, "after": after or _NIL, "most": size, "none": 0})
    return [store.codec.load(row) for row in rows]


def ids_with_value(db: Db, tenant: str, entity: EntityType[Any], name: str, most: int) -> list[UUID]:
    """Ids of records that have a value, ``most`` at most."""

    def build(table: Any, value: Any) -> Any:
        rows = select(table.c.id).where(table.c.tenant_id == bindparam("tenant"), value.is_not(None))
        return rows.limit(bindparam("most", type_=Integer())).offset(bindparam("none", type_=Integer()))

    read = codec_of(Id(), db.dialect).from_driver or (lambda raw: raw)
    rows = db.rows(_kept("ids", entity, name, build), {"tenant": tenant, "most": most, "none": 0})
    return [read(id_) for (id_,) in rows]


def how_many(db: Db, tenant: str, entity: EntityType[Any], name: str, *, without: bool = False) -> int:
    """How many records have a value; or have none."""

    def build(table: Any, value: Any) -> Any:
        wanted = value.is_(None) if without else value.is_not(None)
        return select(func.count()).select_from(table).where(table.c.tenant_id == bindparam("tenant"), wanted)

    count: int = db.rows(_kept(f"count {without}", entity, name, build), {"tenant": tenant})[0][0]
    return count


# -- unique values ----------------------------------------------------------------------------------------------------

_C = unique_table.c
_SAME: Final = (_C.tenant_id == bindparam("tenant"), _C.entity == bindparam("of_entity"))
_HOLDERS: Final = Statement(
    select(_C.key, _C.value, _C.record_id).where(
        *_SAME, or_(*(and_(_C.key == bindparam(f"key_{n}"), _C.value == bindparam(f"value_{n}")) for n in range(CHUNK)))
    )
)
_CLAIM: Final = Statement(insert(unique_table).values({c.name: bindparam(c.name) for c in unique_table.columns}))
_RELEASE: Final = Statement(
    delete(unique_table).where(
        *_SAME, _C.key == bindparam("of_key"), _C.value == bindparam("held"), _C.record_id == bindparam("record")
    )
)
_NOTED: Final = Statement(
    select(_C.key, _C.value, _C.record_id)
    .where(
        *_SAME,
        or_(
            _C.key > bindparam("after_key", type_=Text()),
            and_(_C.key == bindparam("after_key", type_=Text()), _C.value > bindparam("after_value", type_=Text())),
        ),
    )
    .order_by(_C.key, _C.value)
    .limit(bindparam("most", type_=Integer()))
)
_NOTED_KEYS: Final = Statement(
    select(_C.entity, _C.key, func.count())
    .where(_C.tenant_id == bindparam("tenant"))
    .group_by(_C.entity, _C.key)
    .order_by(_C.entity, _C.key)
)
_RELEASE_ALL: Final = Statement(delete(unique_table).where(*_SAME, _C.key == bindparam("of_key")))

Held = tuple[str, str, UUID]
"""Key of the field, the value in its unique form, and the record that has it."""


def holders_of(db: Db, tenant: str, entity: str, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """The records that have values: (key, value) to id."""
    read = codec_of(Id(), db.dialect).from_driver or (lambda raw: raw)
    found: dict[tuple[str, str], UUID] = {}
    for chunk in chunks(wanted):
        named = {f"key_{n}": key for n, (key, _) in enumerate(chunk)}
        named.update({f"value_{n}": value for n, (_, value) in enumerate(chunk)})
        rows = db.rows(_HOLDERS, {"tenant": tenant, "of_entity": entity, **named})
        found.update({(key, value): read(id_) for key, value, id_ in rows})
    return found


def noted_keys(db: Db, tenant: str) -> list[tuple[str, str, int]]:
    """The fields of which any value is noted as taken: entity, key, and how many are."""
    return [(entity, key, count) for entity, key, count in db.rows(_NOTED_KEYS, {"tenant": tenant})]


def noted_values(db: Db, tenant: str, entity: str, *, after: tuple[str, str], size: int) -> list[Held]:
    """The next values that are noted as taken, by key and value."""
    read = codec_of(Id(), db.dialect).from_driver or (lambda raw: raw)
    place = {"after_key": after[0], "after_value": after[1]}
    rows = db.rows(_NOTED, {"tenant": tenant, "of_entity": entity, "most": size, **place})
    return [(key, value, read(id_)) for key, value, id_ in rows]


def claim_values(db: Db, tenant: str, entity: str, held: Iterable[Held]) -> None:
    """Note that records have values.

    Raises:
        AlreadyExistsError: if another record has one of them.
    """
    rows = [
        {"tenant_id": tenant, "entity": entity, "key": key, "value": value, "record_id": id_}
        for key, value, id_ in held
    ]
    if rows:
        db.run_many(_CLAIM, rows)


def release_values(db: Db, tenant: str, entity: str, held: Iterable[Held]) -> None:
    """Note that records have values no more."""
    same = {"tenant": tenant, "of_entity": entity}
    rows = [{**same, "of_key": key, "held": value, "record": id_} for key, value, id_ in held]
    if rows:
        db.run_many(_RELEASE, rows)


def release_all(db: Db, tenant: str, entity: str, key: str) -> None:
    """Note that nobody holds a value of a field, which is unique no more."""
    db.run(_RELEASE_ALL, {"tenant": tenant, "of_entity": entity, "of_key": key})
