"""How an interaction gets into the books, whichever command says so."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from attrs import evolve, frozen

from crmkit.core.interactions.events import InteractionRecorded
from crmkit.core.interactions.model import Interaction, Participant
from crmkit.core.interactions.rules import CHANNEL_KEYS, check_occurred, check_thread, label_of, thread_refusal
from crmkit.core.interactions.tables import CHANNEL, THREAD
from crmkit.core.kernel.units.service import Service
from crmkit.errors import InvalidValueError, UnknownChannelError
from crmkit.values.criteria import f
from crmkit.values.ref import Ref

__all__ = ["About", "Recording"]


@frozen(kw_only=True)
class About:
    """What something is about, as it is kept with it.

    Attributes:
        entity: the record's entity; None for nothing.
        id: the record's id.
        label: what the record is called now.
        party_id: the record's party, or the record itself if it is one.
    """

    entity: str | None = None
    id: UUID | None = None
    label: str | None = None
    party_id: UUID | None = None


NOTHING = About()


class Recording(Service):
    """The base of services that record interactions; what it offers is for the bodies of their commands."""

    def about(self, ref: Ref | None, label: str | None = None) -> About:
        """What ``ref`` names, to be kept with an interaction or activity.

        Args:
            ref: the record; None for nothing.
            label: what to call it; what its display field says by default.

        Raises:
            NotFoundError: if there is no such record, or the actor may not see it.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if ``ref`` names a part.
        """
        if ref is None:
            return NOTHING
        entity = self.uow.entity(ref.entity)
        if entity.part_of is not None:
            raise InvalidValueError("about", ref.entity, "is part of a record; name that record itself")
        record = self.uow.get(entity, ref.id)
        return About(
            entity=ref.entity,
            id=ref.id,
            label=label_of(getattr(record, entity.display, None)) if label is None else label,
            party_id=ref.id if ref.entity == "party" else getattr(record, "party_id", None),
        )

    def check_channel(self, channel: str) -> None:
        """Refuse a channel that nobody has added.

        Raises:
            UnknownChannelError: if there is none of that key; lists those there are.
        """
        if channel in CHANNEL_KEYS or self.uow.find(CHANNEL, f.key == channel, limit=1):
            return
        known = {c.key for c in self.uow.each(CHANNEL)}
        raise UnknownChannelError(channel, known=sorted(known | CHANNEL_KEYS))

    def store_interaction(self, interaction: Interaction, participants: Sequence[Participant] = ()) -> Interaction:
        """Store an interaction with those who took part in it, and tell.

        Raises:
            InvalidValueError: if it has not happened yet, or its thread is with somebody else.
        """
        check_occurred(interaction.occurred_at, self.uow.now)
        if interaction.thread_id is not None:
            self._check_thread(interaction.thread_id, interaction.party_id)
        stored = self.records.add(interaction)
        for participant in participants:
            self.records.add(evolve(participant, interaction_id=stored.id))
        self.emit(
            InteractionRecorded(
                interaction=stored.id,
                party=stored.party_id,
                kind=stored.kind,
                channel=stored.channel,
                direction=stored.direction,
                occurred_at=stored.occurred_at,
                about=stored.ref,
                thread=stored.thread_id,
            )
        )
        return stored

    def _check_thread(self, id_: UUID, party: UUID) -> None:
        thread = self.uow.get(THREAD, id_)
        check_thread(thread, party)
        refusal = thread_refusal(thread)
        if refusal is not None:
            self.refuse(refusal)
