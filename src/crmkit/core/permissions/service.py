"""The service of the permissions area: who may do what, why, and who owns what."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.access.explain import Explanation, explain
from crmkit.core.kernel.access.policy import Rights
from crmkit.core.kernel.custom_fields.definitions import with_custom
from crmkit.core.kernel.units.gate import query
from crmkit.core.permissions.delegations.service import DelegationCommands
from crmkit.core.permissions.ownership.service import OwnershipCommands
from crmkit.core.permissions.roles.service import RoleCommands
from crmkit.core.permissions.sharing.service import SharingCommands
from crmkit.core.permissions.teams.service import TeamCommands
from crmkit.errors import UnknownActorError

__all__ = ["Permissions", "RightsView"]


@frozen(kw_only=True)
class RightsView:
    """What an actor may do, for people.

    Attributes:
        actor: the actor's id.
        teams: keys of the actor's teams.
        subtree: keys of these teams and of all teams below them.
        rules: where each rule comes from, and what it says.
        lent: where each delegation comes from, and the permissions that it lends.
        shared: entity and permission of which single records are shared with the actor.
    """

    actor: str
    teams: tuple[str, ...]
    subtree: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]
    lent: tuple[tuple[str, str], ...]
    shared: tuple[tuple[str, str], ...]


class Permissions(RoleCommands, TeamCommands, SharingCommands, DelegationCommands, OwnershipCommands):
    """Roles, teams, shared records, delegations and ownership.

    What changes here holds from the next unit of work on: a unit keeps the rights with which it began.
    """

    @query("rights.explain")
    def explain(
        self, permission: str, entity: str | None = None, id: UUID | None = None, *, actor: str | None = None
    ) -> Explanation:
        """Why an actor may do something or not: every rule that speaks of it, and what they come to.

        Args:
            permission: such as ``deal.update``.
            entity: of which entity the question is; of none in particular by default.
            id: of which record; it must be visible to who asks.
            actor: whose rights; one's own by default. For others' one needs ``rights.explain_others``.

        Raises:
            NotFoundError: if the record does not exist or is hidden.
            ForbiddenError: if one may not ask about others.
            UnknownActorError: if the host's directory does not know the actor.
        """  # raised by what this calls; callers want to know
        rights = self._rights_of(actor)
        kind = None if entity is None else self.uow.entity(entity)
        if kind is None or id is None:
            return explain(rights, permission, kind)
        return explain(rights, permission, kind, self._work.get(kind, id), self._work)

    @query("rights.view", permission="rights.explain")
    def rights(self, actor: str | None = None) -> RightsView:
        """Everything that decides what an actor may do.

        Args:
            actor: whose rights; one's own by default. For others' one needs ``rights.explain_others``.

        Raises:
            ForbiddenError: if one may not ask about others.
            UnknownActorError: if the host's directory does not know the actor.
        """  # raised by what this calls; callers want to know
        rights = self._rights_of(actor)
        return RightsView(
            actor=rights.actor,
            teams=tuple(sorted(rights.teams)),
            subtree=tuple(sorted(rights.subtree)),
            rules=tuple((s.source, str(s.rule)) for s in rights.rules),
            lent=tuple((d.source, ", ".join(d.permissions)) for d in rights.delegated),
            shared=tuple(sorted(rights.shared)),
        )

    def _rights_of(self, actor: str | None) -> Rights:
        work = self._work
        if actor is None or actor == self.uow.actor.id:
            return work.rights
        work.require("rights.explain_others")
        found = work.runtime.directory(self.uow.tenant, (actor,)).get(actor)
        if found is None:
            raise UnknownActorError(actor, self.uow.tenant)
        work.flush()
        rights = work.runtime.rights_source.load(work.db, work.tenant, found, None, work.now)
        return with_custom(rights, work.definitions.shapes)
