"""The service of promised times: calendars, policies, what follows from them for cases, and who has to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.calendars.service import Calendars
from crmkit.plugins.service_desk.cases.model import UNDER_WAY, Case, Kind, Priority
from crmkit.plugins.service_desk.cases.rules import ranked
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.sla.counting import Alert, Terms, counted, told, untold
from crmkit.plugins.service_desk.sla.events import PromiseBroken, PromiseEndangered
from crmkit.plugins.service_desk.sla.model import ANY, Policy, Recount
from crmkit.plugins.service_desk.sla.reading import stays_of
from crmkit.plugins.service_desk.sla.rules import fingerprint, pauses_of
from crmkit.sdk import AlreadyExistsError, InvalidValueError, Ref, Target, command, f, query

__all__ = ["PolicyId", "Promises"]

PolicyId = Annotated[UUID, Target("service_desk.policy")]

BATCH: Final = 1_000
"""Cases that one unit of work counts."""


class Promises(Calendars):
    """Promised times: ``uow.use(Promises)``."""

    # -- what is promised ---------------------------------------------------------------------------------------------

    @command("service_desk.policy.add", permission="service_desk.policy.create")
    def add_policy(
        self,
        label: str,
        *,
        tier: str = ANY,
        priority: Priority | None = None,
        kind: Kind | None = None,
        first_response: timedelta | None = None,
        resolution: timedelta | None = None,
        warn_after: int = 75,
        escalate_to: str | None = None,
    ) -> Policy:
        """Promise times to cases. Open ones are counted anew soon after.

        Args:
            label: for people.
            tier: key of the customer tier whose cases it is for; all by default.
            priority: of the cases that it is for; all by default.
            kind: of the cases that it is for; all by default.
            first_response: business time until the first answer; none is promised by default.
            resolution: business time until the resolution; none is promised by default.
            warn_after: after which part of the promised time somebody is warned, in per cent.
            escalate_to: the actor who gets something to do when a promise is broken.

        Raises:
            AlreadyExistsError: if there is a policy for the same tier, priority and kind.
            InvalidValueError: if it promises nothing, or a time that is none, or an answer only after the resolution.
        """  # the latter by the model
        policy = Policy(
            label=label,
            tier=tier,
            priority=priority or ANY,
            kind=kind or ANY,
            first_response=_minutes("first_response", first_response),
            resolution=_minutes("resolution", resolution),
            warn_after=warn_after,
            escalate_to=escalate_to,
        )
        self._check_policy_free(policy)
        self.hasten("recount")
        return self.records.add(policy)

    @command("service_desk.policy.edit", permission="service_desk.policy.update")
    def edit_policy(self, policy: Policy) -> Policy:
        """Store a changed policy. Open cases are counted anew soon after; what was settled stays as it was.

        Args:
            policy: as `attrs.evolve` made it from what was read.

        Raises:
            NotFoundError: if it is gone or hidden.
            StaleVersionError: if it has moved on since it was read.
            AlreadyExistsError: if there is another one for the same tier, priority and kind.
        """  # the first two by update
        before = self.uow.get(Policy, policy.id)
        self._check_policy_free(policy)
        self.hasten("recount")
        return self.records.update(before, policy)

    @query("service_desk.policy.list", permission="service_desk.policy.read")
    def policies(self) -> tuple[Policy, ...]:
        """The policies, in the order in which they were added."""
        return tuple(self.uow.each(Policy))

    # -- jobs ---------------------------------------------------------------------------------------------------------

    @command("service_desk.promise.recount", permission="service_desk.case.update")
    def recount(self, *, limit: int = BATCH) -> Recount:
        """Count some open cases anew, if policies or calendars have changed by whatever way, an undo or import too.

        It goes on where the last call has ended, and begins anew if they change meanwhile. What comes out is what
        counting each case from scratch gives.

        Args:
            limit: how many cases.

        Returns:
            How far it is; ``done_at`` is set once there is nothing to do.
        """
        before, print_ = self._recount(), fingerprint([*self.policies(), *self.calendars()])
        if before.fingerprint != print_:
            state = evolve(before, fingerprint=print_, after=None, cases=0, changed=0, done_at=None)
        elif before.done_at is not None:
            return before
        else:
            state = before
        where = f.status.in_(list(UNDER_WAY)) & f.merged_into.is_empty()
        page = self.uow.find(
            CASE, where if state.after is None else where & (f.id > state.after), order="id", limit=limit
        )
        changed = self._count_anew(page.items)
        last = page.items[-1].id if page.next is not None else None
        after = evolve(
            state,
            after=last,
            cases=state.cases + len(page),
            changed=state.changed + changed,
            done_at=self.uow.now if last is None else None,
        )
        return self.records.update(before, after) if before.version else self.records.add(after)

    @command("service_desk.promise.tell", permission="service_desk.case.update")
    def tell(self, *, limit: int = BATCH) -> int:
        """Tell of the promises that are about to be broken, or are; each once for each due time, the oldest first.

        Args:
            limit: how many cases at most.

        Returns:
            How many cases were looked at.
        """
        where = (f.alert_at <= self.uow.now) & f.status.in_(list(UNDER_WAY)) & f.merged_into.is_empty()
        cases = self.uow.find(CASE, where, order="alert_at", limit=limit).items
        stays, terms = stays_of(self.uow, [case.id for case in cases]), self._terms()
        for case in cases:
            pauses = pauses_of(stays.get(case.id, ()), case.status, self.uow.now)
            for alert in untold(case, terms, pauses, self.uow.now):
                self._tell(case, alert, terms)
            self.records.update(case, told(case, terms, pauses, self.uow.now))
        return len(cases)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _terms(self) -> Terms:
        return Terms.of(self.policies(), self.calendars())

    def _count_anew(self, cases: Sequence[Case]) -> int:
        """Count cases anew; how many have changed."""
        stays, terms, changed = stays_of(self.uow, [case.id for case in cases]), self._terms(), 0
        for case in cases:
            pauses = pauses_of(stays.get(case.id, ()), case.status, self.uow.now)
            after = counted(case, terms, pauses, self.uow.now)
            if after is not case:
                self.records.update(case, ranked(after))
                changed += 1
        return changed

    def _tell(self, case: Case, alert: Alert, terms: Terms) -> None:
        if alert.level == "warning":
            self.emit(PromiseEndangered(case=case.id, measure=alert.measure, due_at=alert.due_at))
            return
        policy = terms.policy(case)
        to = None if policy is None else policy.escalate_to
        if to is not None:
            what = alert.measure.replace("_", " ")
            self.uow.interactions.plan(
                kind="task",
                subject=f"Case {case.number}: the promised {what} is overdue"[:200],
                due_at=self.uow.now,
                about=Ref(CASE.name, case.id),
                assignee=to,
                priority="high",
            )
        self.emit(PromiseBroken(case=case.id, measure=alert.measure, due_at=alert.due_at, escalated_to=to))

    def _recount(self) -> Recount:
        return next(iter(self.uow.find(Recount, f.key == "promises", order="id", limit=1)), Recount())

    def _check_policy_free(self, policy: Policy) -> None:
        scope = (f.tier == policy.tier) & (f.priority == policy.priority) & (f.kind == policy.kind)
        if self.uow.find(Policy, scope & (f.id != policy.id), order="id", limit=1):
            raise AlreadyExistsError("service_desk.policy", ("tier", "priority", "kind"))


def _minutes(name: str, target: timedelta | None) -> int | None:
    """A promised time in minutes.

    Raises:
        InvalidValueError: if it is no whole number of them.
    """
    if target is None:
        return None
    minutes, rest = divmod(target, timedelta(minutes=1))
    if rest:
        raise InvalidValueError(name, str(target), "is no whole number of minutes")
    return minutes
