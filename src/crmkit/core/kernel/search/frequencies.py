"""How common grams are in a tenant's documents, from a sample: those of the newest records.

PostgreSQL's own statistics are of all tenants together, hold the most common grams of them only, and are there after an
``ANALYZE`` only. These are good enough to know the rare ones, by which its index is best asked: it looks each gram up
for every document that has the rarest one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import BigInteger, bindparam, column, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from crmkit.core.kernel.entities.columns import Integer
from crmkit.core.kernel.query.sql import TENANT, in_tenant
from crmkit.core.kernel.search.tables import search_table
from crmkit.core.kernel.storage.statements import Statement

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db

__all__ = ["SAMPLE", "Frequencies"]

SAMPLE: Final = 512
"""How many documents are looked at, which takes some milliseconds."""
_SEEN: Final = 2
"""What fewer of them have is not remembered."""
_LASTS: Final = timedelta(minutes=10)
"""How long counts are kept."""
_KEPT: Final = 100
"""Of how many tenants they are kept, a few hundred numbers each."""
_SHORTER: Final = timedelta(minutes=1)
"""How long where there were fewer documents than are looked at, so that all may change soon."""
_NONE: Final[Mapping[int, int]] = {}


def _counting() -> Statement:
    """Each gram and how many of the sample have it; and NULL, which every document is given, so how many there are."""
    newest = (
        select(search_table.c.grams)
        .where(in_tenant(search_table))
        .order_by(search_table.c.record_id.desc(), search_table.c.entity.desc())
        .limit(bindparam("sample", type_=Integer()))
        .subquery("newest")
    )
    marked = func.array_append(newest.c.grams, None, type_=ARRAY(BigInteger()))
    gram: Any = func.unnest(marked).table_valued(column("gram", BigInteger()), name="grams").render_derived()
    many: Any = func.count()
    counts = select(gram.c.gram, many).select_from(newest.join(gram, true())).group_by(gram.c.gram)
    return Statement(counts.having(many >= bindparam("seen", type_=Integer())))


_COUNTS: Final = _counting()


@frozen
class _Counted:
    """The counts of one tenant, when they were made, and for how long they are good enough."""

    grams: Mapping[int, int]
    at: datetime
    lasts: timedelta


class Frequencies:
    """The counts of grams of all tenants of a deployment, each kept for some minutes; may be shared by threads."""

    def __init__(self) -> None:
        self._counted: OrderedDict[str, _Counted] = OrderedDict()

    def of(self, db: Db, tenant: str, now: datetime) -> Mapping[int, int]:
        """How many of the newest documents have a gram, for those that more than one has; nothing on SQLite.

        Args:
            db: where; asked if nothing is known of the tenant, or since too long.
            tenant: whose documents.
            now: the instant of the unit, aware.
        """
        if db.dialect == "sqlite":
            return _NONE
        known = self._counted.get(tenant)
        if known is None or not timedelta(0) <= now - known.at < known.lasts:
            known = self._counted[tenant] = self._count(db, tenant, now)
            if len(self._counted) > _KEPT:
                self._counted.popitem(last=False)
        return known.grams

    @staticmethod
    def _count(db: Db, tenant: str, now: datetime) -> _Counted:
        counts = dict(db.rows(_COUNTS, {TENANT: tenant, "sample": SAMPLE, "seen": _SEEN}))
        documents = counts.pop(None, 0)
        return _Counted(counts, now, _LASTS if documents == SAMPLE else _SHORTER)
