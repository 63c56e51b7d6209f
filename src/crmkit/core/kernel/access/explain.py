"""Why an actor may or may not do something, in words: every rule that speaks of it, and what it comes to."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from crmkit.core.kernel.access.policy import ACTOR, TEAM, Rights, World
from crmkit.core.kernel.access.rule import Rule, criteria_text
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.query.evaluate import matches
from crmkit.errors import CrmkitError
from crmkit.values.criteria import ALWAYS

__all__ = ["Consideration", "Explanation", "explain"]

_COMPANY: Final = "visible with "


@frozen
class Consideration:
    """One rule, share, delegation or restriction that speaks of the permission asked for.

    Attributes:
        source: where it comes from, such as ``role seller``.
        text: what it says.
        applies: whether it applies to what was asked.
        reason: why, in a few words.
    """

    source: str
    text: str
    applies: bool
    reason: str

    def __str__(self) -> str:
        return f"{'+' if self.applies else '-'} {self.source}: {self.text} ({self.reason})"


@frozen(kw_only=True)
class Explanation:
    """A decision and everything that was considered; its text is for people.

    Attributes:
        actor: whose right it is.
        permission: what was asked.
        entity: of which entity; None if of no record.
        id: of which record; None if of no record.
        allowed: the decision; always the one that the check comes to.
        verdict: the decision in one sentence.
        considered: every rule that speaks of it.
        hidden_fields: the fields that the actor does not see all the same.
    """

    actor: str
    permission: str
    entity: str | None = None
    id: Any = None
    allowed: bool
    verdict: str
    considered: tuple[Consideration, ...] = ()
    hidden_fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        about = f" on {self.entity}" + (f" {self.id}" if self.id is not None else "") if self.entity else ""
        lines = [f"{self.actor}, {self.permission}{about}: {self.verdict}", *(f"  {c}" for c in self.considered)]
        if self.hidden_fields:
            lines.append(f"  without the fields: {', '.join(self.hidden_fields)}")
        return "\n".join(lines)


def explain(
    rights: Rights,
    permission: str,
    entity: EntityType[Any] | None = None,
    record: Record | None = None,
    world: World | None = None,
) -> Explanation:
    """Why ``rights`` allow ``permission`` or not.

    Args:
        rights: whose.
        permission: such as ``deal.update``.
        entity: of which entity; without a record the question is which of its records.
        record: on which record.
        world: looks up other records; needed with ``record``.
    """
    if entity is not None and record is not None and world is not None:
        return _explain_record(rights, permission, entity, record, world)
    considered = _considered(rights, permission, entity, None, None)
    allowed = rights.may(permission) or _may_along(rights, permission, entity)
    return Explanation(
        actor=rights.actor,
        permission=permission,
        entity=None if entity is None else entity.name,
        allowed=allowed,
        verdict=_verdict_without_record(considered, allowed=allowed),
        considered=tuple(considered),
        hidden_fields=_hidden(rights, permission, entity),
    )


def _may_along(rights: Rights, permission: str, entity: EntityType[Any] | None) -> bool:
    """Whether some records may be read since they hang on others, though no rule permits it."""
    if entity is None or not rights.reads_along(permission, entity):
        return False
    return all(holder.access(permission, entity).branches for holder in (rights, *rights.restrictions))


def _verdict_without_record(considered: list[Consideration], *, allowed: bool) -> str:
    if allowed:
        return "allowed, where a permit applies and no forbid does"
    return "denied; " + ("no permit applies or a forbid takes all" if considered else "no rule speaks of it")


def _explain_record(
    rights: Rights, permission: str, entity: EntityType[Any], record: Record, world: World
) -> Explanation:
    decided, at, steps = _decided_by(rights, entity, record, world)
    considered = [*steps, *([] if at is None else _considered(rights, permission, decided, at, world))]
    if at is not None:
        considered += _company(rights, decided, at, world)
    allowed = rights.check(permission, entity, record, world)
    return Explanation(
        actor=rights.actor,
        permission=permission,
        entity=entity.name,
        id=record.id,
        allowed=allowed,
        verdict=_verdict(considered, allowed=allowed),
        considered=tuple(considered),
        hidden_fields=_hidden(rights, permission, entity),
    )


def _verdict(considered: list[Consideration], *, allowed: bool) -> str:
    if allowed:
        return "allowed"
    forbid = next((c for c in considered if c.applies and c.text.startswith("forbid ")), None)
    if forbid is not None:
        return f"denied; {forbid.source} forbids it"
    restriction = next((c for c in considered if not c.applies and c.source.startswith("on behalf of")), None)
    if restriction is not None:
        return f"denied; {restriction.source}: {restriction.reason}"
    company = next((c for c in considered if not c.applies and c.source.startswith(_COMPANY)), None)
    if company is not None:
        return f"denied; {company.reason}"
    return "denied; no permit applies"


def _decided_by(
    rights: Rights, entity: EntityType[Any], record: Record, world: World
) -> tuple[EntityType[Any], Record | None, list[Consideration]]:
    """A part is decided by its root, and by what it is visible with itself."""
    steps: list[Consideration] = []
    at: Record | None = record
    while entity.part_of is not None and at is not None:
        steps += _company(rights, entity, at, world)
        reference, id_ = entity.field(entity.part_of).reference, getattr(at, entity.part_of)
        root = world.registry.entity((reference.entity if reference else None) or "")
        at = world.load(root, id_)
        found = "which is there" if at is not None else "which is not there"
        source, text = f"part of {root.name} {id_}", f"{entity.name} is decided by it"
        steps.append(Consideration(source, text, at is not None, found))
        entity = root
    return entity, at, steps


def _company(rights: Rights, entity: EntityType[Any], record: Record, world: World) -> list[Consideration]:
    found = []
    for name in entity.visible_with:
        reference, id_ = entity.field(name).reference, getattr(record, name)
        kind = reference and (reference.entity or getattr(record, reference.entity_column or ""))
        if reference is None or (id_ is None and (kind is None or reference.entity is not None)):
            continue
        seen = rights.sees_with(entity, name, record, world)
        reason = "it is visible" if seen else f"the {kind} that it belongs to is hidden"
        text = "needs that record to be visible"
        found.append(Consideration(f"{_COMPANY}{name} {id_ or 'that is gone'}", text, seen, reason))
    return found


def _considered(
    rights: Rights, permission: str, entity: EntityType[Any] | None, record: Record | None, world: World | None
) -> list[Consideration]:
    found = [
        Consideration(s.source, str(s.rule), *_applies(s.rule, rights, entity, record, world))
        for s in rights.rules
        if s.rule.covers(permission) and not s.rule.fields
    ]
    if entity is not None and rights.reads_along(permission, entity):
        text, reason = f"{entity.name} is read with it", "as the record that it hangs on, unless it is forbidden"
        found.append(Consideration("what hangs on a record", text, applies=True, reason=reason))
    if entity is not None and (entity.name, permission) in rights.shared:
        found.append(_share(rights, permission, entity, record, world))
    for lent in rights.lent(permission):
        inner = explain(lent.rights, permission, entity, record, world)
        found.append(Consideration(lent.source, f"what {inner.actor} may do", inner.allowed, inner.verdict))
    for other in rights.restrictions:
        inner = explain(other, permission, entity, record, world)
        found.append(
            Consideration(f"on behalf of {inner.actor}", "needs that right, too", inner.allowed, inner.verdict)
        )
    return found


def _share(
    rights: Rights, permission: str, entity: EntityType[Any], record: Record | None, world: World | None
) -> Consideration:
    text = f"permit {permission} on records that are shared"
    if record is None or world is None:
        return Consideration("shared", text, applies=True, reason="some are")
    teams = tuple(sorted(rights.teams))
    shared = world.granted(entity.name, record.id, permission, ACTOR, (rights.actor,)) or (
        bool(teams) and world.granted(entity.name, record.id, permission, TEAM, teams)
    )
    return Consideration("shared", text, shared, "it is" if shared else "it is not")


def _applies(
    rule: Rule, rights: Rights, entity: EntityType[Any] | None, record: Record | None, world: World | None
) -> tuple[bool, str]:
    if entity is None or record is None or world is None:
        total = rule.scope == "all" and rule.where == ALWAYS
        return rule.effect == "permit" or total, "to all records" if total else "depends on the record"
    inside, reason = _in_scope(rule, rights, entity, record)
    if rule.where == ALWAYS:
        return inside, reason
    try:
        fits = matches(rule.where, entity, record, variables=rights.variables, now=world.now, custom=rights.custom)
    except CrmkitError as error:
        return rule.effect == "forbid", f"its condition does not fit {entity.name}: {error}"
    return inside and fits, f"{reason}; {criteria_text(rule.where)}: {'yes' if fits else 'no'}"


def _in_scope(rule: Rule, rights: Rights, entity: EntityType[Any], record: Record) -> tuple[bool, str]:
    if rule.scope == "all":
        return True, "scope all"
    owner = None if entity.owner is None else getattr(record, entity.owner)
    if owner is not None and owner == rights.actor:
        return True, f"the owner is {owner}"
    reasons = [f"{entity.name} has no owner" if entity.owner is None else f"the owner is {owner or 'nobody'}"]
    if rule.scope == "own":
        return False, reasons[0]
    team = None if entity.team is None else getattr(record, entity.team)
    keys = rights.teams if rule.scope == "team" else rights.variables.subtree
    reasons.append(f"{entity.name} has no team" if entity.team is None else f"the team is {team or 'none'}")
    return team is not None and team in keys, ", ".join(reasons)


def _hidden(rights: Rights, permission: str, entity: EntityType[Any] | None) -> tuple[str, ...]:
    return () if entity is None else tuple(sorted(rights.hidden_fields(permission, entity)))
