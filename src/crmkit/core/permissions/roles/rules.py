"""Pure decisions about roles: which rules make sense here, and which ones a new tenant begins with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from attrs import frozen

from crmkit.core.kernel.access.rule import Rule, Scope, covers
from crmkit.core.kernel.entities.custom import NO_CUSTOM, CustomShapes
from crmkit.core.kernel.entities.entity import EntityType, nearest
from crmkit.core.kernel.query.check import check_criteria
from crmkit.core.kernel.query.fields import Registry, root_name
from crmkit.errors import InvalidValueError, LimitExceededError, UnknownFieldError
from crmkit.values.criteria import ALWAYS, Criteria, Variable, f

__all__ = ["DEFAULT_ROLES", "MAX_RULES", "DefaultRole", "check_permission", "check_rules", "naming"]

MAX_RULES: Final = 200
"""How many rules a role may have."""


def check_rules(
    rules: Sequence[Rule], *, permissions: Collection[str], registry: Registry, custom: CustomShapes = NO_CUSTOM
) -> None:
    """Refuse rules that could never apply, since they are mistakes.

    Args:
        rules: what a role is to say.
        permissions: the names of all registered permissions.
        registry: the entities of the deployment.
        custom: the custom fields of the tenant.

    Raises:
        InvalidValueError: if a permission covers none that is registered, or a condition belongs to no entity.
        UnknownFieldError: if a condition or a list of fields names a field that the entity does not have.
        LimitExceededError: if there are more than 200.
    """  # raised by what this calls; callers want to know
    if len(rules) > MAX_RULES:
        raise LimitExceededError("rules of a role", MAX_RULES, got=len(rules))
    for rule in rules:
        check_permission(rule.permission, permissions)
        entity = _entity_of(rule, registry)
        if rule.where != ALWAYS:
            if entity is None:
                raise InvalidValueError("where", rule.permission, "is of no entity, so a condition has no fields")
            check_criteria(rule.where, registry, entity, custom=custom)
        if entity is not None:
            _check_fields(rule, entity, registry, custom)


def naming(plugin: str) -> Criteria:
    """The rules that name permissions of a plugin, or the right to be elevated to one."""
    return f.permission.starts_with(f"{plugin}.") | f.permission.starts_with(f"elevate.{plugin}.")


def check_permission(pattern: str, permissions: Collection[str]) -> None:
    """Refuse a pattern that covers no registered permission.

    Raises:
        InvalidValueError: if so; names the nearest permission.
    """
    # A right to elevate names the permission that is elevated to, behind a prefix.
    wanted = pattern.removeprefix("elevate.")
    if wanted == "*" or any(covers(wanted, p) for p in permissions):
        return
    hint = nearest(wanted, permissions)
    raise InvalidValueError("permission", pattern, f"covers no permission{f'; did you mean {hint!r}?' if hint else ''}")


def _entity_of(rule: Rule, registry: Registry) -> EntityType[Any] | None:
    name = rule.permission.rpartition(".")[0]
    return next((e for e in registry if e.name == name), None)


def _check_fields(rule: Rule, entity: EntityType[Any], registry: Registry, custom: CustomShapes) -> None:
    parts = [e for e in registry if e.part_of is not None and root_name(registry, e) == entity.name]
    known = {name for e in (entity, *parts) for name in (*e.shape.fields, *custom.of(e.name))}
    for name in rule.fields:
        if not name.startswith("class:") and name not in known:
            raise UnknownFieldError(entity.name, name, nearest=nearest(name, known))


# -- what a new tenant begins with ------------------------------------------------------------------------------------


@frozen
class DefaultRole:
    """A role that a new tenant begins with.

    Attributes:
        key: its key.
        label: for people.
        description: whom it is for.
        rules: what it says.
    """

    key: str
    label: str
    description: str
    rules: tuple[Rule, ...]


def _permits(scope: Scope, *permissions: str) -> list[Rule]:
    return [Rule(effect="permit", permission=p, scope=scope) for p in permissions]


_VOCABULARY: Final = (
    "channel.read",
    "custom_field.read",
    "lifecycle_stage.read",
    "party_role_type.read",
    "pipeline.read",
    "relationship_type.read",
    "team.read",
)
"""What one must see to work with anything."""
_CONVERSATIONS: Final = ("interaction.*", "thread.*")
"""Visible with their party, so that the party's scope decides."""

_TALK: Final = ("comment.create", "attachment.create", "decision.create")
"""What hangs on a record is read with it; who may see a record may add to it, and change what is one's own."""
_OWN_TALK: Final = ("comment.update", "comment.delete", "attachment.update", "attachment.delete", "decision.delete")

_FOLLOWING: Final = ("claim.read", "claim.update", "grant.read", "grant.update")
"""They belong to no team, but are visible with their record only; so whoever hands that over can give these too."""


def _of_oneself() -> Iterable[Rule]:
    """Everybody may know one's own rights, lend them, and see what is lent to one."""
    yield Rule(effect="permit", permission="rights.explain")
    for verb in ("read", "create", "delete"):
        where = f.from_actor == Variable("actor")
        yield Rule(effect="permit", permission=f"delegation.{verb}", where=where)
    yield Rule(effect="permit", permission="delegation.read", where=f.to_actor == Variable("actor"))


DEFAULT_ROLES: Final = (
    DefaultRole(
        "administrator",
        "Administrator",
        "May do everything.",
        tuple(_permits("all", "*")),
    ),
    DefaultRole(
        "manager",
        "Manager",
        "Leads teams: everything of these teams and of those below them.",
        (
            *_permits("subtree", "party.*", "deal.*", "activity.*", "grant.*", "claim.*", "saved_criteria.*"),
            *_permits(
                "all", *_CONVERSATIONS, *_VOCABULARY, "stage.move", "ownership.transfer", "rights.explain_others"
            ),
            *_permits("all", *_FOLLOWING, *_TALK),
            *_permits("own", *_OWN_TALK),
            *_of_oneself(),
        ),
    ),
    DefaultRole(
        "seller",
        "Seller",
        "Works with the parties of the team, and with own deals and activities.",
        (
            *_permits("team", "party.*", "saved_criteria.read"),
            *_permits("own", "deal.*", "activity.*", "grant.*", "claim.*", "saved_criteria.*", *_OWN_TALK),
            *_permits("all", *_CONVERSATIONS, *_VOCABULARY, *_TALK, "stage.move"),
            *_of_oneself(),
        ),
    ),
    DefaultRole(
        "viewer",
        "Viewer",
        "Sees everything and changes nothing.",
        tuple(_permits("all", "*.read", "rights.explain")),
    ),
    DefaultRole(
        "steward",
        "Steward",
        "Answers for the CRM and its data: cleans up records, keeps the vocabulary, hands over what somebody owned.",
        (
            *_permits("all", "*.read", "party.*", "deal.update", "activity.update"),
            *_permits("all", "ownership.transfer", *_FOLLOWING),
            *_permits("all", *_TALK, "comment.delete", "attachment.update", "attachment.delete"),
            *_permits("own", "comment.update"),
            *_permits("all", "channel.*", "lifecycle_stage.*", "party_role_type.*", "relationship_type.*"),
            *_permits("all", "rights.explain", "rights.explain_others"),
        ),
    ),
)
