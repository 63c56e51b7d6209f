"""Takes erased values out of what is kept of the past: history, reasons, jobs, answers. Only erasure rewrites it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update

from crmkit.core.kernel.entities.columns import Id, Integer, Json, Text, codec_of
from crmkit.core.kernel.entities.erased import ERASED_TEXT, erased
from crmkit.core.kernel.erasure.rules import scrubbed
from crmkit.core.kernel.storage.among import among, id_lists
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table, job_table, once_table, unit_table

if TYPE_CHECKING:
    from crmkit.core.kernel.erasure.rules import Blanking, Repeated
    from crmkit.core.kernel.history.log import Log
    from crmkit.core.kernel.history.rules import Key
    from crmkit.core.kernel.units.work import Work

__all__ = ["Rewriting"]

PAGE: Final = 500
_C, _U, _J, _O = change_table.c, unit_table.c, job_table.c, once_table.c
_TENANT: Any = bindparam("tenant")
_MOST: Any = bindparam("most", type_=Integer())
_DIFF: Final = Statement(
    update(change_table)
    .where(_C.tenant_id == _TENANT, _C.unit_id == bindparam("unit"), _C.seq == bindparam("place"))
    .values(diff=bindparam("said"))
)
_UNIT: Final = Statement(
    update(unit_table)
    .where(_U.tenant_id == _TENANT, _U.id == bindparam("unit"))
    .values(reason=bindparam("new_reason"), source=bindparam("new_source"), commands=bindparam("new_commands"))
)
_JOBS: Final = Statement(
    select(_J.id, _J.unit_id, _J.record_id, _J.payload, _J.last_error)
    .where(_J.tenant_id == _TENANT, _J.id > bindparam("after"))
    .order_by(_J.id)
    .limit(_MOST)
)
_JOB: Final = Statement(
    update(job_table)
    .where(_J.tenant_id == _TENANT, _J.id == bindparam("job"))
    .values(payload=bindparam("new_payload"), last_error=bindparam("new_error"))
)
_ANSWERS: Final = Statement(
    select(_O.key, _O.unit_id, _O.answer)
    .where(_O.tenant_id == _TENANT, _O.key > bindparam("after", type_=Text()))
    .order_by(_O.key)
    .limit(_MOST)
)
_ANSWER: Final = Statement(
    update(once_table)
    .where(_O.tenant_id == _TENANT, _O.key == bindparam("named"))
    .values(answer=bindparam("mark"), body_hash=bindparam("no_hash"))
)


class Rewriting:
    """Rewrites what is kept of the past of some records, in one unit of work.

    Args:
        work: the unit's state.
        repeated: the values that go, learnt as history is rewritten.

    Attributes:
        units: the units of work that have changed one of the records, with how many of their changes were about these.
        hashes: the contents of attachments that history names no more.
    """

    def __init__(self, work: Work, repeated: Repeated) -> None:
        self._work, self._repeated = work, repeated
        self._mark = erased(work.id)
        self._to_id, self._to_json = (_reader(t, work.db.dialect) for t in (Id(), Json()))
        self.units: Counter[UUID] = Counter()

    # -- history ------------------------------------------------------------------------------------------------------

    def history(
        self, log: Log, keys: Collection[Key], blanking: Callable[[str], Blanking], own: Collection[UUID]
    ) -> int:
        """Let history forget values of records; returns how many of its rows have changed.

        Args:
            log: the change log.
            keys: the records.
            blanking: what is erased of records of an entity.
            own: ids of the records whose values are the person's own, and of those that they are part of.
        """
        wanted, changed = set(keys), 0
        ids = [id_ for _, id_ in wanted]
        for start in range(0, len(ids), PAGE):
            rows = []
            for one in log.of_records(ids[start : start + PAGE]):
                if one.key not in wanted:
                    continue
                self.units[one.unit] += 1
                diff = one.diff
                said = blanking(one.entity).marked(diff, one.id, self._mark)
                gone = {name for name, pair in said.items() if pair != tuple(diff[name])}
                if gone:
                    self._learn(diff, gone, own=one.id in own or one.root in own)
                    rows.append({"tenant": self._work.tenant, "unit": one.unit, "place": one.seq, "said": said})
            if rows:
                self._work.db.run_many(_DIFF, rows)
            changed += len(rows)
        return changed

    def _learn(self, diff: Mapping[str, Any], names: Iterable[str], *, own: bool) -> None:
        for name in names:
            for value in diff[name]:
                self._repeated.learn(value, own=own)

    # -- units of work ------------------------------------------------------------------------------------------------

    def reasons(self, log: Log) -> int:
        """Take the values out of reasons and sources of units; the whole reason of one that changed nothing else."""
        work, rows = self._work, []
        whole = self._changes_of(self.units)
        for unit in log.units(self.units):
            alone = self.units[unit.id] >= whole[unit.id]
            reason = ERASED_TEXT if unit.reason and alone else scrubbed(unit.reason, self._repeated.about)
            source = scrubbed(unit.source, self._repeated.about)
            commands = scrubbed(unit.commands, self._repeated.about)
            if (reason, source) != (unit.reason, unit.source) or commands != _plain(unit.commands):
                new = {"new_reason": reason, "new_source": source, "new_commands": commands}
                rows.append({"tenant": work.tenant, "unit": unit.id, **new})
        if rows:
            work.db.run_many(_UNIT, rows)
        return len(rows)

    def _changes_of(self, units: Iterable[UUID]) -> Counter[UUID]:
        """How many changes each unit has made."""
        work, found = self._work, Counter[UUID]()
        for length, params in id_lists(units, work.db.dialect):
            counts = select(_C.unit_id, func.count()).where(_C.tenant_id == _TENANT, among(_C.unit_id, length))
            rows = work.db.rows(Statement(counts.group_by(_C.unit_id)), {"tenant": work.tenant, **params})
            found.update({self._to_id(unit): count for unit, count in rows})
        return found

    # -- jobs and answers ---------------------------------------------------------------------------------------------

    def jobs(self, ids: Collection[UUID]) -> int:
        """Take the values out of what jobs carry, and of what they say of their last error.

        Args:
            ids: of the records.
        """
        work, rows = self._work, []
        for job, unit, record, payload, error in self._jobs():
            about = record in ids or unit in self.units
            repeats = self._repeated.about if about else self._repeated.anywhere
            new, told = scrubbed(payload, repeats), ERASED_TEXT if error and about else scrubbed(error, repeats)
            if told != error or new != _plain(payload):
                rows.append({"tenant": work.tenant, "job": job, "new_payload": new, "new_error": told})
        if rows:
            work.db.run_many(_JOB, rows)
        return len(rows)

    def _jobs(self) -> Iterator[tuple[UUID, UUID | None, UUID | None, Any, str | None]]:
        work, after = self._work, UUID(int=0)
        while True:
            rows = work.db.rows(_JOBS, {"tenant": work.tenant, "after": after, "most": PAGE})
            for job, unit, record, payload, error in rows:
                after = self._to_id(job)
                of_unit, of_record = (None if raw is None else self._to_id(raw) for raw in (unit, record))
                yield after, of_unit, of_record, self._to_json(payload), error
            if len(rows) < PAGE:
                return

    def answers(self) -> int:
        """Forget the answers that repeat a value; whoever asks again by the same key is told that it was erased."""
        work, rows, after = self._work, [], ""
        while True:
            found = work.db.rows(_ANSWERS, {"tenant": work.tenant, "after": after, "most": PAGE})
            for key, unit, answer in found:
                about = self._to_id(unit) in self.units
                said = self._to_json(answer)
                if scrubbed(said, self._repeated.about if about else self._repeated.anywhere) != _plain(said):
                    rows.append({"tenant": work.tenant, "named": key, "mark": self._mark, "no_hash": ""})
            if len(found) < PAGE:
                break
            after = found[-1][0]
        if rows:
            work.db.run_many(_ANSWER, rows)
        return len(rows)

    # -- facts --------------------------------------------------------------------------------------------------------

    def facts(self, columns: Iterable[Any], ids: Collection[UUID]) -> None:
        """Remove the facts that name one of these records and are nothing without it, such as notifications."""
        work = self._work
        for column in columns:
            table: Any = column.table
            for length, params in id_lists(ids, work.db.dialect):
                rows = delete(table).where(table.c.tenant_id == _TENANT, among(column, length))
                work.db.run(Statement(rows), {"tenant": work.tenant, **params})


def _plain(value: Any) -> Any:
    """A value in JSON form as lists and dicts, as `scrubbed` gives it."""
    return scrubbed(value, lambda _: False)


def _reader(type_: Any, dialect: str) -> Callable[[Any], Any]:
    convert = codec_of(type_, dialect).from_driver
    return convert if convert is not None else lambda value: value
