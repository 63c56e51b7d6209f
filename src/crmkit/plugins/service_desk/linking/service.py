"""The commands that tie cases to each other; a chapter of `crmkit.plugins.service_desk.service.ServiceDesk`."""

from __future__ import annotations

from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.cases.events import CaseOpened, CasesMerged
from crmkit.plugins.service_desk.cases.model import Case, CaseStay
from crmkit.plugins.service_desk.cases.rules import live
from crmkit.plugins.service_desk.cases.service import CaseId
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.config import Settings
from crmkit.plugins.service_desk.flow.service import CaseFlow
from crmkit.plugins.service_desk.linking.model import CaseLink, LinkKind
from crmkit.plugins.service_desk.sla.timing import timed
from crmkit.sdk import InvalidValueError, command, f, query

__all__ = ["CaseLinks"]


class CaseLinks(CaseFlow):
    """How cases stand to each other."""

    @command("service_desk.case.link", permission="service_desk.case.update")
    def link(self, case: CaseId, other: CaseId, *, kind: LinkKind = "related") -> CaseLink:
        """Link two cases; a link that is there already stays.

        Args:
            case: the case that it leads from.
            other: the case that it leads to.
            kind: related, follows or caused_by.

        Raises:
            NotFoundError: if one of them is not there or hidden.
            ConflictError: if one of them has become part of another case.
            InvalidValueError: if both are the same, or the kind is none.
        """  # the first by the gate
        if case == other:
            raise InvalidValueError("other", str(other), "is the case itself; link it with another one")
        for one in (case, other):
            live(self.uow.get(CASE, one))
        new = CaseLink(case_id=case, other_id=other, kind=kind)
        same = (f.case_id == case) & (f.other_id == other) & (f.kind == kind)
        known = self.uow.find(CaseLink, same, order="id", limit=1)
        return known[0] if known else self.records.add(new)

    @command("service_desk.case.unlink", permission="service_desk.case.update")
    def unlink(self, case: CaseId, other: CaseId) -> None:
        """Take every link between two cases away, whichever way it leads.

        Args:
            case: one case.
            other: the other.

        Raises:
            NotFoundError: if one of them is not there or hidden.
        """
        for one in self.links(case):
            if other in {one.case_id, one.other_id}:
                self.records.remove(one)

    @query("service_desk.case.links", permission="service_desk.case.read")
    def links(self, case: CaseId) -> tuple[CaseLink, ...]:
        """The links of a case, in both directions, as far as the actor may see both ends.

        Args:
            case: its id.

        Raises:
            NotFoundError: if the case is not there or hidden.
        """
        return tuple(self.uow.each(CaseLink, (f.case_id == case) | (f.other_id == case)))

    @query("service_desk.case.children", permission="service_desk.case.read")
    def children(self, case: CaseId) -> tuple[Case, ...]:
        """The cases that are a part of a case, by number.

        Args:
            case: its id.

        Raises:
            NotFoundError: if the case is not there or hidden.
        """
        return tuple(sorted(self.uow.each(CASE, f.parent_id == case), key=lambda one: one.number))

    @command("service_desk.case.follow_up", permission="service_desk.case.create")
    def follow_up(self, case: CaseId) -> Case:
        """Open a new case that goes on with what another one left, in its thread and its queue.

        Args:
            case: the one that it follows.

        Raises:
            NotFoundError: if the case is not there or hidden.
            ConflictError: if it has become part of another case.
        """  # raised by what this calls; callers want to know
        before = live(self.uow.get(CASE, case))
        new = Case(
            number=self.number(CASE),
            party_id=before.party_id,
            subject=before.subject,
            channel=before.channel,
            priority=self.settings(Settings).priority,
            tier=before.tier,
            skill=before.skill,
            queue_id=before.queue_id,
            team_id=before.team_id,
            thread_id=before.thread_id,
            opened_at=self.uow.now,
        )
        stored = self.records.add(timed(self.uow, None, new))
        self._enter(stored)
        self._note(stored, "case_opened", f"Case {new.number} follows case {before.number}: {new.subject}"[:1_000])
        self.link(stored.id, case, kind="follows")
        self.emit(
            CaseOpened(
                case=stored.id,
                party=stored.party_id,
                number=stored.number,
                kind=stored.kind,
                queue=stored.queue_id,
                channel=stored.channel,
            )
        )
        return stored

    @command("service_desk.case.merge", permission="service_desk.case.update")
    def merge(self, loser: CaseId, winner: CaseId) -> Case:
        """Make a case part of another one: comments, links, children and what was said then belong to that one.

        The loser is closed and stays as what says where everything went; a reply to it belongs to the winner. Undoing
        the unit of work takes the two apart again.

        Args:
            loser: the case that becomes part of the other one.
            winner: the case that has everything in the end.

        Returns:
            The winner.

        Raises:
            NotFoundError: if one of them is not there or hidden.
            ConflictError: if one of them has become part of another case before.
            InvalidValueError: if they are the same, or the winner is a part of the loser.
            MergeRefusedError: if the outcome would break a reference or a unique key.
        """  # raised by what this calls; callers want to know
        going, staying = live(self.uow.get(CASE, loser)), live(self.uow.get(CASE, winner))
        if loser == winner:
            raise InvalidValueError("winner", str(winner), "is the same case; merge it with another one")
        self._check_not_beneath(staying, loser)
        for stay in list(self.uow.each(CaseStay, f.case_id == loser)):
            self.records.remove(stay)  # its pauses are not the winner's; history keeps them, and undo brings them back
        closed = evolve(
            going, status="closed", parent_id=None, paused_since=None, closed_at=going.closed_at or self.uow.now
        )
        gone = self.records.update(going, evolve(closed, next_due_at=None, alert_at=None))
        merged = self.records.merge(gone, staying)
        self._note(merged, "cases_merged", f"Case {going.number} became part of case {merged.number}"[:1_000])
        self.emit(CasesMerged(winner=winner, loser=loser))
        return merged

    def _check_not_beneath(self, case: Case, above: UUID) -> None:
        """See that a case is no part of ``above``, not even over others.

        Raises:
            InvalidValueError: if it is.
        """
        parent = case.parent_id
        while parent is not None:
            if parent == above:
                raise InvalidValueError(
                    "winner", case.number, "is a part of the other case; merge it the other way round"
                )
            parent = self.uow.get(CASE, parent).parent_id
