"""The commands and queries about cases; a chapter of `crmkit.plugins.service_desk.service.ServiceDesk`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.assets.model import Asset
from crmkit.plugins.service_desk.assets.rules import owned
from crmkit.plugins.service_desk.cases.events import CaseAssigned, CaseChanged, CaseMoved, CaseOpened
from crmkit.plugins.service_desk.cases.kinds import checked_details
from crmkit.plugins.service_desk.cases.model import KINDS, STATUSES, UNDER_WAY, Case, CaseStay, Kind, Priority, Status
from crmkit.plugins.service_desk.cases.rules import assigned, checked_deadline, live, status_once_assigned
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.config import Settings
from crmkit.plugins.service_desk.queues.model import Queue
from crmkit.plugins.service_desk.queues.service import Queues
from crmkit.plugins.service_desk.routing.model import RoutingRule
from crmkit.plugins.service_desk.routing.rules import first_fitting
from crmkit.plugins.service_desk.sla.timing import timed
from crmkit.sdk import (
    ConflictError,
    Cursor,
    InvalidValueError,
    NotFoundError,
    Page,
    Ref,
    Target,
    UnknownActorError,
    command,
    f,
    query,
)

__all__ = ["CaseId", "Cases"]

_TOLD: Final = ("subject", "body", "priority", "tier", "skill", "product", "reason", "outcome")

CaseId = Annotated[UUID, Target("service_desk.case")]


class Cases(Queues):
    """What somebody must resolve."""

    # -- opening ------------------------------------------------------------------------------------------------------

    @command("service_desk.case.open", permission="service_desk.case.create")
    def open_case(
        self,
        *,
        party: Annotated[UUID, Target("party")],
        subject: str,
        body: str = "",
        kind: Kind = "question",
        details: Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        tier: str | None = None,
        deadline: datetime | None = None,
        asset: Annotated[UUID, Target("service_desk.asset")] | None = None,
        product: str | None = None,
        reason: str | None = None,
        channel: str | None = None,
        queue: str | None = None,
        assignee: str | None = None,
        parent: CaseId | None = None,
        thread: Annotated[UUID, Target("thread")] | None = None,
        custom: Mapping[str, Any] | None = None,
    ) -> Case:
        """Open a case; it gets the next number of the tenant.

        What came over a channel is recorded as an interaction with the party; anything else is noted on its timeline.

        Args:
            party: who has it.
            subject: what it is about, in one line.
            body: what it is about.
            kind: question, incident, complaint, conflict, letter, warranty or return.
            details: what the kind asks for, by field.
            priority: low, normal, high or urgent; that of the rule, the queue or the settings by default.
            tier: key of the customer tier by which times are promised.
            deadline: until when it has to be settled, aware; a conflict needs one.
            asset: the asset that it is about, one of the party; `Assets.case_cover` says whether it is covered.
            product: what it is about, as a key or number of the product; that of the asset by default.
            reason: what caused it, as a key.
            channel: the key of the channel that it came over; none by default.
            queue: the key of the queue that it waits in; that of the first routing rule that fits by default.
            assignee: the actor who works on it.
            parent: the case that it is a part of.
            thread: the open thread with the party in which it was recorded already, as of a mail; a new one by default.
            custom: values of the custom fields of cases, by key.

        Raises:
            NotFoundError: if party, asset, parent or thread is not there or hidden.
            InvalidValueError: if the kind is none, the deadline has passed, a detail or custom value does not fit, or
                somebody else has the asset.
            UnknownFieldError: if the kind asks for no such detail, or there is no such custom field; names the nearest
                one.
            UnknownQueueError: if there is no such queue that takes cases; lists those there are.
            UnknownChannelError: if nobody has added the channel; lists those there are.
            UnknownActorError: if the assignee is nobody who is active.
            ConflictError: if the parent has become part of another case.
        """  # raised by what this calls; callers want to know
        if kind not in KINDS:
            raise InvalidValueError("kind", kind, f"is none of: {', '.join(KINDS)}")
        waiting = None if queue is None else self._queue_called(queue)
        self._check_actor(assignee)
        if parent is not None:
            live(self.uow.get(CASE, parent))
        concerned = None if asset is None else owned(self.uow.get(Asset, asset), party)
        case = Case(
            number=self.number(CASE),
            party_id=party,
            kind=kind,
            subject=subject,
            body=body,
            details=checked_details(kind, details or {}, today=self.uow.now.date()),
            channel=channel,
            status=status_once_assigned("new", assignee),
            priority=priority or self.settings(Settings).priority,
            tier=tier,
            asset_id=asset,
            product=product if product or concerned is None else concerned.product,
            reason=reason,
            assignee_id=assignee,
            parent_id=parent,
            thread_id=thread,
            deadline_at=checked_deadline(kind, deadline, self.uow.now),
            opened_at=self.uow.now,
            custom=custom or {},
        )
        return self._opened(self._routed(case, waiting, said=priority))

    def _routed(self, case: Case, to: Queue | None, *, said: Priority | None) -> Case:
        """The case in its queue: the one named, or that of the first rule that fits."""
        rule = None if to is not None else first_fitting(self._rules(), case)
        if rule is not None:
            to = next(iter(self.uow.find(Queue, (f.id == rule.queue_id) & (f.active == True), limit=1)), None)  # noqa: E712  # a criteria, not a truth value
        if to is None:
            return case
        if to.strategy != "manual" and case.assignee_id is None:
            self.hasten("distribute")
        skill = None if rule is None else rule.skill
        priority = said or (rule and rule.priority) or to.priority or case.priority
        return evolve(case, queue_id=to.id, team_id=to.team_id, skill=skill, priority=priority)

    def _rules(self) -> tuple[RoutingRule, ...]:
        """The routing rules in the order in which they are asked."""
        return tuple(sorted(self.uow.each(RoutingRule), key=lambda rule: (rule.place, rule.id)))

    def _opened(self, case: Case) -> Case:
        """Store a new case, with what its party's timeline says of it, and tell."""
        recorded = case.thread_id is not None
        if case.thread_id is None:
            case = evolve(
                case, thread_id=self.uow.interactions.open_thread(party=case.party_id, subject=case.subject).id
            )
        stored = self.records.add(timed(self.uow, None, case))
        self._enter(stored)
        if case.channel is None or recorded:
            self._note(stored, "case_opened", f"Case {case.number} opened: {case.subject}"[:1_000])
        else:
            self.uow.interactions.record(
                party=case.party_id,
                channel=case.channel,
                direction="in",
                summary=case.subject,
                body=case.body,
                thread=case.thread_id,
                about=Ref(CASE.name, stored.id),
            )
        self.emit(
            CaseOpened(
                case=stored.id,
                party=case.party_id,
                number=case.number,
                kind=case.kind,
                queue=case.queue_id,
                channel=case.channel,
            )
        )
        return self.uow.get(CASE, stored.id)

    # -- changing -----------------------------------------------------------------------------------------------------

    @command("service_desk.case.edit", permission="service_desk.case.update")
    def edit_case(self, case: Case) -> Case:
        """Store what a case says of itself, from its subject to its outcome, with product, reason and parent.

        Status, queue and assignee have commands of their own and stay what they are, as does whatever the plugin keeps.

        Args:
            case: as `attrs.evolve` made it from what was read.

        Raises:
            NotFoundError: if it is gone or hidden, or its parent is.
            StaleVersionError: if it has moved on since it was read.
            ConflictError: if it, or its parent, has become part of another case.
            InvalidValueError: if a new deadline has passed, a detail does not fit, or it would be a part of itself.
            UnknownFieldError: if its kind asks for no such detail.
        """  # raised by what this calls; callers want to know
        before = live(self.uow.get(CASE, case.id))
        told = {name: getattr(case, name) for name in _TOLD}
        if case.deadline_at != before.deadline_at:
            told["deadline_at"] = checked_deadline(before.kind, case.deadline_at, self.uow.now)
        if case.details != before.details:
            told["details"] = checked_details(before.kind, case.details, today=self.uow.now.date())
        if case.parent_id != before.parent_id:
            self._check_parent(case.id, case.parent_id)
            told["parent_id"] = case.parent_id
        after = self._timed(before, evolve(before, **told, custom=case.custom, version=case.version))
        stored = self.records.update(before, after)
        changed = [name for name in (*told, "custom") if getattr(stored, name) != getattr(before, name)]
        if changed:
            self.emit(CaseChanged(case=case.id, fields=tuple(changed)))
        return stored

    @command("service_desk.case.assign", permission="service_desk.case.update")
    def assign(self, case: CaseId, assignee: str | None) -> Case:
        """Let somebody work on a case, or nobody. A new case becomes open once it is assigned.

        Args:
            case: its id.
            assignee: the actor; None for nobody.

        Raises:
            NotFoundError: if the case is not there or hidden.
            ConflictError: if it has become part of another case, or is resolved.
            UnknownActorError: if the assignee is nobody who is active.
        """  # raised by what this calls; callers want to know
        before = self._under_way(case)
        self._check_actor(assignee)
        after = assigned(before, assignee)
        stored = self.records.update(before, after)
        if after.status != before.status:
            self._leave(before)
            self._enter(after)
        if assignee != before.assignee_id:
            self.emit(CaseAssigned(case=case, assignee=assignee, before=before.assignee_id))
        return stored

    @command("service_desk.case.move", permission="service_desk.case.update")
    def move_to_queue(self, case: CaseId, queue: str, *, assignee: str | None = None) -> Case:
        """Let a case wait in another queue, and belong to that queue's team; nobody works on it until it is assigned.

        Args:
            case: its id.
            queue: the key of the queue.
            assignee: the actor of the new queue who works on it; nobody by default.

        Raises:
            NotFoundError: if the case is not there or hidden.
            ConflictError: if it has become part of another case, or is resolved.
            UnknownQueueError: if there is no such queue that takes cases; lists those there are.
            UnknownActorError: if the assignee is nobody who is active.
        """  # raised by what this calls; callers want to know
        before, to = self._under_way(case), self._queue_called(queue)
        self._check_actor(assignee)
        return self._placed(before, to, assignee)

    def _placed(self, before: Case, to: Queue, assignee: str | None) -> Case:
        after = self._timed(before, assigned(evolve(before, queue_id=to.id, team_id=to.team_id), assignee))
        stored = self.records.update(before, after)
        if after.status != before.status:
            self._leave(before)
            self._enter(after)
        if before.queue_id != to.id:
            self.emit(CaseMoved(case=before.id, queue=to.id, before=before.queue_id))
        if assignee != before.assignee_id:
            self.emit(CaseAssigned(case=before.id, assignee=assignee, before=before.assignee_id))
        return stored

    # -- reading ------------------------------------------------------------------------------------------------------

    @query("service_desk.case.get", permission="service_desk.case.read")
    def case(self, number: int) -> Case:
        """The case of a number.

        Args:
            number: what people call it by.

        Raises:
            NotFoundError: if there is none, or it is hidden.
        """
        found = self.uow.find(CASE, f.number == number, order="-number", limit=1)
        if not found:
            raise NotFoundError(CASE.name, number)
        return found[0]

    @query("service_desk.case.page", permission="service_desk.case.read")
    def page(
        self,
        *,
        queue: str | None = None,
        assignee: str | None = None,
        unassigned: bool = False,
        status: Sequence[Status] = UNDER_WAY,
        limit: int = 50,
        after: Cursor | None = None,
    ) -> Page[Case]:
        """An agent's page: cases in the order in which somebody must look at them, of those that the actor may see.

        Args:
            queue: only those of the queue of this key.
            assignee: only those on which this actor works.
            unassigned: only those on which nobody works.
            status: only those in one of these; those that are under way by default.
            limit: how many at most, 1 to 1000.
            after: the ``next`` of the page before.

        Raises:
            UnknownQueueError: if there is no such queue that takes cases; lists those there are.
            InvalidValueError: if a status is none.
        """  # the first by _queue_called
        for one in status:
            if one not in STATUSES:
                raise InvalidValueError("status", one, f"is none of: {', '.join(STATUSES)}")
        where = f.status.in_(list(status)) & f.merged_into.is_empty()
        if queue is not None:
            where &= f.queue_id == self._queue_called(queue).id
        if assignee is not None:
            where &= f.assignee_id == assignee
        if unassigned:
            where &= f.assignee_id.is_empty()
        return self.uow.find(CASE, where, order="next_due_at", limit=limit, after=after)

    @query("service_desk.case.stays", permission="service_desk.case.read")
    def stays(self, case: CaseId) -> tuple[CaseStay, ...]:
        """Where a case has been, the first status first.

        Args:
            case: its id.

        Raises:
            NotFoundError: if the case is not there or hidden.
        """
        found = self.uow.each(CaseStay, f.case_id == case)
        return tuple(sorted(found, key=lambda stay: (stay.entered_at, stay.id)))

    # -- for the bodies of commands -----------------------------------------------------------------------------------

    def _note(self, case: Case, kind: str, summary: str, *, body: str = "") -> UUID:
        """Enter on the timeline of a case's party what was done with the case; gives the entry's id."""
        about = Ref(CASE.name, case.id)
        kind = f"service_desk.{kind}"
        label = f"Case {case.number}"
        entry = self.uow.interactions.note(
            party=case.party_id, kind=kind, summary=summary, about=about, label=label, body=body
        )
        return entry.id

    def _enter(self, case: Case, reason: str | None = None) -> None:
        by = self.uow.actor.id
        self.records.add(
            CaseStay(case_id=case.id, status=case.status, entered_at=self.uow.now, entered_by=by, reason=reason)
        )

    def _timed(self, before: Case, after: Case) -> Case:
        """The case with what follows from what it is promised, before it is stored."""
        return timed(self.uow, before, after)

    def _leave(self, case: Case) -> None:
        for stay in self.uow.find(CaseStay, (f.case_id == case.id) & f.left_at.is_empty(), order="id", limit=10):
            self.records.update(stay, evolve(stay, left_at=self.uow.now))

    def _under_way(self, case: UUID) -> Case:
        """The case, if somebody still has to do something.

        Raises:
            ConflictError: if it has become part of another case, or is resolved.
        """
        found = live(self.uow.get(CASE, case))
        if not found.is_under_way:
            raise ConflictError(f"case {found.number} is {found.status}; reopen it first")
        return found

    def _check_actor(self, actor: str | None) -> None:
        if actor is not None and actor not in self.uow.active([actor]):
            raise UnknownActorError(actor, self.uow.tenant)

    def _check_parent(self, case: UUID, parent: UUID | None) -> None:
        """See that a case does not become a part of itself.

        Raises:
            InvalidValueError: if it would.
        """
        above = parent
        while above is not None:
            if above == case:
                raise InvalidValueError("parent", str(parent), "is the case itself, or a part of it")
            above = live(self.uow.get(CASE, above)).parent_id
