"""The commands and queries on activities: plan, complete, reassign, reschedule, cancel; what is due, what is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from crmkit.core.interactions.activities.events import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityPlanned,
    ActivityReassigned,
    ActivityRescheduled,
)
from crmkit.core.interactions.activities.model import Activity, NextAction, Priority
from crmkit.core.interactions.activities.rules import (
    OPEN,
    cancelled,
    concern_of,
    concerning,
    done,
    following,
    next_action_refusal,
    outcome_of,
    reassigned,
    rescheduled,
)
from crmkit.core.interactions.activities.tables import ACTIVITY
from crmkit.core.interactions.config import InteractionsSettings
from crmkit.core.interactions.model import Direction, Participant
from crmkit.core.interactions.recording import Recording
from crmkit.core.kernel.units.gate import Target, command, query
from crmkit.errors import UnknownFieldError
from crmkit.values.criteria import Criteria, f
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

__all__ = ["Activities"]


class Activities(Recording):
    """What is planned. A part of `Interactions`, which is the service that is registered."""

    @command("activity.plan", permission="activity.create")
    def plan(
        self,
        *,
        kind: str,
        subject: str,
        due_at: datetime,
        party: Annotated[UUID, Target("party")] | None = None,
        about: Ref | None = None,
        assignee: str | None = None,
        team: str | None = None,
        note: str = "",
        priority: Priority = "normal",
        custom: Mapping[str, Any] | None = None,
    ) -> Activity:
        """Plan something.

        Args:
            kind: call, email, letter, meeting, task or visit, or a plugin's own, such as ``sales.demo``.
            subject: what, in one line.
            due_at: when, aware.
            party: with whom; that of the record that it is about by default.
            about: the record that it is about, such as a deal.
            assignee: the id of the actor who shall do it; whoever plans it by default, nobody yet if a team is given.
            team: the key of the team whose work it is; by default the only one of the actor, if that is the
                assignee.
            note: what to know before doing it.
            priority: low, normal or high.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            NotFoundError: if the party or the record is not there or hidden.
            NaiveDatetimeError: if ``due_at`` has no time zone.
            InvalidValueError: if kind, subject or priority is none, or a custom value does not fit its field.
        """
        concerned = self.about(about)
        if assignee is None and team is None:
            assignee = self.uow.actor.id
        return self._store_plan(
            Activity(
                kind=kind,
                subject=subject,
                note=note,
                due_at=due_at,
                priority=priority,
                party_id=party or self._visible(concerned.party_id),
                about=concerned.entity,
                about_id=concerned.id,
                about_label=concerned.label,
                assignee_id=assignee,
                team_id=team or self._work.team_of(assignee),
                custom=custom,
            )
        )

    @command("activity.complete", permission="activity.update")
    def complete(
        self,
        activity: Annotated[UUID, Target("activity")],
        *,
        summary: str | None = None,
        body: str = "",
        channel: str | None = None,
        direction: Direction = "none",
        occurred_at: datetime | None = None,
        duration_seconds: int | None = None,
        participants: Sequence[Participant] = (),
        custom: Mapping[str, Any] | None = None,
        next_action: NextAction | None = None,
    ) -> Activity:
        """Close an activity as done, and record with its party what has happened.

        Args:
            activity: its id.
            summary: what has happened, in one line; the activity's subject by default.
            body: all that was said or written.
            channel: the channel's key; by default the one that activities of this kind are done over, if there is one.
            direction: in, out or none.
            occurred_at: when it happened, aware; now by default.
            duration_seconds: how long it took, in seconds.
            participants: who took part besides the party and the actor.
            custom: values of the custom fields of the interaction, by key.
            next_action: what shall be done next with the same party, about the same record.

        Returns:
            The activity; ``interaction_id`` names what was recorded.

        Raises:
            NotFoundError: if the activity is not there or hidden.
            ConflictError: if it is not open.
            UnknownChannelError: if nobody has added the channel; lists those there are.
            InvalidValueError: if it has not happened yet, or a custom value does not fit its field; or a summary is
                given, but no party to record it with.
        """
        before = self.uow.get(ACTIVITY, activity)
        if channel is not None:
            self.check_channel(channel)
        interaction = outcome_of(
            before,
            author=self.uow.actor.id,
            occurred_at=self.uow.now if occurred_at is None else occurred_at,
            summary=summary,
            body=body,
            channel=channel,
            direction=direction,
            duration_seconds=duration_seconds,
            participants=participants,
            custom=custom,
        )
        changed = done(before, at=self.uow.now, interaction=None if interaction is None else interaction.id)
        self._check_next_action(before, next_action)
        if interaction is not None:
            self.store_interaction(interaction, participants)
        after = self.records.update(before, changed)
        self.emit(
            ActivityCompleted(
                activity=after.id,
                kind=after.kind,
                interaction=after.interaction_id,
                party=after.party_id,
                about=after.ref,
            )
        )
        self._plan_next(before, next_action)
        return after

    @command("activity.reassign", permission="activity.update")
    def reassign(
        self, activity: Annotated[UUID, Target("activity")], *, assignee: str | None = None, team: str | None = None
    ) -> Activity:
        """Give an activity into other hands.

        Args:
            activity: its id.
            assignee: the id of the actor who shall do it; None for anybody of the team.
            team: the key of the team whose work it is; None to leave that as it is.

        Raises:
            NotFoundError: if the activity is not there or hidden.
            ForbiddenError: if the actor may not change it, or not once it is in other hands.
            ConflictError: if it is not open.
            InvalidValueError: if neither assignee nor team is given.
        """
        before = self.uow.get(ACTIVITY, activity)
        after = self.records.update(before, reassigned(before, assignee=assignee, team=team))
        if after is not before:
            self.emit(
                ActivityReassigned(
                    activity=after.id, before=before.assignee_id, assignee=after.assignee_id, team=after.team_id
                )
            )
        return after

    @command("activity.reschedule", permission="activity.update")
    def reschedule(self, activity: Annotated[UUID, Target("activity")], *, due_at: datetime) -> Activity:
        """Plan an activity for another time.

        Args:
            activity: its id.
            due_at: when it is due, aware.

        Raises:
            NotFoundError: if the activity is not there or hidden.
            ConflictError: if it is not open.
            NaiveDatetimeError: if ``due_at`` has no time zone.
        """
        before = self.uow.get(ACTIVITY, activity)
        after = self.records.update(before, rescheduled(before, due_at=due_at))
        if after is not before:
            self.emit(ActivityRescheduled(activity=after.id, before=before.due_at, due_at=after.due_at))
        return after

    @command("activity.cancel", permission="activity.update")
    def cancel(
        self,
        activity: Annotated[UUID, Target("activity")],
        *,
        reason: str,
        next_action: NextAction | None = None,
    ) -> Activity:
        """Close an activity as something that shall not be done.

        Args:
            activity: its id.
            reason: why, in one line.
            next_action: what shall be done instead with the same party, about the same record.

        Raises:
            NotFoundError: if the activity is not there or hidden.
            ConflictError: if it is not open.
            InvalidValueError: if the reason is blank.
        """
        before = self.uow.get(ACTIVITY, activity)
        changed = cancelled(before, at=self.uow.now, reason=reason)
        self._check_next_action(before, next_action)
        after = self.records.update(before, changed)
        self.emit(ActivityCancelled(activity=after.id, party=after.party_id, about=after.ref))
        self._plan_next(before, next_action)
        return after

    @query("activity.due", permission="activity.read")
    def due(
        self,
        *,
        until: datetime | None = None,
        assignee: str | None = None,
        team: str | None = None,
        limit: int = 50,
        after: Cursor | None = None,
    ) -> Page[Activity]:
        """What should be done, the earliest first.

        Args:
            until: due by when, aware; now by default.
            assignee: only what this actor shall do.
            team: only what is this team's work.
            limit: how many at most.
            after: the ``next`` of the page before.

        Raises:
            NaiveDatetimeError: if ``until`` has no time zone.
        """
        where: Criteria = OPEN & (f.due_at <= (self.uow.now if until is None else until))
        if assignee is not None:
            where &= f.assignee_id == assignee
        if team is not None:
            where &= f.team_id == team
        return self.uow.find(ACTIVITY, where, order="due_at", limit=limit, after=after)

    @query("activity.next_action", permission="activity.read")
    def next_action(self, of: Ref) -> Activity | None:
        """The earliest open activity with a party, or about any other record; None if nobody works on it.

        Args:
            of: the party, deal or other record.

        Raises:
            NotFoundError: if it is not there or hidden.
        """
        self.about(of)
        page = self.uow.find(ACTIVITY, concerning(of) & OPEN, order="due_at", limit=1)
        return page[0] if page else None

    # -- how ----------------------------------------------------------------------------------------------------------

    def _store_plan(self, activity: Activity) -> Activity:
        stored = self.records.add(activity)
        self.emit(
            ActivityPlanned(
                activity=stored.id,
                kind=stored.kind,
                due_at=stored.due_at,
                assignee=stored.assignee_id,
                party=stored.party_id,
                about=stored.ref,
            )
        )
        return stored

    def _plan_next(self, before: Activity, action: NextAction | None) -> None:
        if action is not None:
            self._store_plan(following(before, action))

    def _visible(self, party: UUID | None) -> UUID | None:
        """The party of a record, unless it is hidden from the actor who may see the record."""
        return party if party is not None and self.uow.sees(self.uow.entity("party"), [party]) else None

    def _check_next_action(self, activity: Activity, action: NextAction | None) -> None:
        """Refuse to close the last open activity of a record that must always have a next action."""
        of = concern_of(activity)
        if action is not None or of is None or not self._demands_next_action(of):
            return
        # Two units that each close one of the last two activities see the other one open, unless they take turns.
        record = self._work.hold(self.uow.entity(of.entity), of.id, alone=True)
        if record is None or not getattr(record, "is_open", True):
            return
        if not self.uow.find(ACTIVITY, concerning(of) & OPEN & (f.id != activity.id), limit=1):
            self.refuse(next_action_refusal(of))

    def _demands_next_action(self, of: Ref) -> bool:
        """Whether this record must have a next action while it is open: by configuration, or by its pipeline."""
        configured = of.entity in self.settings(InteractionsSettings).demand_next_action
        try:
            entity = self.uow.entity(of.entity)
        except UnknownFieldError:  # its plugin is gone, and so are its policies
            return False
        if not configured and not entity.staged:
            return False
        record = next(iter(self.uow.find(entity, f.id == of.id, limit=1)), None)
        return record is not None and (configured or self._pipeline_demands(getattr(record, "pipeline", None)))

    def _pipeline_demands(self, key: str | None) -> bool:
        """Whether the pipeline, an entity of the area next door, demands a next action while work is open."""
        found = self.uow.find(self.uow.entity("pipeline"), f.key == key, limit=1)
        return bool(found) and bool(getattr(found[0], "demands_next_action", False))
