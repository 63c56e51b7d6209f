"""What a role is, what it permits, and who has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from attrs import field, frozen

from crmkit.core.kernel.access.rule import Effect, Rule, Scope
from crmkit.core.kernel.entities.entity import Record
from crmkit.core.permissions import checks
from crmkit.values.criteria import ALWAYS, criteria_from_json, criteria_to_json

__all__ = ["Membership", "Role", "RoleRule"]


@frozen(kw_only=True)
class Role(Record):
    """A named set of permits and forbids.

    Attributes:
        key: how the host's directory and memberships name it; unique in the tenant, never changed.
        label: for people.
        description: whom it is for.
    """

    key: str = field(validator=checks.key)
    label: str = field(validator=checks.text)
    description: str = field(default="", validator=checks.note)


@frozen(kw_only=True)
class RoleRule(Record):
    """One rule of a role, as it is stored; `RoleRule.rule` is what it says.

    Attributes:
        role_id: the role that it is part of.
        effect: permit or forbid.
        permission: a permission or pattern of several.
        scope: own, team, subtree or all.
        condition: criteria in JSON form that a record must fit; None for every record.
        fields: names or classes of the fields that a forbid takes; empty for records as a whole.
    """

    role_id: UUID
    effect: Effect
    permission: str
    scope: Scope = "all"
    condition: Mapping[str, Any] | None = None
    fields: tuple[str, ...] = ()

    @classmethod
    def of(cls, role_id: UUID, rule: Rule) -> RoleRule:
        """``rule`` as it is stored."""
        return cls(
            role_id=role_id,
            effect=rule.effect,
            permission=rule.permission,
            scope=rule.scope,
            condition=None if rule.where == ALWAYS else criteria_to_json(rule.where),
            fields=rule.fields,
        )

    @property
    def rule(self) -> Rule:
        """What it says."""
        return Rule(
            effect=self.effect,
            permission=self.permission,
            scope=self.scope,
            where=ALWAYS if self.condition is None else criteria_from_json(self.condition),
            fields=self.fields,
        )


@frozen(kw_only=True)
class Membership(Record):
    """That an actor has a role or belongs to a team; asked only if ``access.membership`` is ``database``.

    Attributes:
        actor_id: the actor.
        kind: role or team.
        key: of the role or team.
    """

    actor_id: str = field(validator=checks.actor_id)
    kind: Literal["role", "team"] = field(validator=checks.one_of("role", "team"))
    key: str = field(validator=checks.key)
