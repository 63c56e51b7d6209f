"""What is told of a plan: each change as the actor may read it, and what stays where an undone merge has brought it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from crmkit.core.kernel.entities.custom import shown_fields
from crmkit.core.kernel.history.model import PlannedChange
from crmkit.core.kernel.history.rules import Image, Key, Step, differing
from crmkit.values.ref import Ref

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.history.log import Logged
    from crmkit.core.kernel.history.planning import Plan, Planner

__all__ = ["attached", "told"]


def told(planner: Planner, plan: Plan) -> tuple[PlannedChange, ...]:
    """The plan as the actor may read it."""
    pairs = zip(plan.steps, plan.records, strict=True)
    return tuple(_told(planner, step, before, after) for step, (before, after) in pairs)


def _told(planner: Planner, step: Step, before: Any, after: Any) -> PlannedChange:
    entity = planner.registry.entity(step.key[0])
    hidden = planner.work.hidden(entity)
    old, new = planner.image(step.key, before) or {}, planner.image(step.key, after) or {}
    op: Literal["insert", "update", "delete"] = "insert" if before is None else "delete" if after is None else "update"
    changed = [*old, *new] if op != "update" else _changed(entity, old, new)
    was, becomes = shown_fields(old), shown_fields(new)
    shown = {n: (was.get(n), becomes.get(n)) for n in _in_order(entity, changed) if n not in hidden}
    label = "" if entity.display in hidden else (old or new).get(entity.display, "")
    return PlannedChange(entity=entity.name, id=step.key[1], op=op, diff=shown, label=str(label))


def _changed(entity: EntityType[Any], old: Image, new: Image) -> list[str]:
    return [n for n in {**old, **new} if old.get(n) != new.get(n)] or differing(entity, old, new)


def _in_order(entity: EntityType[Any], names: Iterable[str]) -> list[str]:
    """Fields in the model's order, then custom ones by their keys."""
    given, known = set(names), entity.shape.fields
    return [n for n in known if n in given] + sorted(n for n in given if n not in known)


# -- what a merge that is undone leaves behind ------------------------------------------------------------------------


def attached(planner: Planner, plan: Plan, changes: Iterable[Logged]) -> tuple[Ref, ...]:
    """What has come, since they were merged, to records from which the plan takes others apart; as far as it is seen.

    Args:
        planner: that made the plan.
        plan: of an undo.
        changes: that it undoes.
    """
    parted = dict(_parted(plan))
    since = {change.key: change.unit for change in changes if change.key in parted}
    final = {step.key for step in plan.steps}
    found: dict[Key, None] = {}
    for loser, winner in parted.items():
        for key in _come_to(planner, winner, since[loser]):
            if key not in final and planner.sees(key):
                found[key] = None
    return tuple(Ref(*key) for key in found)


def _parted(plan: Plan) -> Iterator[tuple[Key, Key]]:
    """Each record that is merged and will be no longer, and what it is merged into."""
    for step in plan.steps:
        if step.before is not None and "merged_into" in step.before and "merged_into" not in (step.after or {}):
            yield step.key, (step.key[0], UUID(step.before["merged_into"]))


def _come_to(planner: Planner, winner: Key, since: UUID) -> Iterator[Key]:
    """What refers to a record by a change of a unit that began later than ``since``, whose ids are in that order."""
    work = planner.work
    for entity in planner.registry:
        for reference in entity.shape.references:
            if entity.kind == "derived" or reference.entity not in {None, winner[0]}:
                continue
            ids = work.store(entity).referring_ids(work.db, work.tenant, reference, winner[0], [winner[1]])
            later = planner.log.since(ids, since)
            came = {c.id for c in later if c.entity == entity.name and reference.column in c.diff}
            planner.load((entity.name, id_) for id_ in came)
            yield from ((entity.name, id_) for id_ in ids if id_ in came)
