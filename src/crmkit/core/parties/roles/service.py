"""Commands about party roles; a chapter of `crmkit.core.parties.service.Parties`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from crmkit.core.kernel.units.gate import Target, command
from crmkit.core.parties.roles.events import PartyRoleAdded, PartyRoleEnded
from crmkit.core.parties.roles.model import PartyRole, PartyRoleType
from crmkit.core.parties.roles.rules import check_roles, check_single
from crmkit.core.parties.rules import altered, check_period
from crmkit.core.parties.vocabulary import VocabularyCommands
from crmkit.values.criteria import f

__all__ = ["RoleCommands"]

MOST = 1000
"""How many roles of one party are looked at."""


class RoleCommands(VocabularyCommands):
    """What parties are to us."""

    @command("party_role.add", permission="party.update")
    def add_role(
        self,
        party: Annotated[UUID, Target("party")],
        role: str,
        *,
        valid_from: date | None = None,
        valid_until: date | None = None,
        custom: Mapping[str, Any] | None = None,
    ) -> PartyRole:
        """Note what a party is to us. It may have several roles at once.

        Args:
            party: the party.
            role: key of the role, such as ``supplier``.
            valid_from: its first day; today (UTC) by default.
            valid_until: its last day.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            UnknownPartyRoleError: if there is no such role; lists those there are.
            InvalidValueError: if the dates are the wrong way round, or a custom value does not fit its field.
            AlreadyExistsError: if the party has this role already on one of these days.
        """
        check_roles([role], self.uow.each(PartyRoleType, order="key"))
        made = PartyRole(
            party_id=party,
            role=role,
            valid_from=self.uow.now.date() if valid_from is None else valid_from,
            valid_until=valid_until,
            custom=custom,
        )
        check_single(made, self.uow.find(PartyRole, f.party_id == party, order="id", limit=MOST))
        stored = self.records.add(made)
        self.emit(PartyRoleAdded(party=party, role=role))
        return stored

    @command("party_role.end", permission="party.update")
    def end_role(self, role: Annotated[UUID, Target("party_role")], *, on: date | None = None) -> PartyRole:
        """Note the last day of a role.

        Args:
            role: the id of the party's role.
            on: the last day; today (UTC) by default.

        Raises:
            InvalidValueError: if that day lies before its first one.
        """
        found = self.uow.get(PartyRole, role)
        after = altered(found, valid_until=self.uow.now.date() if on is None else on)
        check_period(after.valid_from, after.valid_until)
        stored = self.records.update(found, after)
        self.emit(PartyRoleEnded(party=stored.party_id, role=stored.role))
        return stored

    @command("party_role_type.define", permission="party_role_type.update")
    def define_party_roles(self, roles: Sequence[PartyRoleType]) -> tuple[PartyRoleType, ...]:
        """Add roles that parties can have; one whose key is there already is changed."""
        return self._defined(self.uow.each(PartyRoleType, order="key"), roles)
