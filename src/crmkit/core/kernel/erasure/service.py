"""Erasure as units of work have it: what will go, letting it go, and telling everything that there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import evolve

from crmkit.core.kernel.deployment.tenants import raise_policy_generation
from crmkit.core.kernel.erasure.erasing import Erasing
from crmkit.core.kernel.erasure.events import RecordErased
from crmkit.core.kernel.erasure.hooks import RecordsErasing, records_erasing
from crmkit.core.kernel.erasure.model import Erased, ErasurePlan, SubjectRecord
from crmkit.core.kernel.erasure.reach import MERGED, reach
from crmkit.core.kernel.erasure.subject import subject_records
from crmkit.core.kernel.history.seeing import Sight
from crmkit.core.kernel.units.gate import command, query
from crmkit.core.kernel.units.service import Service
from crmkit.core.kernel.units.subjects import subject_of
from crmkit.errors import ConflictError, InvalidValueError, NotFoundError
from crmkit.values.ref import Ref

if TYPE_CHECKING:
    from crmkit.core.kernel.history.rules import Key

__all__ = ["Erasure"]


class Erasure(Service):
    """Erasing what is about a person: ``uow.erasure``.

    It reaches every table that the catalogue knows, those of disabled plugins and of plugins whose package is gone
    among them, whoever may see the records: half an erasure would be none. Text that mentions the person somewhere
    else cannot be known. Whether somebody may be erased, and what keeps them from coming back, is a plugin's business.
    """

    @query("erasure.plan", permission="erasure.erase")
    def plan(self, ref: Ref) -> ErasurePlan:
        """What erasing a record would come to; writes nothing.

        Args:
            ref: the record, such as a party.

        Raises:
            NotFoundError: if there is none, or it is hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if it is part of another record.
            ConflictError: if it has been merged into another one, with which it is erased.
        """
        sight, key = self._sight(ref, lock=False)
        return Erasing(self._work, sight, reach(sight, key)).plan()

    @command("erasure.erase", permission="erasure.erase", reversible=False)
    def erase(self, ref: Ref, reason: str) -> Erased:
        """Erase a record, what was merged into it, and everything that is about them. Nobody can undo it.

        What stays, stays without its personal values; history keeps that there was something, and when. The contents
        of its attachments are removed once the unit of work is committed.

        Args:
            ref: the record, such as a party.
            reason: why, in words that name nobody; kept with the unit of work.

        Raises:
            NotFoundError: if there is none, or it is hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if it is part of another record, or the reason is blank.
            ConflictError: if it has been merged into another one, with which it is erased.
            RefusedError: if a plugin refuses.
        """
        if not reason.strip():
            raise InvalidValueError("reason", reason, "is blank; say why, without naming anybody")
        sight, key = self._sight(ref, lock=True)
        erasing = Erasing(self._work, sight, reach(sight, key))
        plan = erasing.plan()
        self.guard(records_erasing, RecordsErasing(ref=ref, also=plan.also, reason=reason, plan=plan))
        done = erasing.run(plan)
        work = self._work
        work.facts = evolve(work.facts, reason=reason)
        raise_policy_generation(self._work)  # shares of it are gone
        self.emit(RecordErased(entity=ref.entity, id=ref.id, also=tuple(one.id for one in done.plan.also)))
        return done

    @query("erasure.subject", permission="erasure.subject")
    def subject(self, ref: Ref, *, hold: bool = False) -> Iterator[SubjectRecord]:
        """Everything that there is about a record, over all plugins, with its history; for who asks what we know.

        Args:
            ref: the record, such as a party.
            hold: keep others from changing what it tells, or attaching to it, until the unit ends; for who erases it
                then. A unit that only reads holds nothing.

        Returns:
            The records, the record itself first, then by entity and id; read as they are asked for.

        Raises:
            NotFoundError: if there is none, or it is hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if it is part of another record.
            ConflictError: if it has been merged into another one, of which it tells.
        """
        sight, key = self._sight(ref, lock=hold and not self._work.read_only)
        return subject_records(sight, reach(sight, key))

    def _sight(self, ref: Ref, *, lock: bool) -> tuple[Sight, Key]:
        """A sight of the record, which is looked at anew: whoever was merging it has ended once it is locked.

        Raises:
            NotFoundError: if there is no such record.
            ConflictError: if it has been merged into another one.
        """
        self._work.check_open()
        self._work.flush()
        subject_of(self.uow, ref)
        sight, key = Sight(self._work, lock=lock), (ref.entity, ref.id)
        sight.load([key])
        if sight.records[key] is None:
            raise NotFoundError(ref.entity, ref.id)
        into = getattr(sight.records[key], MERGED, None)
        if into is not None:
            raise ConflictError(f"{ref.entity} {ref.id} has been merged into {into}; name that one")
        return sight, key
