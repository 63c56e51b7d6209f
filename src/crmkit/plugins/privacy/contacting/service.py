"""The queries that say who may be written to; a chapter of `crmkit.plugins.privacy.service.Privacy`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from crmkit.plugins.privacy.config import Settings
from crmkit.plugins.privacy.consents.model import Consent
from crmkit.plugins.privacy.consents.rules import folded
from crmkit.plugins.privacy.consents.service import PartyId
from crmkit.plugins.privacy.contacting.model import Contactable
from crmkit.plugins.privacy.contacting.quiet import zones_of
from crmkit.plugins.privacy.contacting.rules import Known, judged
from crmkit.plugins.privacy.preferences.service import PreferenceCommands
from crmkit.plugins.privacy.suppressions.rules import MECHANISM_KINDS
from crmkit.sdk import PARTY, Mechanism, Party, as_instant, f, query

__all__ = ["ContactQueries"]

MANY = 500
"""How many parties are looked at together."""


class ContactQueries(PreferenceCommands):
    """Who may be written to."""

    @query("privacy.may_contact", permission="party.read")
    def may_contact(
        self, party: PartyId, *, channel: str, purpose: str, address: str | None = None, at: datetime | None = None
    ) -> Contactable:
        """Whether a party may be written to; ask it in the unit of work that writes the message.

        It sees what is committed when it is asked. In a unit that writes, nobody records a consent, a preference or a
        suppression of this party between the answer and the end of the unit; so what was taken back before the message
        was written is heeded, and what is taken back later is later.

        Args:
            party: who is to be written to; of one that was merged, the party that it is part of.
            channel: the key of the channel.
            purpose: the key of the purpose.
            address: where the message goes; by default wherever the party is reached over the channel.
            at: when it is to go out, aware; now by default.

        Returns:
            The answer with its reasons. It may be allowed, but not before the end of quiet hours.

        Raises:
            NotFoundError: if the party is not there, or hidden.
            UnknownPurposeError: if there is no such purpose.
            UnknownChannelError: if there is no such channel.
            InvalidMechanismError: if it is no address of that channel.
            NaiveDatetimeError: if ``at`` has no time zone.
        """  # raised by what this calls; callers want to know
        self.uow.interactions.check_channel(channel)
        moment = self.uow.now if at is None else as_instant(at, field="at")
        wanted = self._purpose(purpose)
        held = self.hold(PARTY, self._standing(party))
        known = self._known_of([held], channel, address)
        return judged(known[held.id], purpose=wanted, channel=channel, at=moment)

    @query("privacy.may_contact_many", permission="party.read")
    def may_contact_many(
        self, parties: Sequence[UUID], *, channel: str, purpose: str, at: datetime | None = None
    ) -> Mapping[UUID, Contactable]:
        """Which of many parties may be written to, to plan with; ask `may_contact` again when each is written to.

        Nobody is kept from changing their mind meanwhile.

        Args:
            parties: their ids; those that are not there or hidden are left out.
            channel: the key of the channel.
            purpose: the key of the purpose.
            at: when it is to go out, aware; now by default.

        Raises:
            UnknownPurposeError: if there is no such purpose.
            UnknownChannelError: if there is no such channel.
            NaiveDatetimeError: if ``at`` has no time zone.
        """  # raised by what this calls; callers want to know
        self.uow.interactions.check_channel(channel)
        moment = self.uow.now if at is None else as_instant(at, field="at")
        wanted = self._purpose(purpose)
        answers: dict[UUID, Contactable] = {}
        ids = list(dict.fromkeys(parties))
        for start in range(0, len(ids), MANY):
            there = list(self.uow.each(Party, f.id.in_(ids[start : start + MANY]) & f.merged_into.is_empty()))
            for id_, known in self._known_of(there, channel, None).items():
                answers[id_] = judged(known, purpose=wanted, channel=channel, at=moment)
        return answers

    def _known_of(self, parties: Sequence[Party], channel: str, address: str | None) -> dict[UUID, Known]:
        """What is known of parties, whoever asks."""
        if not parties:
            return {}
        settings, ids = self.settings(Settings), [party.id for party in parties]
        ledgers = _by_party(self.own_records(Consent, f.party_id.in_(ids)))
        mechanisms = _by_party(self.uow.each(Mechanism, f.party_id.in_(ids)))
        preferences = self._preferences_of(ids, channel)
        given, today = None if address is None else [self._hashed(channel, address)], self.uow.now.date()
        reached = {id_: given or _addresses(mechanisms.get(id_, ()), channel, today) for id_ in ids}
        suppressed = self._reasons(dict.fromkeys(text for texts in reached.values() for text in texts))
        otherwise = settings.tenant_time_zones.get(self.uow.tenant, settings.time_zone)
        return {
            party.id: Known(
                archived=party.archived_at is not None,
                states=folded(ledgers.get(party.id, ())),
                preferences=preferences.get(party.id, ()),
                suppressed=[suppressed[text] for text in reached[party.id]],
                zones=zones_of(party.time_zone, _countries(mechanisms.get(party.id, [])), otherwise),
                quiet=(settings.quiet_from, settings.quiet_until) if channel in settings.quiet_channels else None,
            )
            for party in parties
        }


T = TypeVar("T", Consent, Mechanism)


def _by_party(records: Iterable[T]) -> dict[UUID, list[T]]:
    found: dict[UUID, list[T]] = {}
    for one in records:
        found.setdefault(one.party_id, []).append(one)
    return found


def _addresses(mechanisms: Iterable[Mechanism], channel: str, today: date) -> list[str]:
    """What is hashed of the addresses by which a party is reached over a channel."""
    kind = MECHANISM_KINDS.get(channel)
    return [
        f"{channel}:{one.search_key}"
        for one in mechanisms
        if one.kind == kind and (one.valid_until is None or one.valid_until >= today)
    ]


def _countries(mechanisms: Sequence[Mechanism]) -> list[str]:
    """The countries that a party's addresses tell of: where its letters go, then where it is called."""
    order = {"postal": 0, "phone": 1}
    telling = [one for one in mechanisms if one.country is not None and one.kind in order]
    telling.sort(key=lambda one: (order[one.kind], not one.is_primary, one.id))
    return [one.country for one in telling if one.country is not None]
