"""Handing over and claiming ownership; a chapter of `crmkit.core.permissions.service.Permissions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.units.gate import command
from crmkit.core.kernel.units.service import Service
from crmkit.core.permissions.events import ClaimReleased, OwnershipTransferred, RecordClaimed
from crmkit.core.permissions.ownership.model import Claim, Transfer
from crmkit.errors import ConflictError, InvalidValueError, NotFoundError, TransferForbiddenError, UnknownActorError
from crmkit.values.criteria import Compare, Criteria, f
from crmkit.values.instants import as_instant

__all__ = ["OwnershipCommands"]

M = TypeVar("M", bound=Record)


class OwnershipCommands(Service):
    """Who owns records, and for how long."""

    @command("ownership.transfer")
    def transfer(self, from_actor: str, to_actor: str, *, entities: Sequence[str] | None = None) -> Transfer:
        """Hand over everything that an actor owns to another one, in one unit of work.

        Every entity with an owner takes part, those of plugins too. Records that the acting one may not see stay as
        they are: a manager hands over what belongs to the manager's teams, an administrator everything. History is
        untouched: it still names who did what.

        Args:
            from_actor: id of the owner; need not be known to the host's directory any more.
            to_actor: id of the new owner.
            entities: names of the entities; all by default.

        Raises:
            TransferForbiddenError: if records may be seen, but not given to ``to_actor``; lists them, and gives none.
            InvalidValueError: if both are the same, or an entity has no owner.
            UnknownActorError: if the host's directory does not know the new owner.
        """  # raised by what this calls; callers want to know
        if from_actor == to_actor:
            raise InvalidValueError("to_actor", to_actor, "owns it already")
        self._check_known(to_actor)
        estate = {entity: found for entity in self._owned(entities) if (found := self._of(entity, from_actor))}
        self._check_givable(from_actor, to_actor, estate)
        for entity, records in estate.items():
            for record in records:
                self._give(entity, record, to_actor)
        counts = {entity.name: len(records) for entity, records in estate.items()}
        transfer = Transfer(from_actor=from_actor, to_actor=to_actor, counts=counts)
        self.emit(OwnershipTransferred(from_actor=from_actor, to_actor=to_actor, counts=counts))
        return transfer

    @command("record.claim", permission="claim.create")
    def claim(self, entity: str, id: UUID, *, until: datetime) -> Claim:
        """Become the owner of a record that nobody owns, until some time; again, to prolong one's own claim.

        Args:
            entity: the record's entity, such as ``deal``.
            id: the record.
            until: when the claim expires, an aware instant in the future.

        Raises:
            NotFoundError: if the record does not exist or is hidden.
            ConflictError: if somebody else owns it.
            ForbiddenError: if the actor may not change the record.
            InvalidValueError: if ``until`` has passed, or the entity has no owner.
        """  # raised by what this calls; callers want to know
        kind, expires, me = self._entity(entity), as_instant(until, field="until"), self.uow.actor.id
        if expires <= self.uow.now:
            raise InvalidValueError("until", until, "has passed")
        record = self.uow.get(kind, id)
        owner = getattr(record, kind.owner or "")
        if owner is not None and owner != me:
            raise ConflictError(f"{entity} {id} is owned by {owner}; it can be claimed once that ends")
        if owner is None:
            self._give(kind, record, me)
        before = self._claim(entity, id)
        if before is None:
            claim = self.records.add(Claim(subject=entity, subject_id=id, actor_id=me, expires_at=expires))
        else:
            claim = self.records.update(before, self._with(before, actor_id=me, expires_at=expires))
        self.emit(RecordClaimed(entity=entity, id=id, actor=me, expires_at=expires))
        return claim

    @command("record.release", permission="claim.delete")
    def release(self, entity: str, id: UUID) -> None:
        """Give up a claim; nobody owns the record then.

        Args:
            entity: the record's entity.
            id: the record.

        Raises:
            NotFoundError: if the record does not exist, is hidden, or nobody has claimed it.
            ForbiddenError: if somebody else has claimed it, and the actor may not take that away.
        """  # raised by what this calls; callers want to know
        self.uow.get(self._entity(entity), id)
        claim = self._claim(entity, id)
        if claim is None:
            raise NotFoundError("claim", f"on {entity} {id}")
        self._release(claim, expired=False)

    @command("record.release_expired", permission="claim.delete")
    def release_expired(self) -> int:
        """Release every claim that has expired; to be run now and then by an actor who sees them all.

        Returns:
            How many there were.
        """
        expired = list(self.uow.each(Claim, f.expires_at <= self.uow.now, order="id"))
        for claim in expired:
            self._release(claim, expired=True)
        return len(expired)

    # -- how ----------------------------------------------------------------------------------------------------------

    def _release(self, claim: Claim, *, expired: bool) -> None:
        kind = self._entity(claim.subject)
        record = self.uow.get(kind, claim.subject_id)
        if getattr(record, kind.owner or "") == claim.actor_id:  # else it has been given to somebody since
            self._give(kind, record, None)
        self.records.remove(claim)
        self.emit(ClaimReleased(entity=claim.subject, id=claim.subject_id, actor=claim.actor_id, expired=expired))

    def _claim(self, entity: str, id: UUID) -> Claim | None:
        found = self.uow.find(Claim, (f.subject == entity) & (f.subject_id == id), limit=1)
        return found[0] if found.items else None

    def _owned(self, names: Sequence[str] | None) -> list[EntityType[Record]]:
        if names is not None:
            return [self._entity(name) for name in names]
        return [e for e in self._work.registry if e.owner is not None and e.kind == "entity"]

    def _entity(self, name: str) -> EntityType[Record]:
        entity = self.uow.entity(name)
        if entity.owner is None:
            raise InvalidValueError("entity", name, "has no owner")
        return entity

    def _of(self, entity: EntityType[Record], owner: str) -> Sequence[Record]:
        where: Criteria = Compare(entity.owner or "", "eq", owner)
        return list(self.uow.each(entity, where, order="id"))

    def _check_givable(
        self, from_actor: str, to_actor: str, estate: Mapping[EntityType[Record], Sequence[Record]]
    ) -> None:
        """Look at every record before any is given, so that the error can list all that is in the way.

        Raises:
            TransferForbiddenError: if the actor may not change one of them, before or after.
        """
        blocked = {
            entity.name: tuple(r.id for r in records if not self._may_give(entity, r.id, to_actor))
            for entity, records in estate.items()
        }
        in_the_way = {name: ids for name, ids in blocked.items() if ids}
        if in_the_way:
            raise TransferForbiddenError(self.uow.actor.id, from_actor, in_the_way)

    def _may_give(self, entity: EntityType[Record], id: UUID, owner: str) -> bool:
        work, column = self._work, entity.owner or ""
        before = work.get(entity, id)  # as it is stored, since a condition may look at fields hidden from the actor
        after = work.store(entity).codec.replaced(before, {column: owner})
        permission = work.permission(entity, "update")
        return column not in work.hidden(entity, "update") and all(
            work.may(permission, entity, image) for image in (before, after)
        )

    def _give(self, entity: EntityType[Record], record: Record, owner: str | None) -> None:
        self.records.update(record, self._with(record, **{entity.owner or "": owner}))

    def _with(self, record: M, **values: object) -> M:
        """A copy that differs in ``values``; unvalidated, since the actor may see other fields blanked."""
        entity: EntityType[M] = self._work.registry.by_model(type(record))
        return self._work.store(entity).codec.replaced(record, values)

    def _check_known(self, actor: str) -> None:
        found = self._work.runtime.directory(self.uow.tenant, (actor,)).get(actor)
        if found is None or not found.active:
            raise UnknownActorError(actor, self.uow.tenant)
