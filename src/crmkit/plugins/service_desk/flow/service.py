"""The commands that move cases on; a chapter of `crmkit.plugins.service_desk.service.ServiceDesk`."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.cases.events import (
    CaseClosed,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseWaiting,
)
from crmkit.plugins.service_desk.cases.model import Case, Status
from crmkit.plugins.service_desk.cases.rules import MOVES, live, moved
from crmkit.plugins.service_desk.cases.service import CaseId, Cases
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.config import Settings
from crmkit.plugins.service_desk.errors import CaseStatusError
from crmkit.sdk import command, f

__all__ = ["CaseFlow"]


class CaseFlow(Cases):
    """What becomes of cases."""

    @command("service_desk.case.wait", permission="service_desk.case.update")
    def wait(self, case: CaseId, *, reason: str | None = None) -> Case:
        """Say that a case waits for its party; meanwhile what was promised is paused.

        Args:
            case: its id.
            reason: what is waited for, in one line.

        Raises:
            NotFoundError: if the case is not there or hidden.
            CaseStatusError: if it cannot wait.
            ConflictError: if it has become part of another case.
        """  # raised by what this calls; callers want to know
        stored = self._go(case, "waiting", reason)
        self.emit(CaseWaiting(case=case))
        return stored

    @command("service_desk.case.resume", permission="service_desk.case.update")
    def resume(self, case: CaseId, *, reason: str | None = None) -> Case:
        """Say that a case does not wait for its party any more.

        Args:
            case: its id.
            reason: why, in one line.

        Raises:
            NotFoundError: if the case is not there or hidden.
            CaseStatusError: if it does not wait.
            ConflictError: if it has become part of another case.
        """  # raised by what this calls; callers want to know
        before = live(self.uow.get(CASE, case))
        if before.status != "waiting":
            self._refuse_move(before, "open")
        stored = self._go(case, "open", reason)
        self.emit(CaseResumed(case=case))
        return stored

    @command("service_desk.case.resolve", permission="service_desk.case.update")
    def resolve(self, case: CaseId, *, outcome: str, reason: str | None = None) -> Case:
        """Say that a case is resolved. A reply within some days reopens it; after some it is closed (see the settings).

        Args:
            case: its id.
            outcome: how it ended; what was agreed upon.
            reason: why it is resolved now, in one line.

        Raises:
            NotFoundError: if the case is not there or hidden.
            CaseStatusError: if it cannot be resolved.
            ConflictError: if it has become part of another case.
            InvalidValueError: if the outcome is blank.
        """  # raised by what this calls; callers want to know
        before = live(self.uow.get(CASE, case))
        stored = self._go(case, "resolved", reason, outcome=outcome)
        self._note(stored, "case_resolved", f"Case {stored.number} resolved: {stored.subject}"[:1_000], body=outcome)
        self.emit(CaseResolved(case=case, party=before.party_id, assignee=before.assignee_id))
        return stored

    @command("service_desk.case.close", permission="service_desk.case.update")
    def close(self, case: CaseId) -> Case:
        """Close a case that is resolved.

        Args:
            case: its id.

        Raises:
            NotFoundError: if the case is not there or hidden.
            CaseStatusError: if it is not resolved.
            ConflictError: if it has become part of another case.
        """  # raised by what this calls; callers want to know
        stored = self._go(case, "closed", None)
        self.emit(CaseClosed(case=case))
        return stored

    @command("service_desk.case.reopen", permission="service_desk.case.update")
    def reopen(self, case: CaseId, *, reason: str) -> Case:
        """Let a case that was resolved or closed be under way again.

        Args:
            case: its id.
            reason: why, in one line.

        Raises:
            NotFoundError: if the case is not there or hidden.
            CaseStatusError: if it is under way.
            ConflictError: if it has become part of another case.
            InvalidValueError: if the reason is blank.
        """  # raised by what this calls; callers want to know
        before = live(self.uow.get(CASE, case))
        if before.is_under_way:
            self._refuse_move(before, "open")
        stored = self._go(case, "open", reason)
        self._note(stored, "case_reopened", f"Case {stored.number} reopened: {reason}"[:1_000])
        self.emit(CaseReopened(case=case, reason=reason))
        return stored

    @command("service_desk.case.close_resolved", permission="service_desk.case.update")
    def close_resolved(self, *, limit: int = 200) -> int:
        """Close cases that were resolved longer ago than the settings say.

        Args:
            limit: how many at most.

        Returns:
            How many were closed.
        """
        before = self.uow.now - timedelta(days=self.settings(Settings).close_days)
        where = (f.status == "resolved") & (f.resolved_at <= before) & f.merged_into.is_empty()
        due = self.uow.find(CASE, where, order="-number", limit=limit)
        for case in due:
            self.close(case.id)
        return len(due)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _go(self, case: UUID, to: Status, reason: str | None, *, outcome: str | None = None) -> Case:
        before = live(self.uow.get(CASE, case))
        after = moved(before, to, self.uow.now)
        if to == "resolved":
            after = evolve(after, outcome=outcome)
        stored = self.records.update(before, self._timed(before, after))
        self._leave(before)
        self._enter(after, reason)
        return stored

    def _refuse_move(self, case: Case, to: Status) -> None:
        raise CaseStatusError(case.number, at=case.status, to=to, allowed=[w for w in MOVES[case.status] if w != to])
