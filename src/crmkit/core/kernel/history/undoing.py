"""Undoing units of work: which of them the actor may undo, the plan of it, and what is told of that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from crmkit.core.kernel.history.custom import with_letters
from crmkit.core.kernel.history.model import Reversal
from crmkit.core.kernel.history.planning import Plan, Planner
from crmkit.core.kernel.history.rules import Block, netted, unwound
from crmkit.core.kernel.history.telling import attached, told
from crmkit.errors import Conflict, ForbiddenError, NotFoundError
from crmkit.values.ref import Ref

if TYPE_CHECKING:
    from crmkit.core.kernel.history.log import Logged, LoggedUnit

__all__ = ["UNDO", "Undoing"]

UNDO: Final = "history.undo"
"""The right to see and undo units of others."""


class Undoing:
    """Undoes units of work.

    Args:
        planner: of the unit that undoes.
    """

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    def plan(self, units: Sequence[UUID], *, partial: bool, rehearsing: bool) -> tuple[Plan, Reversal]:
        """The plan of undoing units, and what is told of it.

        Raises:
            NotFoundError: if there is no such unit, or something that it changed is hidden.
            ForbiddenError: if it is another actor's, and the right to undo those is missing.
        """  # raised by found
        planner = self._planner
        found = [self.found(unit) for unit in sorted(set(units), reverse=True)]
        ids = tuple(one.id for one, _ in found)
        conflicts = [Conflict("unit", one.id, None, "irreversible") for one, _ in found if not one.reversible]
        if conflicts:
            return Plan(()), Reversal(applied=False, units=ids, conflicts=tuple(conflicts))
        conflicts = [Conflict("unit", one.id, None, "purged") for one, _ in found if one.purged]
        changes = [change for _, rows in found for change in reversed(netted(rows))]
        blocked: frozenset[Block] = frozenset()
        state = planner.load(change.key for change in changes)
        planner.custom = with_letters(planner.custom, changes, state)
        while True:
            way = unwound(changes, state, planner.entity, blocked, planner.custom)
            plan = planner.plan(way.steps, mine=ids)
            met = [*map(planner.blocked_by, way.conflicts), *plan.conflicts]
            conflicts += met
            blocked |= way.blocks | plan.blocks
            if not met or not partial:
                break
        refused = bool(conflicts) and not partial
        freed = [] if refused else [self._released(one, rehearsing=rehearsing) for one in ids]
        return plan, Reversal(
            applied=not rehearsing and not refused,
            units=ids,
            changes=() if refused else told(planner, plan),
            conflicts=tuple(dict.fromkeys(conflicts)),
            unknown=tuple(sorted(way.unknown)),
            attached=() if refused else attached(planner, plan, changes),
            kept=() if refused else tuple(Ref(*key) for key in way.kept),
            caused=tuple(c.id for one in ids for c in planner.log.caused(one) if self.may_see(c)),
            jobs=sum(jobs for jobs, _, _ in freed),
            requeued=sum(again for _, again, _ in freed),
            keys=sum(keys for _, _, keys in freed),
        )

    def _released(self, unit: UUID, *, rehearsing: bool) -> tuple[int, int, int]:
        """Jobs dropped and queued again, and keys released, for a unit that is undone."""
        planner, work = self._planner, self._planner.work
        if rehearsing:
            return planner.log.to_be_released(unit)
        freed = planner.log.release(unit, work.id, work.now)
        work.jobs += freed[1]  # to be told of once this unit is committed
        return freed

    def found(self, unit: UUID) -> tuple[LoggedUnit, list[Logged]]:
        """A unit that the actor may see and undo, and its changes.

        Raises:
            NotFoundError: if there is none, or something that it changed is hidden.
            ForbiddenError: if it is another actor's, and the right to undo those is missing.
        """
        log = self._planner.log
        one, changes = log.unit(unit), log.of_unit(unit)
        if one is None or not self._all_seen(changes):
            raise NotFoundError("unit", unit)
        if not self._may_undo(one):
            raise ForbiddenError(UNDO, self._planner.work.actor.id)
        return one, changes

    def may_see(self, unit: LoggedUnit, changes: Sequence[Logged] | None = None) -> bool:
        """Whether the actor may see a unit and all that it changed; reads that, if it is not given."""
        rows = self._planner.log.of_unit(unit.id) if changes is None else changes
        return self._may_undo(unit) and self._all_seen(rows)

    def _may_undo(self, unit: LoggedUnit) -> bool:
        work = self._planner.work
        return unit.actor == work.actor.id or work.rights.may(UNDO)

    def _all_seen(self, changes: Iterable[Logged]) -> bool:
        keys = {change.key for change in changes}
        return self._planner.seen(keys) == keys
