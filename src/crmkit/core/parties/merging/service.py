"""The command that merges; a chapter of `crmkit.core.parties.service.Parties`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from crmkit.core.kernel.deployment.tenants import raise_policy_generation
from crmkit.core.kernel.history.folding import Folding
from crmkit.core.kernel.history.planning import Plan, Planner
from crmkit.core.kernel.history.rules import Key
from crmkit.core.kernel.units.gate import Target, command
from crmkit.core.kernel.units.service import Service
from crmkit.core.parties.merging.events import PartiesMerged
from crmkit.core.parties.merging.hooks import PartiesMerging, parties_merging
from crmkit.core.parties.merging.rules import Choice, chosen, closed, secondary
from crmkit.core.parties.model import Party
from crmkit.core.parties.tables import PARTY
from crmkit.errors import ConflictError, InvalidValueError, MergeRefusedError
from crmkit.values.instants import format_instant

__all__ = ["MergingCommands"]


class MergingCommands(Service):
    """Parties that turned out to be one."""

    @command("party.merge", permission="party.update")
    def merge(
        self,
        loser: Annotated[UUID, Target("party")],
        winner: Annotated[UUID, Target("party")],
        *,
        choose: Choice | Mapping[str, Choice] = "fill",
    ) -> Party:
        """Make a party part of another one: whatever refers to it, in any plugin's tables, refers to that one then.

        What both have and only one may have is folded into one by the rule that its table declares. The loser stays as
        what says where everything went (``merged_into``). All of it is undone by undoing the unit of work. Needs the
        right to change both parties, and everything that refers to the loser.

        Args:
            loser: the party that becomes part of the other one.
            winner: the party that has everything in the end.
            choose: winner, to keep its values; loser, to take the other's; or fill, to take those that it lacks. For
                single fields, a mapping; fill for all others.

        Returns:
            The winner.

        Raises:
            NotFoundError: if one of them is gone or hidden.
            InvalidValueError: if they are the same, or a person and an organisation.
            ConflictError: if one of them has been merged already, or two rows cannot both be kept and no rule says
                which may go.
            MergeRefusedError: if the outcome would break a reference or a unique key.
            RefusedError: if a plugin refuses.
            UnknownFieldError: if ``choose`` names a field that is not chosen.
        """  # raised by what this calls; callers want to know
        if loser == winner:
            raise InvalidValueError("winner", winner, "is the same party; merge it with another one")
        self._work.flush()
        planner = Planner(self._work, lock=True)
        losing, winning = (PARTY.name, loser), (PARTY.name, winner)
        images = planner.load([losing, winning])
        theirs, mine = images[losing] or {}, images[winning] or {}
        _check(losing, theirs, winning, mine)
        by_hand: Mapping[str, Choice] = {} if isinstance(choose, str) else choose
        by: Choice = choose if isinstance(choose, str) else "fill"
        image = chosen(mine, theirs, by=by, by_hand=by_hand, known=frozenset(PARTY.shape.fields))
        folding = Folding(planner)
        folding.fold(PARTY, losing, winning)
        self._settle(folding, winner, stands="lifecycle" in mine)
        folding.set(winning, folding.apart(image, losing, winning))
        folding.set(losing, {**theirs, "merged_into": str(winner)})
        plan = planner.plan(list(folding.steps()))
        if plan.conflicts:
            raise MergeRefusedError(loser, winner, plan.conflicts)
        self._ask_guards(planner, plan, losing, winning)
        planner.place(plan, "merge")
        self._work.flush()
        raise_policy_generation(self._work)  # shares have moved
        self.emit(PartiesMerged(loser=loser, winner=winner))
        return self.uow.get(Party, winner)

    def _ask_guards(self, planner: Planner, plan: Plan, losing: Key, winning: Key) -> None:
        before: Any = planner.records
        changed = {step.key: after for step, (_, after) in zip(plan.steps, plan.records, strict=True)}
        after = changed.get(winning, before[winning])
        self.guard(parties_merging, PartiesMerging(loser=before[losing], winner=before[winning], after=after))

    def _settle(self, folding: Folding, winner: UUID, *, stands: bool) -> None:
        """What no unique key guards: one primary mechanism of each kind, and one present stage."""
        work = self._work
        entity = work.registry.entity("mechanism")
        own = work.store(entity).referring(work.db, work.tenant, entity.shape.references[0], PARTY.name, winner)
        primaries: Any = own
        taken = frozenset(m.kind for m in primaries if m.is_primary)
        now = format_instant(self.uow.now)
        for key, image in folding.state.items():
            if image is None or image.get("party_id") == (folding.now[key] or {}).get("party_id"):
                continue
            if key[0] == "mechanism":
                folding.state[key] = dict(secondary(image, taken))
            elif key[0] == "lifecycle_entry" and stands:
                folding.state[key] = dict(closed(image, now=now))


def _check(losing: tuple[str, UUID], theirs: Mapping[str, Any], winning: tuple[str, UUID], mine: Any) -> None:
    for (_, id_), image in ((losing, theirs), (winning, mine)):
        if "merged_into" in image:
            raise ConflictError(f"party {id_} has been merged into {image['merged_into']}; merge that one")
    if theirs["kind"] != mine["kind"]:
        raise InvalidValueError("winner", winning[1], f"is of the kind {mine['kind']}, and the other {theirs['kind']}")
