"""The commands that hold, erase and readmit; a chapter of `crmkit.plugins.privacy.service.Privacy`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO
from uuid import UUID

from attrs import evolve

from crmkit.plugins.privacy.erasing.errors import NotErasedError
from crmkit.plugins.privacy.erasing.events import HoldPlaced, HoldReleased, PersonErased, PersonReadmitted
from crmkit.plugins.privacy.erasing.exporting import write_subject
from crmkit.plugins.privacy.erasing.model import Erasure, Hold
from crmkit.plugins.privacy.erasing.rules import Trace, identifier_trace, traces_of_records
from crmkit.plugins.privacy.suppressions.model import Suppression
from crmkit.plugins.privacy.suppressions.rules import reasons_holding
from crmkit.plugins.privacy.suppressions.service import SuppressionCommands
from crmkit.sdk import ErasurePlan, InvalidValueError, Party, Person, Ref, Target, as_instant, command, f, query

__all__ = ["ErasingCommands"]

PartyId = Annotated[UUID, Target("party")]


class ErasingCommands(SuppressionCommands):
    """Erasing persons, and what stands against it."""

    # -- legal hold ---------------------------------------------------------------------------------------------------

    @command("privacy.hold.place", permission="privacy.hold.create")
    def hold_party(self, party: PartyId, *, reason: str, until: datetime | None = None) -> Hold:
        """Keep a party from being erased, by hand or by a rule of retention.

        Args:
            party: its id.
            reason: why, such as the number of a lawsuit.
            until: when the hold ends by itself, aware; when it is released by default.

        Raises:
            NotFoundError: if the party is not there, or hidden.
            InvalidValueError: if it ends in the past, or the reason is blank.
            NaiveDatetimeError: if ``until`` has no time zone.
        """  # raised by what this calls; callers want to know
        ends = None if until is None else as_instant(until, field="until")
        if ends is not None and ends <= self.uow.now:
            raise InvalidValueError("until", until, "is past, so it would hold nothing")
        stored = self.records.add(Hold(party_id=party, reason=reason, placed_by=self.uow.actor.id, until=ends))
        self.emit(HoldPlaced(hold=stored.id, party=party))
        return stored

    @command("privacy.hold.release", permission="privacy.hold.update")
    def release(self, hold: Annotated[UUID, Target("privacy.hold")]) -> Hold:
        """Let a party be erased again, as far as this hold goes.

        Args:
            hold: the id of the hold.

        Returns:
            The record; if it was released already, as it is.
        """
        before = self.uow.get(Hold, hold)
        if before.released_at is not None:
            return before
        after = evolve(before, released_at=self.uow.now, released_by=self.uow.actor.id)
        stored = self.records.update(before, after)
        self.emit(HoldReleased(hold=stored.id, party=stored.party_id))
        return stored

    @query("privacy.hold.list", permission="privacy.hold.read")
    def holds(self, party: PartyId | None = None) -> tuple[Hold, ...]:
        """The holds that stand, the newest first.

        Args:
            party: of this party only; of all by default.
        """
        where = f.released_at.is_empty() if party is None else f.released_at.is_empty() & (f.party_id == party)
        return tuple(one for one in self.uow.each(Hold, where, order="-created_at") if one.holds(self.uow.now))

    # -- erasing ------------------------------------------------------------------------------------------------------

    @query("privacy.plan_erasure", permission="erasure.erase")
    def plan_erasure(self, party: PartyId) -> ErasurePlan:
        """What erasing a person would come to, over all plugins; writes nothing. See `holds` for what is in the way.

        Args:
            party: its id.

        Raises:
            NotFoundError: if the party is not there, or hidden.
            ConflictError: if it was merged into another one, with which it is erased.
        """  # raised by what this calls; callers want to know
        return self.uow.erasure.plan(Ref("party", party))

    @command("privacy.erase", permission="erasure.erase", reversible=False)
    def erase(self, party: PartyId, *, reason: str) -> Erasure:
        """Erase a person: everything that is about them loses its values, in every plugin's tables and in history.

        What is left is an empty party out of use. By keyed hashes of what the person was reached and recognised by,
        they are kept from coming back unnoticed: by hand, by an import, by undo, restore or merge. Needs the rights
        ``erasure.erase`` and ``erasure.subject``. It is never undone.

        Args:
            party: its id.
            reason: why, in words that name nobody, such as ``asked for it on 3 March``.

        Raises:
            NotFoundError: if the party is not there, or hidden.
            InvalidValueError: if it is an organisation, or the reason is blank.
            ConflictError: if it was merged into another one; erase that.
            RefusedError: if it is under legal hold, or another plugin refuses.
            MissingKeysError: if the deployment has no secret key.
        """  # raised by what this calls; callers want to know
        found = self.uow.get(Party, party)
        if not isinstance(found, Person):
            raise InvalidValueError("party", found.kind, "is no person; archive or remove an organisation")
        ref = Ref("party", party)
        traces = traces_of_records(self.uow.erasure.subject(ref, hold=True))
        if found.merged_into is None:
            self.uow.parties.archive(party)
        self.uow.erasure.erase(ref, reason)
        digests = [self._keep_out(trace) for trace in traces]
        erasure = Erasure(
            party_id=party,
            unit_id=self.uow.id,
            reason=reason,
            at=self.uow.now,
            actor_id=self.uow.actor.id,
            digests=digests,
        )
        stored = self.records.add(erasure)
        self.emit(PersonErased(party=party, erasure=stored.id))
        return stored

    @command("privacy.readmit", permission="privacy.suppression.lift")
    def readmit(
        self,
        *,
        reason: str,
        channel: str | None = None,
        address: str | None = None,
        scheme: str | None = None,
        value: str | None = None,
    ) -> Erasure:
        """Let a person who was erased be added again, since they came back by themselves. Nothing is brought back.

        Args:
            reason: why, in words that name nobody.
            channel: the key of a channel that they were reached over.
            address: what they are reached by there.
            scheme: instead, the scheme of an identifier.
            value: its value.

        Returns:
            The record of the erasure; nothing of it is suppressed any more because of it.

        Raises:
            NotErasedError: if nobody who was erased had that address or identifier.
            InvalidValueError: if the reason is blank, or neither an address nor an identifier is given.
        """  # raised by what this calls; callers want to know
        if not reason.strip():
            raise InvalidValueError("reason", reason, "is blank; say why they may be added again")
        wanted = set(self._digests(self._asked(channel, address, scheme, value)))
        mine = [one for one in self.own_records(Erasure) if not wanted.isdisjoint(one.digests)]
        lifted = [one for erasure in mine for one in self._lift(erasure, reason)]
        if not lifted:
            raise NotErasedError
        self.emit(PersonReadmitted(erasure=mine[-1].id))
        return mine[-1]

    # -- telling ------------------------------------------------------------------------------------------------------

    @query("privacy.export_subject", permission="erasure.subject")
    def export_subject(self, party: PartyId, target: BinaryIO | Path) -> int:
        """Write everything that is known about a party, over all plugins, as one JSON document (UTF-8).

        ``{"format": "crmkit.subject", "version": 1, "tenant", "party", "exported_at", "records": [...],
        "files": [...]}``: each record with its entity, plugin, id, state, fields and history; each file that the actor
        may open with its name, media type, SHA-256 and content (base64).

        Args:
            party: its id.
            target: where to: a path, or a binary stream, which is not closed.

        Returns:
            How many records were written.

        Raises:
            NotFoundError: if the party is not there, or hidden.
            ConflictError: if it was merged into another one; export that.
        """  # raised by what this calls; callers want to know
        return write_subject(self.uow, Ref("party", party), target)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _asked(self, channel: str | None, address: str | None, scheme: str | None, value: str | None) -> str:
        if channel is not None and address is not None:
            return self._hashed(channel, address)
        if scheme is None or value is None:
            raise InvalidValueError("address", address, "is missing; give channel and address, or scheme and value")
        return identifier_trace(scheme, value)[1]

    def _keep_out(self, trace: Trace) -> str:
        """Suppress what a person was reached or recognised by; returns the newest digest of it."""
        channel, text = trace
        digest = self._digests(text)[0]
        known = self._recorded_of([text])
        if "erased" not in reasons_holding(known):
            self._record(channel, digest, "erasure", lifted=False)
        return digest

    def _lift(self, erasure: Erasure, reason: str) -> Iterable[Suppression]:
        said: dict[str, list[Suppression]] = {}
        for one in self._said_of(erasure.digests):
            said.setdefault(one.digest, []).append(one)
        for digest, records in said.items():
            if "erased" in reasons_holding(records):
                yield self._record(records[0].channel, digest, reason, lifted=True)

    def _said_of(self, digests: Sequence[str]) -> list[Suppression]:
        return self.own_records(Suppression, f.digest.in_(list(digests)) & (f.reason == "erased")) if digests else []

    def _record(self, channel: str, digest: str, source: str, *, lifted: bool) -> Suppression:
        return self.records.add(
            Suppression(
                channel=channel,
                digest=digest,
                reason="erased",
                lifted=lifted,
                source=source,
                at=self.uow.now,
                actor_id=self.uow.actor.id,
            )
        )
