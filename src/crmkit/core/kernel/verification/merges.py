"""Did each merge that stands take along everything that referred to the loser? Asks the change log.

That nothing refers to a loser now is checked elsewhere; here, that each change of the merge is accounted for: what
referred to the loser refers to the winner, or went because the winner had the same already. Only units with a single
command are held to that, since what else a unit has done on purpose cannot be told from what a merge has lost. What the
command itself did with the loser's parts before it merged can: the loser had an earlier version then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from attrs import frozen
from sqlalchemy import Select, bindparam, select

from crmkit.core.kernel.entities.columns import Id, Integer, Json
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table, unit_table
from crmkit.core.kernel.verification.model import LIMIT, NIL, PAGE, Checking, Finding, Stored, read_as

__all__ = ["merge_findings"]

_C = change_table.c
_TENANT: Any = bindparam("tenant")
_OF_UNIT = Statement(
    select(_C.seq, _C.entity, _C.record_id, _C.op, _C.diff, _C.root_id, _C.root_version)
    .where(_C.tenant_id == _TENANT, _C.unit_id == bindparam("unit"), _C.seq > bindparam("after", type_=Integer()))
    .order_by(_C.seq)
    .limit(LIMIT)
)
_COMMANDS = Statement(
    select(unit_table.c.commands, unit_table.c.undoes).where(
        unit_table.c.tenant_id == _TENANT, unit_table.c.id == bindparam("unit")
    )
)
_OF_RECORD = Statement(
    select(_C.unit_id, _C.entity, _C.diff, _C.version)
    .where(_C.tenant_id == _TENANT, _C.record_id == bindparam("record"))
    .order_by(_C.version)
)
_PARTS = Statement(
    select(_C.record_id)
    .where(_C.tenant_id == _TENANT, _C.root_id == bindparam("root"), _C.entity == bindparam("of_entity"))
    .distinct()
)


class _Move(NamedTuple):
    """One change of a unit, and the record that it was part of."""

    entity: str
    record: UUID
    op: str
    diff: Mapping[str, Any]
    root: UUID
    root_version: int


@frozen
class _Merge:
    """One record that became part of another in a unit, and its version since; ids as the log writes them."""

    unit: UUID
    loser: str
    winner: str
    version: int

    def preceded_by(self, move: _Move) -> bool:
        """Whether a part of the loser was changed before the loser was merged."""
        return str(move.root) == self.loser and move.root_version < self.version


def merge_findings(checking: Checking) -> Iterator[Finding]:
    """What merges that stand have lost or sent astray."""
    for one in checking.catalogue.values():
        if one.merges:
            checking.say(f"merges of {one.entity}")
            for loser in _losers(checking, one):
                merge = _merge_of(checking, one, loser)
                if merge is not None:
                    yield from _astray(checking, one, merge)


def _losers(checking: Checking, one: Stored) -> Iterator[UUID]:
    """What merges have left behind, page by page."""
    to_id, after = read_as(Id(), checking.db), NIL
    statement = one.statement("losers", lambda: _merged(one))
    while found := checking.db.rows(statement, {"tenant": checking.tenant, "after": after, "most": PAGE}):
        for (id_,) in found:
            yield to_id(id_)
        after = to_id(found[-1][0])


def _merged(one: Stored) -> Select[Any]:
    c = one.clause.c
    merged = (c.tenant_id == _TENANT, c.merged_into.is_not(None), c.id > bindparam("after", type_=Id()))
    return select(c.id).where(*merged).order_by(c.id).limit(LIMIT)


def _merge_of(checking: Checking, one: Stored, loser: UUID) -> _Merge | None:
    """The merge by which a record became part of another one the last time, if it was all that its unit did."""
    to_id, to_json, merges = read_as(Id(), checking.db), read_as(Json(), checking.db), dict[UUID, _Merge]()
    for unit, entity, diff, version in checking.db.rows(_OF_RECORD, {"tenant": checking.tenant, "record": loser}):
        before, after = to_json(diff).get("merged_into", (None, None))
        if entity == one.entity and before is None and after is not None:
            merges[to_id(unit)] = _Merge(to_id(unit), str(loser), after, version)
    return None if not merges else merges.get(_origin(checking, list(merges)[-1]) or NIL)


def _origin(checking: Checking, unit: UUID) -> UUID | None:
    """The unit with a single command in which a merge was made that a unit made, or brought back by undoing an undo."""
    to_id, to_json = read_as(Id(), checking.db), read_as(Json(), checking.db)
    while rows := checking.db.rows(_COMMANDS, {"tenant": checking.tenant, "unit": unit}):
        commands, undoes = rows[0]
        if undoes is None:
            return unit if len(to_json(commands)) == 1 else None
        unit = to_id(undoes)
    return None


def _astray(checking: Checking, one: Stored, merge: _Merge) -> Iterator[Finding]:
    for move in _moves(checking, merge.unit):
        if merge.preceded_by(move):
            continue
        stored = checking.catalogue.get(move.entity)
        for reference in stored.references if stored else ():
            before, after = move.diff.get(reference["column"], (None, None))
            if before != merge.loser or reference["entity"] not in {None, one.entity}:
                continue
            # What says of two that they are one may let go of the one that is none any more; a merge itself never does.
            if move.op == "update" and after is not None and after != merge.winner:
                message = f"a merge took its {reference['column']} to another record than the winner"
                yield checking.found("merge_astray", move.entity, message, move.record)
            elif move.op == "delete" and not _folded(checking, stored, reference, move, merge):
                yield checking.found("merge_lost", move.entity, "a merge dropped it for no reason", move.record)


def _moves(checking: Checking, unit: UUID) -> Iterator[_Move]:
    """What a unit changed, page by page."""
    to_id, to_json, after = read_as(Id(), checking.db), read_as(Json(), checking.db), 0
    params = {"tenant": checking.tenant, "unit": unit, "most": PAGE}
    while rows := checking.db.rows(_OF_UNIT, {**params, "after": after}):
        for _, entity, id_, op, diff, root, root_version in rows:
            yield _Move(entity, to_id(id_), op, to_json(diff), to_id(root), root_version)
        after = rows[-1][0]


def _folded(
    checking: Checking, stored: Stored | None, reference: Mapping[str, Any], move: _Move, merge: _Merge
) -> bool:
    """Whether a row that a merge dropped was a link of the two, or the winner had what was unique of it."""
    assert stored is not None  # noqa: S101  # the reference is one of its own
    column = reference["column"]
    image = {name: pair[0] for name, pair in move.diff.items()}
    ends = [
        r["column"] for r in stored.references if r["entity"] == reference["entity"] and r["column"] != "merged_into"
    ]
    if len(ends) > 1 and all(image.get(end) in {merge.loser, merge.winner} for end in ends):
        return True
    for unique in stored.uniques:
        wanted = {c: image.get(c) for c in unique if c != "tenant_id"} | {column: merge.winner}
        if column in unique and None not in wanted.values() and _was_there(checking, stored, wanted, move, merge):
            return True
    return False


def _was_there(checking: Checking, stored: Stored, wanted: Mapping[str, Any], move: _Move, merge: _Merge) -> bool:
    """Whether another part of the winner had these values once; of what is no part, that would mean reading all.

    Where that part came from does not matter: an earlier merge may have brought it, and logged only that it moved.
    """
    if stored.part_of is None:
        return True
    to_id = read_as(Id(), checking.db)
    params = {"tenant": checking.tenant, "root": UUID(merge.winner), "of_entity": stored.entity}
    parts = [to_id(part) for (part,) in checking.db.rows(_PARTS, params)]
    return any(_had(checking, stored.entity, part, wanted) for part in parts if part != move.record)


def _had(checking: Checking, entity: str, record: UUID, wanted: Mapping[str, Any]) -> bool:
    """Whether a record had each of these values at some time."""
    to_json = read_as(Json(), checking.db)
    had: dict[str, set[Any]] = {}
    for _, of, diff, _ in checking.db.rows(_OF_RECORD, {"tenant": checking.tenant, "record": record}):
        if of == entity:
            for name, pair in to_json(diff).items():
                if name in wanted:
                    had.setdefault(name, set()).update(pair)
    return all(value in had.get(name, ()) for name, value in wanted.items())
