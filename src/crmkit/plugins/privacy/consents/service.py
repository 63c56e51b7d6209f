"""The commands that record consents; a chapter of `crmkit.plugins.privacy.service.Privacy`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from attrs import evolve

from crmkit.plugins.privacy.consents.events import ConsentGiven, ConsentWithdrawn
from crmkit.plugins.privacy.consents.model import ANY_CHANNEL, Consent, ConsentState
from crmkit.plugins.privacy.consents.projection import write_states
from crmkit.plugins.privacy.consents.rules import check_said, folded, same_words
from crmkit.plugins.privacy.consents.tables import CONSENT
from crmkit.plugins.privacy.purposes.model import Purpose
from crmkit.plugins.privacy.purposes.service import PurposeCommands
from crmkit.sdk import PARTY, ConflictError, InvalidValueError, Party, Ref, Target, command, f, query

__all__ = ["ConsentCommands"]

PartyId = Annotated[UUID, Target("party")]


class ConsentCommands(PurposeCommands):
    """What parties have said about being written to."""

    @command("privacy.consent.record")
    def record_consent(
        self,
        *,
        party: PartyId,
        purpose: str,
        channel: str,
        given: bool,
        text_version: str | None = None,
        proof: str | None = None,
        source: str | None = None,
        at: datetime | None = None,
        key: str | None = None,
    ) -> Consent:
        """Record that a party allows to be written to, or takes that back. It is never changed and never undone.

        Whoever asks `may_contact` meanwhile has its answer before this is recorded, or gets it afterwards.

        Args:
            party: who said so; of one that was merged, the party that it is part of.
            purpose: the key of the purpose.
            channel: the key of the channel; ``any`` for all.
            given: whether the party allows it.
            text_version: the words in which it was asked; they must be there.
            proof: how it can be shown.
            source: where it was said, such as ``website``.
            at: when it was said, aware; now by default. What was said earlier than other words does not replace them.
            key: names it where it comes from; said again with the same key, it is recorded once.

        Returns:
            The record.

        Raises:
            NotFoundError: if the party is not there, or hidden.
            UnknownPurposeError: if there is no such purpose.
            UnknownTextError: if there is no such text.
            UnknownChannelError: if there is no such channel.
            InvalidValueError: if the purpose needs no consent, or it was said in the future.
            NaiveDatetimeError: if ``at`` has no time zone.
            ConflictError: if something else was recorded with that key.
        """  # raised by what this calls; callers want to know
        said = Consent(
            party_id=self._standing(party),
            purpose=self._asking(purpose).key,
            channel=channel,
            given=given,
            text_version=text_version,
            proof=proof,
            source=source,
            at=self.uow.now if at is None else at,
            actor_id=self.uow.actor.id,
            key=key,
        )
        self._check_text(purpose, text_version)
        self._check_channel(channel)
        check_said(said.at, self.uow.now)
        self.hold(PARTY, said.party_id, alone=True)
        known = self._known(said, dated=at is not None)
        return self._recorded(said) if known is None else known

    def _recorded(self, said: Consent) -> Consent:
        stored = self.records.add(said)
        happened = ConsentGiven if said.given else ConsentWithdrawn
        self.emit(
            happened(
                party=said.party_id, consent=stored.id, purpose=said.purpose, channel=said.channel, said_at=said.at
            )
        )
        self.uow.interactions.note(
            party=said.party_id,
            kind="privacy.consent_given" if said.given else "privacy.consent_withdrawn",
            summary=f"{'consented to' if said.given else 'objects to'} {said.purpose} ({said.channel})",
            about=Ref(CONSENT.name, stored.id),
            occurred_at=said.at,
        )
        return stored

    @query("privacy.consent.list", permission="party.read")
    def consents(self, party: PartyId) -> tuple[ConsentState, ...]:
        """What a party's words come to, by purpose and channel.

        Raises:
            NotFoundError: if the party is not there, or hidden.
        """
        return folded(self.uow.each(Consent, f.party_id == self._standing(party)))

    @query("privacy.consent.ledger", permission="party.read")
    def consent_ledger(self, party: PartyId) -> tuple[Consent, ...]:
        """All that a party has said, the latest first, with its proof.

        Raises:
            NotFoundError: if the party is not there, or hidden.
        """
        return tuple(self.uow.each(Consent, f.party_id == self._standing(party), order="-at"))

    @command("privacy.consent_state.rebuild", permission="privacy.consent.record")
    def rebuild_states(self, parties: Sequence[UUID]) -> None:
        """Write anew what consents come to, by which parties are filtered; after the plugin was disabled.

        Args:
            parties: their ids.
        """
        write_states(self.derive(PARTY, parties))

    # -- for the other chapters ---------------------------------------------------------------------------------------

    def _standing(self, party: UUID) -> UUID:
        """The party, or what it has become part of."""
        found = self.uow.get(Party, party)
        return party if found.merged_into is None else found.merged_into

    def _asking(self, purpose: str) -> Purpose:
        found = self._purpose(purpose)
        if found.kind == "transactional":
            reason = "is transactional and needs no consent; to stop all messages, suppress the address"
            raise InvalidValueError("purpose", purpose, reason)
        return found

    def _check_channel(self, channel: str) -> None:
        """See that a channel is there.

        Raises:
            UnknownChannelError: if it is not; names those that are.
        """  # raised by what this calls
        if channel != ANY_CHANNEL:
            self.uow.interactions.check_channel(channel)

    def _known(self, said: Consent, *, dated: bool) -> Consent | None:
        """What was recorded with the key before.

        Raises:
            ConflictError: if that was something else.
        """
        if said.key is None:
            return None
        for known in self.own_records(Consent, f.key == said.key):
            if same_words(known, said) or (not dated and same_words(known, evolve(said, at=known.at))):
                return known
            message = f"key {said.key!r} was used for something else that was said; give this one a key of its own"
            raise ConflictError(message)
        return None
