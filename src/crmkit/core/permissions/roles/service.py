"""Defining roles, and saying who has them; a chapter of `crmkit.core.permissions.service.Permissions`."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from crmkit.core.kernel.access.rule import Rule
from crmkit.core.kernel.units.gate import command
from crmkit.core.kernel.units.service import Service
from crmkit.core.kernel.units.unit import UnitOfWork
from crmkit.core.permissions.events import MemberAssigned, MemberUnassigned, RoleChanged, RoleDefined, RoleRemoved
from crmkit.core.permissions.roles.model import Membership, Role, RoleRule
from crmkit.core.permissions.roles.rules import MAX_RULES, check_rules, naming
from crmkit.core.permissions.teams.model import Team
from crmkit.errors import AlreadyExistsError, InvalidValueError, NotFoundError, UnknownRoleError, UnknownTeamError
from crmkit.values.criteria import f

__all__ = ["RoleCommands", "brought_by"]


def brought_by(uow: UnitOfWork, plugin: str) -> list[Role]:
    """The roles that were defined when the plugin was set up, as history has it."""
    return [r for r in uow.each(Role, order="key") if uow.history.provenance(r)["key"].source == f"setup:{plugin}"]


class RoleCommands(Service):
    """What actors of a role may do, and who has it. What changes here holds from the next unit of work on."""

    @command("role.define", permission="role.create")
    def define_role(self, key: str, rules: Sequence[Rule], *, label: str | None = None, description: str = "") -> Role:
        """Define a role.

        Args:
            key: how the host's directory or memberships name it.
            rules: what it permits and forbids; their order does not matter.
            label: for people; made from the key by default.
            description: whom it is for.

        Raises:
            AlreadyExistsError: if there is a role of this key.
            InvalidValueError: if a rule's permission covers none that is registered.
            UnknownFieldError: if a rule's condition or fields name a field that the entity does not have.
        """  # raised by what this calls; callers want to know
        self._check(rules)
        if self.uow.count(Role, f.key == key):
            raise AlreadyExistsError("role", ("key",))
        role = self.records.add(Role(key=key, label=label or _label(key), description=description))
        for rule in dict.fromkeys(rules):
            self.records.add(RoleRule.of(role.id, rule))
        self.uow.touch_policy()
        self.emit(RoleDefined(role=key))
        return role

    @command("role.change", permission="role.update")
    def change_role(
        self,
        key: str,
        *,
        rules: Sequence[Rule] | None = None,
        label: str | None = None,
        description: str | None = None,
    ) -> Role:
        """Change a role.

        Args:
            key: of the role.
            rules: what it permits and forbids from now on; as before by default.
            label: for people; as before by default.
            description: whom it is for; as before by default.

        Raises:
            UnknownRoleError: if there is no such role; lists those there are.
            InvalidValueError: if a rule's permission covers none that is registered.
            UnknownFieldError: if a rule's condition or fields name a field that the entity does not have.
        """  # raised by what this calls; callers want to know
        role = self._role(key)
        if rules is not None:
            self._check(rules)
        after = evolve(
            role,
            label=role.label if label is None else label,
            description=role.description if description is None else description,
        )
        self.records.update(role, after)
        if rules is not None:
            self._replace(role, rules)
        self.uow.touch_policy()
        self.emit(RoleChanged(role=key))
        return self._role(key)

    @command("role.remove", permission="role.delete")
    def remove_role(self, key: str) -> None:
        """Remove a role, with its rules and memberships; actors who have it keep their other roles.

        Raises:
            UnknownRoleError: if there is no such role; lists those there are.
        """  # raised by what this calls; callers want to know
        role = self._role(key)
        for membership in self.uow.each(Membership, (f.kind == "role") & (f.key == key), order="id"):
            self.records.remove(membership)
        self.records.remove(role)
        self.uow.touch_policy()
        self.emit(RoleRemoved(role=key))

    @command("role.forget", permission="role.delete")
    def forget_plugin(self, plugin: str) -> None:
        """Remove the roles that a plugin has brought, and every rule that names its permissions, since it goes.

        Args:
            plugin: the plugin's id.
        """
        for role in brought_by(self.uow, plugin):
            self.remove_role(role.key)
        for rule in self.uow.each(RoleRule, naming(plugin), order="id"):
            self.records.remove(rule)
        self.uow.touch_policy()

    @command("actor_membership.assign", permission="actor_membership.create")
    def assign(self, actor: str, *, role: str | None = None, team: str | None = None) -> Membership:
        """Give an actor a role, or make one a member of a team; used if ``access.membership`` is ``database``.

        Args:
            actor: the actor's id; need not be known to the host's directory yet.
            role: key of the role.
            team: key of the team; give one of the two.

        Raises:
            InvalidValueError: if not exactly one of role and team is given.
            UnknownRoleError: if there is no such role.
            UnknownTeamError: if there is no such team.
            AlreadyExistsError: if the actor has it already.
        """  # raised by what this calls; callers want to know
        membership = _membership(actor, role, team)
        if role is not None:
            self._role(role)
        elif not self.uow.count(Team, f.key == team):
            raise UnknownTeamError(team, known=[t.key for t in self.uow.each(Team, order="key")])
        stored = self.records.add(membership)
        self.uow.touch_policy()
        self.emit(MemberAssigned(actor=actor, kind=stored.kind, key=stored.key))
        return stored

    @command("actor_membership.unassign", permission="actor_membership.delete")
    def unassign(self, actor: str, *, role: str | None = None, team: str | None = None) -> None:
        """Take a role from an actor, or take one out of a team.

        Args:
            actor: the actor's id.
            role: key of the role.
            team: key of the team; give one of the two.

        Raises:
            InvalidValueError: if not exactly one of role and team is given.
            NotFoundError: if the actor does not have it.
        """  # raised by what this calls; callers want to know
        wanted = _membership(actor, role, team)
        where = (f.actor_id == actor) & (f.kind == wanted.kind) & (f.key == wanted.key)
        found = self.uow.find(Membership, where, limit=1)
        if not found.items:
            raise NotFoundError("actor_membership", f"{actor} {wanted.kind} {wanted.key}")
        self.records.remove(found[0])
        self.uow.touch_policy()
        self.emit(MemberUnassigned(actor=actor, kind=wanted.kind, key=wanted.key))

    def _role(self, key: str) -> Role:
        found = self.uow.find(Role, f.key == key, limit=1)
        if not found.items:
            raise UnknownRoleError(key, known=[r.key for r in self.uow.each(Role, order="key")])
        return found[0]

    def _check(self, rules: Sequence[Rule]) -> None:
        work = self._work
        custom = work.definitions.shapes
        check_rules(rules, permissions=work.runtime.permissions, registry=work.registry, custom=custom)

    def _replace(self, role: Role, rules: Sequence[Rule]) -> None:
        """Only what differs is written, so that history shows which rule came and which one went."""
        before = {r.rule: r for r in self.uow.find(RoleRule, f.role_id == role.id, order="id", limit=MAX_RULES)}
        for rule, stored in before.items():
            if rule not in rules:
                self.records.remove(stored)
        for rule in dict.fromkeys(rules):
            if rule not in before:
                self.records.add(RoleRule.of(role.id, rule))


def _label(key: str) -> str:
    return str(key).replace("_", " ").capitalize()


def _membership(actor: str, role: str | None, team: str | None) -> Membership:
    if role is not None and team is None:
        return Membership(actor_id=actor, kind="role", key=role)
    if team is not None and role is None:
        return Membership(actor_id=actor, kind="team", key=team)
    raise InvalidValueError("role or team", (role, team), "is not exactly one of the two")
