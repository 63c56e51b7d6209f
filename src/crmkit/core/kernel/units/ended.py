"""Ids of records that were removed: they stay with their histories, and no new record may have one.

A new record would begin at version 1 again, so that its history told of two records as of one; and whoever may see the
new one would see the versions of the old one, which may never have been theirs to see.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from crmkit.core.kernel.entities.columns import Id, codec_of
from crmkit.core.kernel.storage.among import among, id_lists
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table
from crmkit.errors import RemovedIdError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from crmkit.core.kernel.units.work import Work
    from crmkit.core.kernel.units.write import Key, Write

__all__ = ["check_new_ids"]

_C = change_table.c


@cache
def _logged(length: int) -> Statement:
    rows = select(_C.record_id, _C.entity, _C.version, _C.op)
    of_records = (_C.tenant_id == bindparam("tenant"), among(_C.record_id, length))
    return Statement(rows.where(*of_records).order_by(_C.version))


def check_new_ids(work: Work, writes: Sequence[Write]) -> None:
    """See that no new record has the id of one that was removed.

    An id that was made after the unit began needs no look at the log: nobody else can have had it and removed it.

    Raises:
        RemovedIdError: if one has.
    """
    gone: dict[Key, int] = {}  # in this flush, with the last version of each
    suspect: list[Key] = []
    for write in writes:
        key = (write.entity.name, write.record.id)
        if write.op == "delete":
            gone[key] = write.before.version
        elif write.op == "insert" and write.version == 1:  # what comes back goes on with its versions
            _check(key, gone)
            if key[1] in work.versions or _is_older(key[1], work.id):
                suspect.append(key)
    if suspect:
        ended = _ended(work, {id_ for _, id_ in suspect})
        for key in suspect:
            _check(key, ended)


def _check(key: Key, ended: Mapping[Key, int]) -> None:
    version = ended.get(key)
    if version is not None:
        raise RemovedIdError(*key, version)


def _is_older(id_: UUID, unit: UUID) -> bool:
    return id_.version != unit.version or id_.int < unit.int


def _ended(work: Work, ids: Iterable[UUID]) -> dict[Key, int]:
    """Those whose last change was their deletion, with the version that they had before."""
    to_id = codec_of(Id(), work.db.dialect).from_driver or _as_it_is
    ended: dict[Key, int] = {}
    for length, params in id_lists(ids, work.db.dialect):
        for id_, entity, version, op in work.db.rows(_logged(length), {"tenant": work.tenant, **params}):
            key = (entity, to_id(id_))
            ended.pop(key, None)
            if op == "delete":
                ended[key] = version - 1
    return ended


def _as_it_is(value: UUID) -> UUID:
    return value
