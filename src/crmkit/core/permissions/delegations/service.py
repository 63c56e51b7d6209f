"""Lending rights; a chapter of `crmkit.core.permissions.service.Permissions`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from crmkit.core.kernel.access.rule import Rule, covers
from crmkit.core.kernel.units.gate import Target, command
from crmkit.core.kernel.units.service import Service
from crmkit.core.permissions.delegations.model import Delegation
from crmkit.core.permissions.events import DelegationGranted, DelegationRevoked
from crmkit.core.permissions.roles.rules import check_permission
from crmkit.errors import ForbiddenError, InvalidValueError, UnknownActorError
from crmkit.values.instants import as_instant

__all__ = ["DelegationCommands"]


class DelegationCommands(Service):
    """Lending rights for a time. The borrower uses them with ``begin(actor=..., on_behalf_of=lender)``."""

    @command("rights.delegate", permission="delegation.create")
    def delegate(
        self,
        to: str,
        permissions: Sequence[str],
        *,
        until: datetime,
        since: datetime | None = None,
        reason: str = "",
    ) -> Delegation:
        """Lend rights of one's own to another actor.

        The borrower never has more than the lender has at that time, on the records that the lender may see, and loses
        it all when the delegation expires. What is done under it is recorded with both names.

        Args:
            to: id of the borrower.
            permissions: permissions or patterns of several, such as ``deal.*``.
            until: when it expires, an aware instant in the future.
            since: when it begins, an aware instant; now by default.
            reason: why.

        Raises:
            ForbiddenError: if one lacks a permission oneself, or has it only on behalf of somebody else.
            InvalidValueError: if it would expire before it begins or before now, lends nothing or to oneself.
            UnknownActorError: if the host's directory does not know the borrower.
        """  # raised by what this calls; callers want to know
        lender, now = self.uow.actor.id, self.uow.now
        if self.uow.on_behalf_of is not None:
            raise ForbiddenError("delegation.create", lender)  # what is lent cannot be lent on
        starts, expires = now if since is None else as_instant(since, field="since"), as_instant(until, field="until")
        if expires <= max(starts, now):
            raise InvalidValueError("until", until, "lies not after now and after the beginning")
        if to == lender:
            raise InvalidValueError("to", to, "is the lender")
        if to not in self._work.runtime.directory(self.uow.tenant, (to,)):
            raise UnknownActorError(to, self.uow.tenant)
        self._check_lendable(permissions)
        stored = self.records.add(
            Delegation(
                from_actor=lender,
                to_actor=to,
                permissions=tuple(dict.fromkeys(permissions)),
                starts_at=starts,
                expires_at=expires,
                reason=reason,
            )
        )
        self.uow.touch_policy()
        self.emit(DelegationGranted(delegation=stored.id, from_actor=lender, to_actor=to, expires_at=expires))
        return stored

    @command("rights.revoke", permission="delegation.delete")
    def revoke_delegation(self, delegation: Annotated[UUID, Target("delegation")]) -> None:
        """Take back what was lent; it holds no more from the next unit of work on.

        Args:
            delegation: its id.

        Raises:
            NotFoundError: if it does not exist or is hidden.
            ForbiddenError: if somebody else has lent it, and the actor may not take that back.
        """  # raised by what this calls; callers want to know
        found = self.uow.get(Delegation, delegation)
        self.records.remove(found)
        self.uow.touch_policy()
        self.emit(DelegationRevoked(delegation=found.id, from_actor=found.from_actor, to_actor=found.to_actor))

    def _check_lendable(self, permissions: Sequence[str]) -> None:
        if not permissions:
            raise InvalidValueError("permissions", permissions, "lends nothing")
        known, rights = self._work.runtime.permissions, self._work.rights
        for pattern in permissions:
            Rule(effect="permit", permission=pattern)  # refuses what is no pattern
            check_permission(pattern, known)
            if not any(covers(pattern, p) and rights.may(p) for p in known):
                raise ForbiddenError(pattern, self.uow.actor.id)
