"""Making a record part of another one of its entity; parties, whose values are chosen, have a command of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from crmkit.core.kernel.deployment.tenants import raise_policy_generation
from crmkit.core.kernel.history.folding import Folding
from crmkit.core.kernel.history.planning import Planner
from crmkit.errors import ConflictError, InvalidValueError, MergeRefusedError

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.units.work import Work

__all__ = ["merge_records"]

M = TypeVar("M", bound="Record")


def merge_records(work: Work, entity: EntityType[M], loser: UUID, winner: UUID) -> M:
    """Let everything that refers to ``loser`` refer to ``winner``; see `Records.merge`.

    Raises:
        InvalidValueError: if both are the same, or records of the entity are never merged.
        NotFoundError: if one of them is gone or hidden.
        ConflictError: if one of them has been merged before.
        MergeRefusedError: if the outcome would break a reference or a unique key.
    """  # NotFoundError by get
    if "merged_into" not in entity.shape.fields:
        raise InvalidValueError("entity", entity.name, "has no column 'merged_into', so its records are never merged")
    if loser == winner:
        raise InvalidValueError("winner", winner, f"is the same {entity.label.lower()}; merge it with another one")
    work.flush()
    planner = Planner(work, lock=True)
    losing, winning = (entity.name, loser), (entity.name, winner)
    images = planner.load([losing, winning])
    for id_ in (loser, winner):
        work.get(entity, id_)
        if into := (images[entity.name, id_] or {}).get("merged_into"):
            raise ConflictError(f"{entity.label.lower()} {id_} has been merged into {into}; merge that one")
    folding = Folding(planner)
    folding.fold(entity, losing, winning)
    folding.set(winning, folding.apart(images[winning] or {}, losing, winning))
    folding.set(losing, {**(images[losing] or {}), "merged_into": str(winner)})
    plan = planner.plan(list(folding.steps()))
    if plan.conflicts:
        raise MergeRefusedError(loser, winner, plan.conflicts)
    planner.place(plan, "merge")
    work.flush()
    raise_policy_generation(work)  # shares have moved
    return work.get(entity, winner)
