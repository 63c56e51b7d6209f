"""The commands and queries of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from crmkit.core.kernel.decisions.events import DecisionRecorded
from crmkit.core.kernel.decisions.model import Decision
from crmkit.core.kernel.decisions.reading import LATEST_FIRST, standing
from crmkit.core.kernel.decisions.rules import about, check_decided, check_successor
from crmkit.core.kernel.decisions.tables import DECISION
from crmkit.core.kernel.query.compiler import MAX_LIMIT
from crmkit.core.kernel.units.gate import EVERYBODY, Target, command, query
from crmkit.core.kernel.units.service import Service
from crmkit.core.kernel.units.subjects import subject_of
from crmkit.errors import ConflictError, LimitExceededError
from crmkit.values.criteria import f
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

__all__ = ["Decisions"]


class Decisions(Service):
    """What was decided about any record, on which basis and by whom: ``uow.decisions``.

    Whoever may read a record may read the decisions about it. They are never edited or removed, only superseded.
    """

    @command("decision.record", permission="decision.create")
    def record(
        self,
        ref: Ref,
        text: str,
        *,
        basis: str,
        decided_at: datetime | None = None,
        valid_until: datetime | None = None,
        supersedes: Annotated[UUID, Target("decision")] | None = None,
        custom: Mapping[str, Any] | None = None,
    ) -> Decision:
        """Record what was decided about a record, of whatever entity.

        Args:
            ref: the record.
            text: what was decided.
            basis: on which grounds.
            decided_at: when, aware; now by default.
            valid_until: when it ceases to hold, aware; by default it holds until it is superseded.
            supersedes: the decision about the same record that this one puts an end to.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            NotFoundError: if the record, or the decision to be superseded, is not there or hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if a text is blank, it was not decided yet, would hold until before it was decided, or
                supersedes one about another record; or a custom value does not fit its field.
            NaiveDatetimeError: if an instant has no time zone.
            ConflictError: if another decision supersedes that one already.
            LimitExceededError: if a text has more than 20,000 characters.
        """  # raised by what this calls; callers want to know
        subject_of(self.uow, ref)
        decision = Decision(
            subject=ref.entity,
            subject_id=ref.id,
            text=text,
            basis=basis,
            author_id=self.uow.actor.id,
            decided_at=self.uow.now if decided_at is None else decided_at,
            valid_until=valid_until,
            supersedes_id=supersedes,
            custom=custom,
        )
        check_decided(decision, self.uow.now)
        if supersedes is not None:
            self._check_superseded(supersedes, ref)
        stored = self.records.add(decision)
        self.emit(
            DecisionRecorded(decision=stored.id, about=ref, author=stored.author_id, supersedes=stored.supersedes_id)
        )
        return stored

    @query("decision.standing", permission=EVERYBODY)
    def standing(self, ref: Ref, *, limit: int = 50) -> tuple[Decision, ...]:
        """The decisions about a record that hold now: neither superseded nor past their time. The latest first.

        Args:
            ref: the record.
            limit: how many at most, 1 to 1,000.

        Raises:
            NotFoundError: if the record is not there or hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if the record is part of another record.
            LimitExceededError: if the limit is out of range.
        """  # raised by what this calls; callers want to know
        subject_of(self.uow, ref)
        if not 1 <= limit <= MAX_LIMIT:
            raise LimitExceededError("decisions in a list", MAX_LIMIT, got=limit)
        return standing(self.uow, ref, limit=limit)

    @query("decision.of", permission=EVERYBODY)
    def of(self, ref: Ref, *, after: Cursor | None = None, limit: int = 50) -> Page[Decision]:
        """All decisions about a record, the latest first.

        Args:
            ref: the record.
            after: the ``next`` of the page before.
            limit: how many at most, 1 to 1,000.

        Raises:
            NotFoundError: if the record is not there or hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if the record is part of another record.
            LimitExceededError: if the limit is out of range.
            InvalidCursorError: if ``after`` belongs to another order.
        """  # raised by what this calls; callers want to know
        subject_of(self.uow, ref)
        return self.uow.find(DECISION, about(ref), order=LATEST_FIRST, limit=limit, after=after)

    def _check_superseded(self, id_: UUID, ref: Ref) -> None:
        check_successor(self._work.get(DECISION, id_), ref)
        if self.uow.count(DECISION, about(ref) & (f.supersedes_id == id_)):
            raise ConflictError(f"decision {id_} has been superseded already; supersede the later one")
