"""The commands about conflicts; a chapter of `crmkit.plugins.service_desk.service.ServiceDesk`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.cases.rules import live
from crmkit.plugins.service_desk.cases.service import CaseId
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.positions.model import Position
from crmkit.plugins.service_desk.talking.service import CaseTalk
from crmkit.sdk import InvalidValueError, Target, command, f, query

__all__ = ["CaseConflicts"]


class CaseConflicts(CaseTalk):
    """Who stands where in a conflict."""

    @command("service_desk.case.take_position", permission="service_desk.case.update")
    def take_position(
        self, case: CaseId, party: Annotated[UUID, Target("party")], stance: str, *, agreed: bool | None = None
    ) -> Position:
        """Write down where a party stands in a conflict, or where it stands now.

        Args:
            case: a case of the kind ``conflict``.
            party: whose position it is.
            stance: what the party says and wants.
            agreed: whether it has agreed to the outcome.

        Raises:
            NotFoundError: if case or party are not there or hidden.
            ConflictError: if the case has become part of another one.
            InvalidValueError: if the case is no conflict, or the stance is blank.
        """  # raised by what this calls; callers want to know
        found = live(self.uow.get(CASE, case))
        if found.kind != "conflict":
            raise InvalidValueError(
                "case", found.number, f"is of the kind {found.kind!r}; only conflicts have positions"
            )
        new = Position(case_id=case, party_id=party, stance=stance, agreed=agreed)
        known = self.uow.find(Position, (f.case_id == case) & (f.party_id == party), order="id", limit=1)
        if not known:
            return self.records.add(new)
        return self.records.update(known[0], evolve(known[0], stance=stance, agreed=agreed))

    @query("service_desk.case.positions", permission="service_desk.case.read")
    def positions(self, case: CaseId) -> tuple[Position, ...]:
        """The positions in a conflict, in the order in which they were taken first.

        Args:
            case: its id.

        Raises:
            NotFoundError: if the case is not there or hidden.
        """
        return tuple(self.uow.each(Position, f.case_id == case))
