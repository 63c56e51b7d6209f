"""Who may do what: rules, the rights they add up to, and the decision.

A decision is: no forbid, and a permit, and every restriction agrees. It denies by default and does not depend on the
order of rules. The same `Access` is asked in Python (`Rights.check`) and turned into SQL
(`crmkit.core.kernel.access.visibility`); `crmkit.core.kernel.access.explain` tells it in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, Literal, Protocol, assert_never
from uuid import UUID

from attrs import evolve, field, frozen

from crmkit.core.kernel.access.rule import Rule, SourcedRule, covers, fields_of
from crmkit.core.kernel.entities.custom import NO_CUSTOM, CustomShapes
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.query.check import Variables, check_criteria
from crmkit.core.kernel.query.evaluate import matches
from crmkit.core.kernel.query.fields import Registry, root_name
from crmkit.errors import CriteriaError, InvalidValueError
from crmkit.values.criteria import ALWAYS, Criteria

__all__ = [
    "ACTOR",
    "FOLLOWED",
    "TEAM",
    "Access",
    "Branch",
    "Delegated",
    "Rights",
    "World",
    "followed",
    "permission_for",
]

ACTOR: Final = "actor"
"""The kind of grantee that is one actor."""
TEAM: Final = "team"
"""The kind of grantee that is a team."""
FOLLOWED: Final = 2
"""How many references to records of any kind, one leading to the next, are followed to say what may be seen."""


# -- access: what rules come to for one permission on one entity ------------------------------------------------------


class World(Protocol):
    """What a decision may have to look up about records; the unit of work gives it."""

    @property
    def registry(self) -> Registry:
        """The entities of the deployment."""
        ...

    @property
    def now(self) -> datetime:
        """The present instant, UTC, from which relative dates are counted."""
        ...

    def load(self, entity: EntityType[Any], id: UUID, /) -> Record | None:
        """The record, whoever may see it, as the unit sees it now."""
        ...

    def granted(self, entity: str, id: UUID, permission: str, kind: str, keys: tuple[str, ...]) -> bool:
        """Whether ``permission`` on this record is shared with one of the grantees ``keys`` of ``kind``."""
        ...


@frozen
class Branch:
    """A set of records: the ones that a rule speaks of.

    Attributes:
        kind: all; owner (the key is the owner); team (one of the keys is the team); actor or team grantee.
        keys: see kind.
        where: a condition that they fit, too.
    """

    kind: Literal["all", "owner", "team", "granted_actor", "granted_team"]
    keys: tuple[str, ...] = ()
    where: Criteria = ALWAYS


EVERYTHING: Final = Branch("all")


@frozen(kw_only=True)
class Access:
    """What one holder's own rules say about one permission on one entity: in any branch, and in no forbid."""

    permission: str
    branches: tuple[Branch, ...]
    forbids: tuple[Branch, ...]

    def admits(self, holder: Rights, entity: EntityType[Any], record: Record, world: World) -> bool:
        """Whether ``record`` is in a branch."""
        return any(self._contains(b, holder, entity, record, world) for b in self.branches)

    def refuses(self, holder: Rights, entity: EntityType[Any], record: Record, world: World) -> bool:
        """Whether ``record`` is in a forbid."""
        return any(self._contains(b, holder, entity, record, world) for b in self.forbids)

    def _contains(self, branch: Branch, holder: Rights, entity: EntityType[Any], record: Record, world: World) -> bool:
        if not self._is_for(branch, entity, record, world):
            return False
        where = branch.where
        return where == ALWAYS or matches(
            where, entity, record, variables=holder.variables, now=world.now, custom=holder.custom
        )

    def _is_for(self, branch: Branch, entity: EntityType[Any], record: Record, world: World) -> bool:
        match branch.kind:
            case "all":
                return True
            case "owner":
                return entity.owner is not None and getattr(record, entity.owner) in branch.keys
            case "team":
                return entity.team is not None and getattr(record, entity.team) in branch.keys
            case "granted_actor":
                return world.granted(entity.name, record.id, self.permission, ACTOR, branch.keys)
            case "granted_team":
                return world.granted(entity.name, record.id, self.permission, TEAM, branch.keys)
            case _:
                assert_never(branch.kind)


