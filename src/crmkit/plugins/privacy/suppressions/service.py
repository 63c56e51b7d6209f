"""The commands that suppress addresses; a chapter of `crmkit.plugins.privacy.service.Privacy`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from crmkit.plugins.privacy.consents.service import ConsentCommands
from crmkit.plugins.privacy.suppressions.events import AddressSuppressed, SuppressionLifted
from crmkit.plugins.privacy.suppressions.model import Suppression, SuppressionReason
from crmkit.plugins.privacy.suppressions.rules import DIGEST, MECHANISM_KINDS, hashed, reasons_holding
from crmkit.sdk import PARTY, Party, PartySettings, Refusal, command, f, query

__all__ = ["SuppressionCommands"]

MOST_HELD = 100
"""How many parties with one address are waited for."""

CHUNK = 200
"""How many hashes are looked up at once."""


class SuppressionCommands(ConsentCommands):
    """Addresses that nothing is sent to."""

    @command("privacy.suppress", permission="privacy.suppression.record")
    def suppress(
        self, *, channel: str, address: str, reason: SuppressionReason, source: str | None = None
    ) -> Suppression:
        """Send nothing to an address any more. Only a keyed hash of it is kept; it is never undone.

        Whoever asks `may_contact` for a party with this address meanwhile has its answer before, or gets it afterwards.

        Args:
            channel: the key of the channel.
            address: the address, in any spelling.
            reason: withdrawn, bounced, complained, erased or manual.
            source: who or what said so, such as the id of a bounced message.

        Returns:
            The record; if the address is suppressed for this reason already, the one that says so.

        Raises:
            UnknownChannelError: if there is no such channel.
            InvalidMechanismError: if it is no address of that channel.
            InvalidValueError: if the reason is none.
            MissingKeysError: if the deployment has no secret key.
        """  # raised by what this calls; callers want to know
        made = self._suppression(channel, address, reason, source, lifted=False)
        self._hold_owners(channel, address)
        known = self._recorded_of([self._hashed(channel, address)])
        if reason in reasons_holding(known):
            return max((one for one in known if one.reason == reason), key=lambda one: one.at)
        stored = self.records.add(made)
        self.emit(AddressSuppressed(suppression=stored.id, channel=channel, reason=reason))
        return stored

    @command("privacy.unsuppress", permission="privacy.suppression.lift")
    def unsuppress(self, *, channel: str, address: str, source: str | None = None) -> tuple[Suppression, ...]:
        """Let messages go to an address again, whatever it was suppressed for.

        Args:
            channel: the key of the channel.
            address: the address, in any spelling.
            source: who or what said so.

        Returns:
            A record for each reason that was lifted; none if the address was not suppressed.

        Raises:
            UnknownChannelError: if there is no such channel.
            InvalidMechanismError: if it is no address of that channel.
            RefusedError: if it was suppressed because a person was erased, which nothing lifts.
        """  # raised by what this calls; callers want to know
        text = self._hashed(channel, address)
        holding = self._reasons([text])[text]
        if "erased" in holding:
            message = "the address belonged to a person who was erased; they have to give it to you anew"
            self.refuse(Refusal("erased", message, plugin="privacy"))
        lifted = []
        for reason in holding:
            stored = self.records.add(self._suppression(channel, address, reason, source, lifted=True))
            self.emit(SuppressionLifted(suppression=stored.id, channel=channel, reason=reason))
            lifted.append(stored)
        return tuple(lifted)

    @query("privacy.is_suppressed", permission="party.read")
    def is_suppressed(self, *, channel: str, address: str) -> bool:
        """Whether nothing is to be sent to an address.

        Args:
            channel: the key of the channel.
            address: the address, in any spelling.

        Raises:
            InvalidMechanismError: if it is no address of that channel.
        """  # raised by what this calls; callers want to know
        return bool(reasons_holding(self._recorded_of([self._hashed(channel, address)])))

    # -- for the other chapters ---------------------------------------------------------------------------------------

    def _suppression(
        self, channel: str, address: str, reason: SuppressionReason, source: str | None, *, lifted: bool
    ) -> Suppression:
        self.uow.interactions.check_channel(channel)
        return Suppression(
            channel=channel,
            digest=self._digests(self._hashed(channel, address))[0],
            reason=reason,
            lifted=lifted,
            source=source,
            at=self.uow.now,
            actor_id=self.uow.actor.id,
        )

    def _hashed(self, channel: str, address: str) -> str:
        return hashed(channel, address, region=self.settings(PartySettings).default_region)

    def _digests(self, text: str) -> list[str]:
        """Hexadecimal digests, one per secret key, the newest first."""
        return [digest.hex() for digest in self.keys.digests(DIGEST, text)]

    def _recorded_of(self, texts: Iterable[str]) -> list[Suppression]:
        """What was recorded of addresses with any of the secret keys, whoever asks."""
        digests = [digest for text in texts for digest in self._digests(text)]
        return [one for some in _chunks(digests) for one in self.own_records(Suppression, f.digest.in_(some))]

    def _reasons(self, texts: Collection[str]) -> dict[str, tuple[SuppressionReason, ...]]:
        """The reasons for which each address is suppressed."""
        text_of = {digest: text for text in texts for digest in self._digests(text)}
        found: dict[str, list[Suppression]] = {text: [] for text in texts}
        for some in _chunks(list(text_of)):
            for one in self.own_records(Suppression, f.digest.in_(some)):
                found[text_of[one.digest]].append(one)
        return {text: reasons_holding(recorded) for text, recorded in found.items()}

    def _hold_owners(self, channel: str, address: str) -> None:
        """Let whoever is about to write to a party with this address finish first."""
        if channel not in MECHANISM_KINDS:
            return
        key = self._hashed(channel, address).partition(":")[2]
        owners = self.uow.find(Party, f.mechanisms.exists(f.search_key == key), order="-updated_at", limit=MOST_HELD)
        for id_ in sorted(party.id for party in owners):
            self.hold(PARTY, id_, alone=True)


def _chunks(digests: list[str]) -> Iterable[list[str]]:
    return (digests[start : start + CHUNK] for start in range(0, len(digests), CHUNK))
