"""Whether the table of unique values is what records have, both ways; a part of ``crmkit verify``.

It works on definitions and the catalogue alone, so it covers records of plugins that are not loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, null, or_, select

from crmkit.core.kernel.custom_fields.definitions import read_definitions
from crmkit.core.kernel.custom_fields.queries import holders_of, noted_keys, noted_values
from crmkit.core.kernel.custom_fields.uniqueness import held
from crmkit.core.kernel.entities.columns import Id, Json, codec_of
from crmkit.core.kernel.entities.custom import PREFIX, custom_codec
from crmkit.core.kernel.query.custom import column_of
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.storing import CHUNK, chunks
from crmkit.core.kernel.verification.model import LIMIT, MOST, NIL, PAGE, Checking, Finding, Stored, ids_in, read_as

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.model import CustomField

__all__ = ["unique_findings"]

CHECK: Final = "unique_value"
_FIX: Final = "run: crmkit fields rebuild"

_TENANT: Any = bindparam("tenant")
_IDS: Final = tuple(f"id_{n}" for n in range(CHUNK))


class _Having(NamedTuple):
    """As much of a record as says what it holds."""

    id: UUID
    custom: Mapping[str, Any]
    merged_into: Any


def unique_findings(checking: Checking) -> Iterator[Finding]:
    """Values that should be unique and are not noted as taken, and noted ones that nobody has."""
    checking.say("unique values of custom fields")
    definitions = read_definitions(checking.db, checking.tenant)
    wanted = {name: of.unique for name, of in definitions.entities.items() if of.unique}
    for entity, key, count in noted_keys(checking.db, checking.tenant):
        if key not in wanted.get(entity, ()):
            message = f"{count} values of {PREFIX}{key} are taken, and no such field is unique; {_FIX}"
            yield checking.found(CHECK, entity, message)
    for name, fields in wanted.items():
        if name in checking.catalogue:
            rows = _Rows(checking, checking.catalogue[name], fields)
            yield from islice(_not_taken(checking, rows, fields), MOST)
            yield from islice(_not_had(checking, rows, fields), MOST)


def _not_taken(checking: Checking, rows: _Rows, fields: Mapping[str, CustomField]) -> Iterator[Finding]:
    """Records whose value is not noted as theirs."""
    for page in rows.pages():
        having = [(key, value, one.id) for one in page for key, value in held(fields, one).items()]
        takers = holders_of(
            checking.db, checking.tenant, rows.entity, dict.fromkeys((key, value) for key, value, _ in having)
        )
        for key, value, id_ in having:
            taker = takers.get((key, value))
            if taker != id_:
                whose = "is not noted as taken" if taker is None else "is noted as taken by another"
                yield checking.found(CHECK, rows.entity, f"its {PREFIX}{key}, which is unique, {whose}; {_FIX}", id_)


def _not_had(checking: Checking, rows: _Rows, fields: Mapping[str, CustomField]) -> Iterator[Finding]:
    """Noted values whose record does not have them."""
    for page in _taken(checking, rows.entity):
        records = rows.of({id_ for _, _, id_ in page})
        for key, value, id_ in page:
            if key in fields and held(fields, records.get(id_)).get(key) != value:
                what = "which does not have it" if id_ in records else "which is not there"
                message = f"a value of {PREFIX}{key} is noted as taken by this record, {what}; {_FIX}"
                yield checking.found(CHECK, rows.entity, message, id_)


def _taken(checking: Checking, entity: str) -> Iterator[list[tuple[str, str, UUID]]]:
    """What is noted of an entity, page by page."""
    after = ("", "")
    while page := noted_values(checking.db, checking.tenant, entity, after=after, size=PAGE):
        yield page
        after = page[-1][:2]


class _Rows:
    """The rows of an entity, which is known by its shape only, and unique fields of it."""

    def __init__(self, checking: Checking, one: Stored, fields: Mapping[str, CustomField]) -> None:
        self._checking, self.entity = checking, one.entity
        table: Any = one.clause
        columns = (table.c.id, table.c.custom, table.c.merged_into if one.merges else null())
        own = select(*columns).where(table.c.tenant_id == _TENANT)
        after = table.c.id > bindparam("after", type_=Id())
        having = or_(*(column_of(table, field.physical).is_not(None) for field in fields.values()))
        self._page = Statement(own.where(after, having).order_by(table.c.id).limit(LIMIT))
        self._some = Statement(own.where(table.c.id.in_(ids_in(_IDS))))

    def pages(self) -> Iterator[list[_Having]]:
        """Those that have a value in any of the fields, by id."""
        after: UUID = NIL
        while found := self._read(self._page, {"after": after, "most": PAGE}):
            yield found
            after = found[-1].id

    def of(self, ids: set[UUID]) -> dict[UUID, _Having]:
        """Those of these ids that are there."""
        found: dict[UUID, _Having] = {}
        for chunk in chunks(sorted(ids)):
            named = dict(zip(_IDS, chunk, strict=True))
            found.update({one.id: one for one in self._read(self._some, named)})
        return found

    def _read(self, statement: Statement, params: Mapping[str, Any]) -> list[_Having]:
        db = self._checking.db
        to_id, to_custom = read_as(Id(), db), custom_codec(codec_of(Json(), db.dialect)).from_driver
        rows = db.rows(statement, {"tenant": self._checking.tenant, **params})
        return [_Having(to_id(id_), to_custom(custom) if to_custom else custom, merged) for id_, custom, merged in rows]
