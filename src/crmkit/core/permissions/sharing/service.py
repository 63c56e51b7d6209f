"""Sharing single records; a chapter of `crmkit.core.permissions.service.Permissions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.units.gate import command, query
from crmkit.core.kernel.units.service import Service
from crmkit.core.permissions.events import RecordShared, RecordUnshared
from crmkit.core.permissions.roles.rules import check_permission
from crmkit.core.permissions.sharing.model import Grant
from crmkit.core.permissions.teams.model import Team
from crmkit.errors import ForbiddenError, InvalidValueError, UnknownActorError, UnknownTeamError
from crmkit.values.criteria import f

__all__ = ["SharingCommands"]

MOST = 1_000
"""How many grants on one record are looked at."""


class SharingCommands(Service):
    """One record, with one actor or team. Only what one may do oneself can be shared."""

    @command("record.share", permission="grant.create")
    def share(
        self,
        entity: str,
        id: UUID,
        *,
        actor: str | None = None,
        team: str | None = None,
        verbs: Sequence[str] = ("read",),
    ) -> tuple[Grant, ...]:
        """Share a record with an actor or a team.

        Args:
            entity: the record's entity, such as ``deal``; its parts are shared with it.
            id: the record.
            actor: id of the actor.
            team: key of the team, whose members may then see the record; give one of the two.
            verbs: what they may do, such as ``read`` and ``update``; reading is always among it.

        Returns:
            The grants that are new; what was shared before stays so.

        Raises:
            NotFoundError: if the record does not exist or is hidden.
            ForbiddenError: if the actor may not do oneself what would be shared.
            InvalidValueError: if the entity is a part, a verb unknown, or not exactly one of actor and team is given.
            UnknownActorError: if the host's directory does not know the actor.
            UnknownTeamError: if there is no such team.
        """  # raised by what this calls; callers want to know
        record = self._shareable(entity, id)
        kind, grantee = self._grantee(actor, team)
        permissions = [f"{entity}.{verb}" for verb in dict.fromkeys(("read", *verbs))]
        for permission in permissions:
            check_permission(permission, self._work.runtime.permissions)
            self._check_own(permission, entity, record)
        before = {g.permission for g in self._grants(entity, id, kind, grantee)}
        new = [
            self.records.add(
                Grant(
                    subject=entity,
                    subject_id=id,
                    permission=permission,
                    grantee_kind=kind,
                    grantee=grantee,
                    granted_by=self.uow.actor.id,
                )
            )
            for permission in permissions
            if permission not in before
        ]
        if new:
            self.uow.touch_policy()
            added = tuple(g.permission for g in new)
            self.emit(RecordShared(entity=entity, id=id, grantee_kind=kind, grantee=grantee, permissions=added))
        return tuple(new)

    @command("record.unshare", permission="grant.delete")
    def unshare(self, entity: str, id: UUID, *, actor: str | None = None, team: str | None = None) -> None:
        """Take back everything that is shared of a record with an actor or team.

        Args:
            entity: the record's entity.
            id: the record.
            actor: id of the actor.
            team: key of the team; give one of the two.

        Raises:
            NotFoundError: if the record does not exist or is hidden.
            ForbiddenError: if somebody else has shared it, and the actor may not take that back.
            InvalidValueError: if not exactly one of actor and team is given.
        """  # raised by what this calls; callers want to know
        self._shareable(entity, id)
        kind, grantee = _one_of(actor, team)
        grants = self._grants(entity, id, kind, grantee)
        for grant in grants:
            self.records.remove(grant)
        if grants:
            self.uow.touch_policy()
            self.emit(RecordUnshared(entity=entity, id=id, grantee_kind=kind, grantee=grantee))

    @query("record.shares", permission="grant.read")
    def shares(self, entity: str, id: UUID) -> tuple[Grant, ...]:
        """With whom a record is shared.

        Raises:
            NotFoundError: if the record does not exist or is hidden.
        """  # raised by what this calls; callers want to know
        self._shareable(entity, id)
        return self.uow.find(Grant, (f.subject == entity) & (f.subject_id == id), order="id", limit=MOST).items

    def _shareable(self, entity: str, id: UUID) -> Record:
        shared: EntityType[Record] = self.uow.entity(entity)
        if shared.part_of is not None:
            raise InvalidValueError("entity", entity, "is a part; share the record that it is part of")
        return self.uow.get(shared, id)

    def _check_own(self, permission: str, entity: str, record: Record) -> None:
        if not self._work.may(permission, self.uow.entity(entity), record):
            raise ForbiddenError(permission, self.uow.actor.id, entity=entity, id=record.id)

    def _grants(self, entity: str, id: UUID, kind: str, grantee: str) -> tuple[Grant, ...]:
        where = (f.subject == entity) & (f.subject_id == id) & (f.grantee_kind == kind) & (f.grantee == grantee)
        return self.uow.find(Grant, where, order="id", limit=MOST).items

    def _grantee(self, actor: str | None, team: str | None) -> tuple[Literal["actor", "team"], str]:
        kind, grantee = _one_of(actor, team)
        if kind == "team" and not self.uow.count(Team, f.key == grantee):
            raise UnknownTeamError(grantee, known=[t.key for t in self.uow.each(Team, order="id")])
        if kind == "actor" and grantee not in self._work.runtime.directory(self.uow.tenant, (grantee,)):
            raise UnknownActorError(grantee, self.uow.tenant)
        return kind, grantee


def _one_of(actor: str | None, team: str | None) -> tuple[Literal["actor", "team"], str]:
    if actor is not None and team is None:
        return "actor", actor
    if team is not None and actor is None:
        return "team", team
    raise InvalidValueError("actor or team", (actor, team), "is not exactly one of the two")
