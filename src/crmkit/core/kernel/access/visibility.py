"""Rights as templates: which records of an entity an actor may see, in a form that becomes SQL.

This mirrors `Rights.check`, which decides about one record in Python; property tests hold the two together.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from crmkit.core.kernel.access.policy import ACTOR, FOLLOWED, TEAM, Access, Branch, Rights, followed
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.shape import Reference
from crmkit.core.kernel.query.check import ALL, NONE, Asking, Params, Template, in_list, resolve
from crmkit.core.kernel.query.fields import Registry, root_name

__all__ = ["MAX_BRANCHES", "MAX_TEAMS", "Visibility", "visibility_of"]

MAX_TEAMS: Final = 20
"""Up to so many teams get a branch of their own, since their rows lie in order in the index; more share one."""
MAX_BRANCHES: Final = 40
"""With more reasons than this to see a record, they are asked in one condition."""


@frozen
class Visibility:
    """Which records may be seen: those in any branch that fit ``common``.

    Attributes:
        branches: templates, one per reason; none if nothing may be seen.
        common: what all of them must fit.
        condition: all of this in one template.
        template: identifies its structure.
        params: its values.
    """

    branches: tuple[Template, ...]
    common: Template
    condition: Template
    template: Template
    params: Params

    @property
    def everything(self) -> bool:
        """Whether no record is hidden."""
        return bool(self.condition == ALL)


def visibility_of(
    rights: Rights, permission: str, entity: EntityType[Any], registry: Registry, *, known: str | None = None
) -> Visibility:
    """Which records of ``entity`` these rights give ``permission`` on.

    Args:
        rights: whose.
        permission: such as ``deal.read``; for a part, its root's.
        entity: of which records.
        registry: the entities of the deployment.
        known: a field of the entity's ``visible_with`` that needs no condition, since all records asked for have the
            same in it, of which `Rights.sees_with` was asked; for rights that nobody has lent or restricts.
    """
    prefix = f"{entity.name}__{permission}__".replace(".", "_").replace("*", "all")
    params: Params = {}
    branches, narrow, common = _Builder(registry, prefix, params).read(rights, permission, entity, known=known)
    condition = conjunction(disjunction(narrow), common)
    if len(branches) > MAX_BRANCHES:
        branches = [disjunction(narrow)]
    return Visibility(tuple(branches), common, condition, ("see", *branches, common, condition), params)


def conjunction(*terms: Template) -> Template:
    """The template that all of ``terms`` must fit."""
    kept = [t for t in dict.fromkeys(terms) if t != ALL]
    if NONE in kept:
        return NONE
    return kept[0] if len(kept) == 1 else ("and", *kept)


def disjunction(terms: list[Template]) -> Template:
    """The template that any of ``terms`` must fit."""
    kept = [t for t in dict.fromkeys(terms) if t != NONE]
    if ALL in kept:
        return ALL
    return kept[0] if len(kept) == 1 else ("or", *kept)


def negation(term: Template) -> Template:
    """The template that fits where ``term`` does not."""
    return {ALL: NONE, NONE: ALL}.get(term, ("not", term))


class _Builder:
    def __init__(self, registry: Registry, prefix: str, params: Params) -> None:
        self.registry, self.prefix, self.params = registry, prefix, params

    def read(
        self,
        rights: Rights,
        permission: str,
        entity: EntityType[Any],
        follow: int = FOLLOWED,
        *,
        known: str | None = None,
    ) -> tuple[list[Template], list[Template], Template]:
        """The branches, each team by itself; the same with all teams in one; and what all must fit."""
        if entity.part_of is not None:
            reference = entity.field(entity.part_of).reference
            name = (reference and reference.entity) or ""
            root = self._via(rights, permission, entity, entity.part_of, name, follow=follow)
            return ([], [], NONE) if root == NONE else ([root], [root], self._company(rights, entity, follow))
        access = rights.access(permission, entity)
        branches, narrow = self._permits(rights, access, entity)
        for lent in rights.lent(permission):
            theirs, theirs_narrow, their_common = self.read(lent.rights, permission, entity, follow)
            branches += [conjunction(b, their_common) for b in theirs]
            narrow += [conjunction(b, their_common) for b in theirs_narrow]
        forbids = [self._branch(b, rights, entity, access.permission) for b in access.forbids]
        restrictions = [self._condition(r, permission, entity, follow) for r in rights.restrictions]
        company = self._company(rights, entity, follow, known)
        common = conjunction(negation(disjunction(forbids)), *restrictions, company)
        if common == NONE:
            return [], [], NONE
        wide, slim = disjunction(branches), disjunction(narrow)
        return ([ALL], [ALL], common) if slim == ALL else (_alternatives(wide), _alternatives(slim), common)

    def _condition(self, rights: Rights, permission: str, entity: EntityType[Any], follow: int) -> Template:
        """All of it in one template."""
        _, narrow, common = self.read(rights, permission, entity, follow)
        return conjunction(disjunction(narrow), common)

    def _permits(
        self, rights: Rights, access: Access, entity: EntityType[Any]
    ) -> tuple[list[Template], list[Template]]:
        branches: list[Template] = []
        narrow: list[Template] = []
        for branch in access.branches:
            whole = self._branch(branch, rights, entity, access.permission)
            if whole == NONE:
                continue
            narrow.append(whole)
            split = branch.kind == "team" and len(branch.keys) <= MAX_TEAMS
            branches += self._split(whole, len(branch.keys)) if split else [whole]
        return branches, narrow

    def _split(self, whole: Template, count: int) -> list[Template]:
        """One template per key of a team branch, with the same parameters."""
        listed, where = (whole[1], whole[2:]) if whole[0] == "and" else (whole, ())
        _, column, prefix, start, _ = listed
        return [conjunction(("cmp", column, "eq", f"{prefix}{start + i}"), *where) for i in range(count)]

    def _branch(self, branch: Branch, holder: Rights, entity: EntityType[Any], permission: str) -> Template:
        asking = Asking(self.registry, _Holder(holder), self.prefix)
        where = resolve(branch.where, entity, asking, self.params)
        return conjunction(self._reason(branch, entity, permission), where)

    def _reason(self, branch: Branch, entity: EntityType[Any], permission: str) -> Template:
        match branch.kind:
            case "owner":
                return ("cmp", entity.owner, "eq", self._name(branch.keys[0]))
            case "team":
                return in_list(entity.team or "", list(branch.keys), self.prefix, self.params)
            case "granted_actor" | "granted_team":
                kind = ACTOR if branch.kind == "granted_actor" else TEAM
                names = [self._name(v) for v in (entity.name, permission, kind)]
                return ("granted", *names, in_list("grantee", list(branch.keys), self.prefix, self.params))
            case "all":
                return ALL

    def _name(self, value: Any) -> str:
        name = f"{self.prefix}{len(self.params)}"
        self.params[name] = value
        return name

    def _via(
        self, rights: Rights, permission: str, entity: EntityType[Any], column: str, other: str, *, follow: int
    ) -> Template:
        """That the record in ``column`` gives ``permission``; an empty reference gives none."""
        _, narrow, common = self.read(rights, permission, self.registry.entity(other), follow)
        condition = conjunction(disjunction(narrow), common)
        if condition == ALL:
            return ("empty", column, False) if entity.table.c[column].nullable else ALL
        return NONE if condition == NONE else ("via", other, column, tuple(narrow), common)

    def _company(self, rights: Rights, entity: EntityType[Any], follow: int, known: str | None = None) -> Template:
        """That the records that this one is visible with may be read; an empty reference hides nothing."""
        columns = (column for column in entity.visible_with if column != known)
        return conjunction(*[self._with(rights, entity, column, follow) for column in columns])

    def _with(self, rights: Rights, entity: EntityType[Any], column: str, follow: int) -> Template:
        reference = entity.field(column).reference
        if reference is None:
            return NONE
        if reference.entity is None:
            return self._with_any(rights, entity, reference, follow)
        seen = self._readable(rights, entity, column, reference.entity, follow)
        if not entity.table.c[column].nullable:
            return seen
        return ALL if seen == ("empty", column, False) else disjunction([("empty", column, True), seen])

    def _with_any(self, rights: Rights, entity: EntityType[Any], reference: Reference, follow: int) -> Template:
        column, kind = reference.column, reference.entity_column or ""
        if rights.reads_everything:
            return ALL
        found: list[Template] = [("empty", kind, True)] if entity.table.c[kind].nullable else []
        alike: dict[Template, list[str]] = {}
        for other in (e for e in self.registry if e.part_of is None) if follow > 0 else ():
            seen = self._readable(rights, entity, column, other.name, followed(entity, column, follow))
            if seen != NONE:
                alike.setdefault(seen, []).append(other.name)
        for seen, names in alike.items():
            found.append(conjunction(in_list(kind, names, self.prefix, self.params), seen))
        return disjunction(found)

    def _readable(self, rights: Rights, entity: EntityType[Any], column: str, other: str, follow: int) -> Template:
        name = root_name(self.registry, self.registry.entity(other))
        return self._via(rights, f"{name}.read", entity, column, other, follow=follow)


def _alternatives(template: Template) -> list[Template]:
    if template == NONE:
        return []
    return list(template[1:]) if template[0] == "or" else [template]


class _Holder:
    """Reads a rule's condition with its holder's variables; a rule may look at any field."""

    def __init__(self, rights: Rights) -> None:
        self.variables, self.custom = rights.variables, rights.custom

    def hidden_fields(self, permission: str, entity: EntityType[Any]) -> frozenset[str]:  # noqa: ARG002  # any field
        return frozenset()