# -- rights -----------------------------------------------------------------------------------------------------------


def _keys(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


@frozen
class Delegated:
    """Rights that another actor has lent.

    Attributes:
        source: such as ``delegation by u-7 until 2025-06-01``.
        permissions: patterns of the permissions lent.
        rights: the lender's own; they hold as far as the lender still has them.
    """

    source: str
    permissions: tuple[str, ...]
    rights: Rights

    def covers(self, permission: str) -> bool:
        """Whether ``permission`` is among those lent."""
        return any(covers(p, permission) for p in self.permissions)


@frozen(kw_only=True)
class Rights:
    """Everything that decides what one actor may do in one unit of work.

    Attributes:
        actor: the actor's id.
        teams: keys of the actor's teams.
        subtree: keys of these teams and of all teams below them.
        rules: in any order.
        shared: (entity, permission) of which at least one record is shared with the actor or one of the teams.
        delegated: rights that others have lent.
        restrictions: rights of others that must agree, too: those on whose behalf the actor acts.
        valid_until: when a delegation begins or ends next; the rights must be loaded again then.
        custom: the custom fields of the tenant.
    """

    actor: str
    teams: frozenset[str] = field(default=frozenset(), converter=_keys)
    subtree: frozenset[str] = field(default=frozenset(), converter=_keys)
    rules: tuple[SourcedRule, ...] = ()
    shared: frozenset[tuple[str, str]] = frozenset()
    delegated: tuple[Delegated, ...] = ()
    restrictions: tuple[Rights, ...] = ()
    valid_until: datetime | None = None
    custom: CustomShapes = field(default=NO_CUSTOM, eq=False, repr=False)
    variables: Variables = field(init=False, eq=False, repr=False)
    cache: dict[Any, Any] = field(init=False, eq=False, repr=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        variables = Variables(actor=self.actor, teams=self.teams, subtree=self.subtree | self.teams)
        object.__setattr__(self, "variables", variables)

    @classmethod
    def unlimited(cls, actor: str, source: str) -> Rights:
        """The rights of crmkit itself, setting up a tenant or a plugin."""
        return cls(actor=actor, rules=(SourcedRule(source, Rule(effect="permit", permission="*")),))

    # -- three ways to have less or more ------------------------------------------------------------------------------

    def elevated(self, permission: str, reason: str) -> Rights:
        """These rights and one more permission, on all records. A forbid still beats it."""
        rule = SourcedRule(f"elevated: {reason}", Rule(effect="permit", permission=permission))
        restrictions = tuple(r.elevated(permission, reason) for r in self.restrictions)
        return evolve(self, rules=(*self.rules, rule), restrictions=restrictions)

    def restricted_to(self, *others: Rights) -> Rights:
        """What both these rights and those of ``others`` allow: for an actor who acts on behalf of another."""
        return evolve(self, restrictions=(*self.restrictions, *others))

    # -- decisions ----------------------------------------------------------------------------------------------------

    def may(self, permission: str) -> bool:
        """Whether the actor may do this at all: to some record, or where there is no record."""
        cached: bool | None = self.cache.get(permission)
        if cached is None:
            cached = self.cache[permission] = self._may(permission)
        return cached

    def check(
        self, permission: str, entity: EntityType[Any], record: Record, world: World, *, follow: int = FOLLOWED
    ) -> bool:
        """Whether the actor may do this to ``record``.

        Args:
            permission: such as ``deal.update``; for a part, its root's.
            entity: the record's entity; a part is decided by its root, and what is visible with another record needs
                that one to be visible.
            record: as it is, or as it would be.
            world: looks up other records.
            follow: see `followed`.
        """
        if entity.part_of is not None:
            root = self._check_root(permission, entity, record, world, follow)
            return root and self._sees_company(entity, record, world, follow)
        access = self.access(permission, entity)
        return (
            not access.refuses(self, entity, record, world)
            and (
                access.admits(self, entity, record, world)
                or any(d.rights.check(permission, entity, record, world, follow=follow) for d in self.lent(permission))
            )
            and all(r.check(permission, entity, record, world, follow=follow) for r in self.restrictions)
            and self._sees_company(entity, record, world, follow)
        )

    def sees_with(
        self, entity: EntityType[Any], name: str, record: Record, world: World, *, follow: int = FOLLOWED
    ) -> bool:
        """Whether what ``record`` refers to in ``name`` is visible; an empty reference hides nothing."""
        reference = entity.field(name).reference
        if reference is None:
            return False
        kind, id_ = reference.entity or getattr(record, reference.entity_column or ""), getattr(record, name)
        if reference.entity is not None:
            return id_ is None or self._sees(kind, id_, world, follow)
        if kind is None or self.reads_everything:
            return True
        whole = any(e.name == kind and e.part_of is None for e in world.registry)  # never a part, see `any_ref`
        return whole and id_ is not None and follow > 0 and self._sees(kind, id_, world, followed(entity, name, follow))

    @property
    def reads_everything(self) -> bool:
        """Whether the actor may read every record of every kind: also of kinds that nobody can ask about."""
        cached: bool | None = self.cache.get("reads everything")
        if cached is None:
            rules = [s.rule for s in self.rules if not s.rule.fields]
            forbidden = any(r.effect == "forbid" and r.permission.endswith(("*", ".read")) for r in rules)
            total = any(r.effect == "permit" and r.scope == "all" and r.permission in {"*", "*.read"} for r in rules)
            cached = not forbidden and total and all(r.reads_everything for r in self.restrictions)
            self.cache["reads everything"] = cached
        return cached

    def reads_along(self, permission: str, entity: EntityType[Any]) -> bool:
        """Whether this is to read what hangs on a record, for which it is enough to read the record.

        A forbid takes it away all the same. Under a delegation it has to be lent, since the lender may lack it.
        """
        return bool(entity.goes_with) and permission == f"{entity.name}.read" and not self.delegated

    def hidden_fields(self, permission: str, entity: EntityType[Any]) -> frozenset[str]:
        """The fields that no one with these rights may read (``deal.read``) or write (``deal.update``).

        What is hidden from a lender stays hidden from the borrower while the delegation lasts.
        """
        key = ("fields", permission, entity.name)
        cached: frozenset[str] | None = self.cache.get(key)
        if cached is None:
            covering = [s.rule for s in self.rules if s.rule.covers(permission)]
            own = {name for rule in covering for name in fields_of(rule, entity, self.custom)}
            others = (*(d.rights for d in self.lent(permission)), *self.restrictions)
            cached = frozenset(own.union(*(o.hidden_fields(permission, entity) for o in others)))
            self.cache[key] = cached
        return cached

    def access(self, permission: str, entity: EntityType[Any]) -> Access:
        """What this actor's own rules and shares say; delegations and restrictions are asked apart."""
        key = (permission, entity.name)
        cached: Access | None = self.cache.get(key)
        if cached is None:
            cached = self.cache[key] = self._access(permission, entity)
        return cached

    def lent(self, permission: str) -> Iterator[Delegated]:
        """The delegations that cover ``permission``."""
        return (d for d in self.delegated if d.covers(permission))

    # -- how --------------------------------------------------------------------------------------------------------

    def _may(self, permission: str) -> bool:
        covering = [s.rule for s in self.rules if s.rule.covers(permission) and not s.rule.fields]
        if any(r.effect == "forbid" and r.scope == "all" and r.where == ALWAYS for r in covering):
            return False
        permitted = (
            any(r.effect == "permit" for r in covering)
            or any(p == permission for _, p in self.shared)
            or any(d.rights.may(permission) for d in self.lent(permission))
        )
        return permitted and all(r.may(permission) for r in self.restrictions)

    def _check_root(self, permission: str, entity: EntityType[Any], record: Record, world: World, follow: int) -> bool:
        name = entity.part_of or ""
        reference = entity.field(name).reference
        if reference is None or reference.entity is None:
            return False
        root = world.registry.entity(reference.entity)
        found = world.load(root, getattr(record, name))
        return found is not None and self.check(permission, root, found, world, follow=follow)

    def _sees_company(self, entity: EntityType[Any], record: Record, world: World, follow: int) -> bool:
        return all(self.sees_with(entity, name, record, world, follow=follow) for name in entity.visible_with)

    def _sees(self, kind: str, id_: UUID, world: World, follow: int) -> bool:
        other = next((e for e in world.registry if e.name == kind), None)
        found = None if other is None else world.load(other, id_)
        if other is None or found is None:
            return False
        return self.check(f"{root_name(world.registry, other)}.read", other, found, world, follow=follow)

    def _access(self, permission: str, entity: EntityType[Any]) -> Access:
        covering = [s.rule for s in self.rules if s.rule.covers(permission) and not s.rule.fields]
        permits = self._branches((r for r in covering if r.effect == "permit"), entity)
        forbids = self._branches((r for r in covering if r.effect == "forbid"), entity)
        if (entity.name, permission) in self.shared:
            permits.append(Branch("granted_actor", (self.actor,)))
            if self.teams:
                permits.append(Branch("granted_team", tuple(sorted(self.teams))))
        if self.reads_along(permission, entity):
            permits.append(EVERYTHING)
        if EVERYTHING in forbids:
            permits = []
        return Access(permission=permission, branches=_simplified(permits), forbids=_simplified(forbids))

    def _branches(self, rules: Iterable[Rule], entity: EntityType[Any]) -> list[Branch]:
        found: list[Branch] = []
        for rule in rules:
            if not _fits_entity(rule.where, entity, self.custom):
                # A condition on a field that is gone: the permit gives nothing, the forbid takes everything.
                found.extend([EVERYTHING] if rule.effect == "forbid" else [])
                continue
            if rule.scope == "all":
                found.append(Branch("all", (), rule.where))
                continue
            if entity.owner is not None:
                found.append(Branch("owner", (self.actor,), rule.where))
            keys = {"own": frozenset[str](), "team": self.teams, "subtree": self.variables.subtree}[rule.scope]
            if entity.team is not None and keys:
                found.append(Branch("team", tuple(sorted(keys)), rule.where))
        return found


def followed(entity: EntityType[Any], name: str, follow: int) -> int:
    """How many references to any kind may still be followed after this one, of ``follow``; of fixed kind all.

    Records may hang on each other in circles, so there must be an end. A reference that may be empty, such as what an
    interaction is about, is the last one: the SQL that follows on, through all kinds twice, would be too long.
    """
    reference = entity.field(name).reference
    if reference is None or reference.entity is not None:
        return follow
    return 0 if entity.table.c[name].nullable else follow - 1


def permission_for(registry: Registry, entity: EntityType[Any], verb: str) -> str:
    """The permission that ``verb`` (read, create, update, delete) on a record of ``entity`` needs.

    Reading a part is reading its root, every other change of a part is an update of its root. A fact is recorded.
    """
    root = root_name(registry, entity)
    if entity.kind == "fact" and verb == "create":
        return f"{root}.record"
    return f"{root}.{verb}" if verb == "read" or entity.part_of is None else f"{root}.update"


def _fits_entity(where: Criteria, entity: EntityType[Any], custom: CustomShapes) -> bool:
    if where == ALWAYS:
        return True
    try:
        check_criteria(where, _NoRelations(), entity, custom=custom)
    except (CriteriaError, InvalidValueError):
        return False
    return True


class _NoRelations:
    """The registry of a condition that follows no relation."""

    def __iter__(self) -> Iterator[EntityType[Any]]:
        return iter(())

    def entity(self, name: str) -> EntityType[Any]:
        raise CriteriaError(f"a rule cannot follow the relation to {name!r}")

    def by_model(self, model: type[Any]) -> EntityType[Any]:
        raise CriteriaError(f"a rule cannot follow the relation to {model!r}")

    def inverse(self, entity: str, relation: str) -> None:  # noqa: ARG002  # the registry's signature
        return None


def _simplified(branches: list[Branch]) -> tuple[Branch, ...]:
    """Without repetition, and in an order that does not depend on that of the rules, so that SQL is shared."""
    if EVERYTHING in branches:
        return (EVERYTHING,)
    teams: dict[Criteria, set[str]] = {}
    rest: set[Branch] = set()
    for branch in branches:
        if branch.kind == "team":
            teams.setdefault(branch.where, set()).update(branch.keys)
        else:
            rest.add(branch)
    merged = [Branch("team", tuple(sorted(keys)), where) for where, keys in teams.items()]
    return tuple(sorted([*rest, *merged], key=lambda b: (b.kind, repr(b.where), b.keys)))
