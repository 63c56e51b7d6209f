"""Prepared statements over all attachments of a tenant, for looking after the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, literal_column, select

from crmkit.core.kernel.attachments.rules import is_sha256
from crmkit.core.kernel.attachments.tables import ATTACHMENT, attachment_table
from crmkit.core.kernel.entities.columns import Id, Integer, Json, codec_of
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db

__all__ = ["contents", "named_by_history", "named_by_rows"]

PAGE: Final = 500
_A, _C = attachment_table.c, change_table.c
_MOST: Any = bindparam("most", type_=Integer())
_ROWS = Statement(
    select(_A.sha256, _A.id, _A.size)
    .where(
        _A.tenant_id == bindparam("tenant"),
        (_A.sha256 > bindparam("sha256")) | ((_A.sha256 == bindparam("sha256")) & (_A.id > bindparam("after"))),
    )
    .order_by(_A.sha256, _A.id)
    .limit(_MOST)
    .offset(literal_column("0"))  # said, because on SQLite it would be a parameter without a name
)
_NAMED = Statement(
    select(_A.sha256)
    .where(_A.tenant_id == bindparam("tenant"), _A.sha256.in_([bindparam(f"s{n}") for n in range(PAGE)]))
    .distinct()
)
_LOGGED = Statement(
    select(_C.unit_id, _C.seq, _C.diff)
    .where(
        _C.tenant_id == bindparam("tenant"),
        _C.entity == bindparam("entity"),
        (_C.unit_id > bindparam("unit")) | ((_C.unit_id == bindparam("unit")) & (_C.seq > bindparam("seq"))),
    )
    .order_by(_C.unit_id, _C.seq)
    .limit(_MOST)
    .offset(literal_column("0"))
)


def contents(db: Db, tenant: str) -> Iterator[tuple[str, UUID, int]]:
    """Hash, id and size of every attachment of a tenant, by hash."""
    to_id = _reader(Id(), db.dialect)
    place: dict[str, Any] = {"sha256": "", "after": UUID(int=0)}
    while True:
        rows = db.rows(_ROWS, {"tenant": tenant, "most": PAGE, **place})
        for sha256, id_, size in rows:
            yield sha256, to_id(id_), size
        if len(rows) < PAGE:
            return
        place = {"sha256": rows[-1][0], "after": to_id(rows[-1][1])}


def named_by_rows(db: Db, tenant: str, hashes: Iterable[str]) -> set[str]:
    """Those of ``hashes``, at most `PAGE`, that an attachment of the tenant has."""
    wanted = list(hashes)
    padded = wanted + [wanted[-1]] * (PAGE - len(wanted))
    return {sha256 for (sha256,) in db.rows(_NAMED, {"tenant": tenant, **{f"s{n}": s for n, s in enumerate(padded)}})}


def named_by_history(db: Db, tenant: str) -> Iterator[str]:
    """The hashes that the tenant's history names, of attachments that are there and of those that are gone."""
    to_id, to_json = _reader(Id(), db.dialect), _reader(Json(), db.dialect)
    unit, seq = UUID(int=0), 0
    while True:
        params = {"tenant": tenant, "entity": ATTACHMENT.name, "unit": unit, "seq": seq, "most": PAGE}
        rows = db.rows(_LOGGED, params)
        for _, _, diff in rows:
            yield from (value for value in to_json(diff).get("sha256") or () if is_sha256(value))
        if len(rows) < PAGE:
            return
        unit, seq = to_id(rows[-1][0]), rows[-1][1]


def _reader(type_: Any, dialect: str) -> Callable[[Any], Any]:
    return codec_of(type_, dialect).from_driver or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
