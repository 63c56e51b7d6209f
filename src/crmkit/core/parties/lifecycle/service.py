"""Commands about the lifecycle; a chapter of `crmkit.core.parties.service.Parties`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from crmkit.core.kernel.units.gate import Target, command
from crmkit.core.parties.lifecycle.events import LifecycleMoved
from crmkit.core.parties.lifecycle.model import LifecycleEntry, LifecycleStage
from crmkit.core.parties.lifecycle.rules import check_stages, moved
from crmkit.core.parties.model import Party
from crmkit.core.parties.rules import altered
from crmkit.core.parties.vocabulary import VocabularyCommands
from crmkit.values.criteria import f

__all__ = ["LifecycleCommands"]


class LifecycleCommands(VocabularyCommands):
    """Where parties stand in their relationship with us."""

    @command("party.move_lifecycle", permission="party.update")
    def move_lifecycle(
        self,
        party: Annotated[UUID, Target("party")],
        stage: str,
        *,
        at: datetime | None = None,
        reason: str | None = None,
    ) -> LifecycleEntry:
        """Move a party to a stage of the lifecycle; any may follow any. Its present stage stays as it is.

        Args:
            party: the party.
            stage: key of the stage.
            at: since when it stands there, aware; now by default.
            reason: why it was moved.

        Raises:
            UnknownLifecycleStageError: if there is no such stage; lists those there are.
            NaiveDatetimeError: if ``at`` has no time zone.
            InvalidValueError: if ``at`` lies before the party came to its present stage.
        """
        check_stages([stage], self.uow.each(LifecycleStage, order="position"))
        open_ = self.uow.find(LifecycleEntry, (f.party_id == party) & f.left_at.is_empty(), order="id", limit=1)
        current = open_[0] if len(open_) else None
        if current is not None and current.stage == stage:
            return current
        ended, entry = moved(party, current, stage, at=self.uow.now if at is None else at, reason=reason)
        if current is not None and ended is not None:
            self.records.update(current, ended)
        stored = self.records.add(entry)
        before = self.uow.get(Party, party)
        self.records.update(before, altered(before, lifecycle=stage))
        self.emit(LifecycleMoved(party=party, before=current.stage if current else None, stage=stage))
        return stored

    @command("lifecycle_stage.define", permission="lifecycle_stage.update")
    def define_lifecycle_stages(self, stages: Sequence[LifecycleStage]) -> tuple[LifecycleStage, ...]:
        """Add stages of the lifecycle; one whose key is there already is changed."""
        return self._defined(self.uow.each(LifecycleStage, order="position"), stages)
