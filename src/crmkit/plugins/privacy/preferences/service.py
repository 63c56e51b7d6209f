"""The commands about preferences; a chapter of `crmkit.plugins.privacy.service.Privacy`."""

from __future__ import annotations

from uuid import UUID

from attrs import evolve

from crmkit.plugins.privacy.consents.model import ANY_CHANNEL
from crmkit.plugins.privacy.consents.service import PartyId
from crmkit.plugins.privacy.preferences.model import Preference
from crmkit.plugins.privacy.suppressions.service import SuppressionCommands
from crmkit.sdk import PARTY, command, f, query

__all__ = ["PreferenceCommands"]


class PreferenceCommands(SuppressionCommands):
    """How parties like to be reached."""

    @command("privacy.preference.set", permission="privacy.preference.update")
    def prefer(
        self,
        party: PartyId,
        *,
        channel: str = ANY_CHANNEL,
        refused: bool = False,
        quiet_from: str | None = None,
        quiet_until: str | None = None,
        remark: str | None = None,
    ) -> Preference:
        """Keep how a party likes to be reached over a channel; what was kept of that channel before is replaced.

        Args:
            party: the party's id.
            channel: the key of the channel, or ``any``.
            refused: whether it is not to be reached over it for anything that needs consent.
            quiet_from: from when on it is not to be disturbed, on its own clock, such as ``20:00``.
            quiet_until: until when.
            remark: what else is to be known.

        Raises:
            NotFoundError: if the party is not there, or hidden.
            UnknownChannelError: if there is no such channel.
            InvalidValueError: if a time of day is none, or only one is given.
        """  # raised by what this calls; callers want to know
        self._check_channel(channel)
        standing = self._standing(party)
        wanted = Preference(
            party_id=standing,
            channel=channel,
            refused=refused,
            quiet_from=quiet_from,
            quiet_until=quiet_until,
            remark=remark,
        )
        self.hold(PARTY, standing, alone=True)
        for known in self.uow.each(Preference, (f.party_id == standing) & (f.channel == channel)):
            return self.records.update(known, evolve(wanted, id=known.id, version=known.version))
        return self.records.add(wanted)

    @query("privacy.preference.list", permission="party.read")
    def preferences(self, party: PartyId) -> tuple[Preference, ...]:
        """How a party likes to be reached, by channel.

        Raises:
            NotFoundError: if the party is not there, or hidden.
        """
        found = self.uow.each(Preference, f.party_id == self._standing(party))
        return tuple(sorted(found, key=lambda one: one.channel))

    def _preferences_of(self, parties: list[UUID], channel: str) -> dict[UUID, list[Preference]]:
        found: dict[UUID, list[Preference]] = {}
        mine = f.party_id.in_(parties) & f.channel.in_([channel, ANY_CHANNEL])
        for one in self.own_records(Preference, mine):
            found.setdefault(one.party_id, []).append(one)
        return found
