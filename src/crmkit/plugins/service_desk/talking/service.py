"""The commands by which one talks about cases; a chapter of `crmkit.plugins.service_desk.service.ServiceDesk`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.cases.events import CaseAnswered, CaseReopened, CaseReplied, CaseResumed
from crmkit.plugins.service_desk.cases.model import Case
from crmkit.plugins.service_desk.cases.rules import live, may_reopen
from crmkit.plugins.service_desk.cases.service import CaseId
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.config import Settings
from crmkit.plugins.service_desk.linking.service import CaseLinks
from crmkit.plugins.service_desk.talking.model import Watcher
from crmkit.sdk import Comment, Ref, Target, command, f, query

__all__ = ["CaseTalk", "InteractionId"]

InteractionId = Annotated[UUID, Target("interaction")]


class CaseTalk(CaseLinks):
    """What is said about cases. What the party reads is an interaction; what colleagues read is a comment."""

    # -- with the party -----------------------------------------------------------------------------------------------

    @command("service_desk.case.answer", permission="service_desk.case.update")
    def answer(self, case: CaseId, text: str, *, channel: str, wait: bool = False) -> Case:
        """Record what the party was answered, in the case's thread. By mail, `CaseMail.answer` also sends it.

        Args:
            case: its id.
            text: the answer.
            channel: the key of the channel over which it was given.
            wait: whether the case waits for the party now.

        Raises:
            NotFoundError: if the case is not there or hidden.
            ConflictError: if it has become part of another case.
            UnknownChannelError: if nobody has added the channel; lists those there are.
            CaseStatusError: if it cannot wait.
        """  # raised by what this calls; callers want to know
        before = live(self.uow.get(CASE, case))
        said = self.uow.interactions.record(
            party=before.party_id,
            channel=channel,
            direction="out",
            summary=f"Case {before.number}: {before.subject}"[:1_000],
            body=text,
            thread=before.thread_id,
            about=Ref(CASE.name, case),
        )
        return self._answered(before, said.id, wait=wait)

    @command("service_desk.case.note_answer", permission="service_desk.case.update")
    def note_answer(self, case: CaseId, interaction: InteractionId | None = None, *, wait: bool = False) -> Case:
        """Say that a case was answered: by what was recorded already, or by a message that waits to be sent.

        Args:
            case: its id.
            interaction: the answer; None while it waits to be sent.
            wait: whether the case waits for the party now.

        Raises:
            NotFoundError: if one of them is not there or hidden.
            ConflictError: if the case has become part of another one.
            CaseStatusError: if it cannot wait.
        """  # raised by what this calls; callers want to know
        return self._answered(live(self.uow.get(CASE, case)), interaction, wait=wait)

    @command("service_desk.case.reply", permission="service_desk.case.update")
    def reply(self, case: CaseId, text: str, *, channel: str) -> Case:
        """Record what the party has said more about a case; see `note_reply` for what becomes of it.

        Args:
            case: its id.
            text: what was said.
            channel: the key of the channel over which it came.

        Returns:
            The case to which it belongs.

        Raises:
            NotFoundError: if the case is not there or hidden.
            UnknownChannelError: if nobody has added the channel; lists those there are.
        """  # raised by what this calls; callers want to know
        before = self._standing(case)
        said = self.uow.interactions.record(
            party=before.party_id,
            channel=channel,
            direction="in",
            summary=f"Case {before.number}: {before.subject}"[:1_000],
            body=text,
            thread=before.thread_id,
            about=Ref(CASE.name, before.id),
        )
        return self._replied(before, said.id)

    @command("service_desk.case.note_reply", permission="service_desk.case.update")
    def note_reply(self, case: CaseId, interaction: InteractionId) -> Case:
        """Say that an interaction which was recorded already is the party's reply.

        A case that waits goes on. One that was resolved is reopened, if it was some days ago at most (see the
        settings); after that a new case is opened, which follows it up. A reply to a case that has become part of
        another one belongs to that one.

        Args:
            case: its id.
            interaction: the reply.

        Returns:
            The case to which it belongs.

        Raises:
            NotFoundError: if one of them is not there or hidden.
        """  # raised by what this calls; callers want to know
        return self._replied(self._standing(case), interaction)

    # -- among colleagues ---------------------------------------------------------------------------------------------

    @command("service_desk.case.comment", permission="service_desk.case.update")
    def comment(self, case: CaseId, body: str, *, mentions: Sequence[str] = ()) -> Comment:
        """Comment on a case, for colleagues only. Whoever watches it or works on it is notified.

        Args:
            case: its id.
            body: what to say; ``@u-17`` mentions the actor ``u-17``.
            mentions: ids of further actors to mention.

        Raises:
            NotFoundError: if the case is not there or hidden.
            InvalidValueError: if the body is blank.
            LimitExceededError: if the body is too long, or there are too many to notify.
        """  # raised by what this calls; callers want to know
        found = self.uow.get(CASE, case)
        told = [*mentions, *(one.actor_id for one in self.watchers(case)), found.assignee_id]
        others = [one for one in dict.fromkeys(told) if one is not None]
        return self.uow.comments.add(Ref(CASE.name, case), body, mentions=others)

    @command("service_desk.case.watch", permission="service_desk.case.update")
    def watch(self, case: CaseId, actor: str | None = None) -> Watcher:
        """Let somebody be notified of comments on a case.

        Args:
            case: its id.
            actor: who; oneself by default.

        Raises:
            NotFoundError: if the case is not there or hidden.
            UnknownActorError: if it is nobody who is active.
        """  # raised by what this calls; callers want to know
        who = self.uow.actor.id if actor is None else actor
        self._check_actor(who)
        known = [one for one in self.watchers(case) if one.actor_id == who]
        return known[0] if known else self.records.add(Watcher(case_id=case, actor_id=who))

    @command("service_desk.case.unwatch", permission="service_desk.case.update")
    def unwatch(self, case: CaseId, actor: str | None = None) -> None:
        """Let somebody be notified no more; who did not watch still does not.

        Args:
            case: its id.
            actor: who; oneself by default.

        Raises:
            NotFoundError: if the case is not there or hidden.
        """
        who = self.uow.actor.id if actor is None else actor
        for one in self.watchers(case):
            if one.actor_id == who:
                self.records.remove(one)

    @query("service_desk.case.watchers", permission="service_desk.case.read")
    def watchers(self, case: CaseId) -> tuple[Watcher, ...]:
        """Who is notified of comments on a case, in the order in which they began to watch.

        Args:
            case: its id.

        Raises:
            NotFoundError: if the case is not there or hidden.
        """
        return tuple(self.uow.each(Watcher, f.case_id == case))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _answered(self, before: Case, interaction: UUID | None, *, wait: bool) -> Case:
        first = before.first_responded_at is None
        after = evolve(before, first_responded_at=before.first_responded_at or self.uow.now)
        stored = self.records.update(before, self._timed(before, after))
        self.emit(CaseAnswered(case=before.id, interaction=interaction, first=first))
        return self.wait(before.id) if wait and stored.status != "waiting" else stored

    def _replied(self, before: Case, interaction: UUID) -> Case:
        case = self._going_on(before)
        self.emit(CaseReplied(case=case.id, interaction=interaction))
        return case

    def _going_on(self, before: Case) -> Case:
        """The case that a reply belongs to, under way."""
        if before.status in {"new", "open"}:
            return before
        if before.status == "waiting":
            stored = self._go(before.id, "open", "replied")
            self.emit(CaseResumed(case=before.id))
            return stored
        if may_reopen(before, self.uow.now, days=self.settings(Settings).reopen_days):
            stored = self._go(before.id, "open", "replied")
            self.emit(CaseReopened(case=before.id, reason="replied"))
            return stored
        return self.follow_up(before.id)

    def _standing(self, case: UUID) -> Case:
        """The case, or the one that it has become part of."""
        found = self.uow.get(CASE, case)
        return found if found.merged_into is None else self.uow.get(CASE, found.merged_into)
