"""What can be done with cards. Permission, history and events are the gate's business, and so not in the story."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from attrs import evolve

from crmkit.sdk import InvalidValueError, Refusal, Service, Target, command, f, query
from crmkit_membership.config import Settings
from crmkit_membership.events import CardCancelled, CardIssued, CardRenewed, PointsCredited
from crmkit_membership.model import Card
from crmkit_membership.rules import last_day, valid_on

__all__ = ["Membership"]

CardId = Annotated[UUID, Target("membership.card")]


class Membership(Service):
    """Membership cards: ``uow.use(Membership)``."""

    @command("membership.card.issue")
    def issue(
        self, party: Annotated[UUID, Target("party")], *, level: str | None = None, valid_from: date | None = None
    ) -> Card:
        """Issue a card to a party.

        Args:
            party: the party's id.
            level: one of the levels in the settings; the lowest by default.
            valid_from: the card's first day; today (UTC) by default.

        Raises:
            InvalidValueError: if there is no such level; lists those there are.
            NotFoundError: if the party is not there, or hidden.
            RefusedError: if the party has as many valid cards as the settings allow.
        """
        settings = self.settings(Settings)
        level = level or settings.levels[0]
        if level not in settings.levels:
            raise InvalidValueError("level", level, f"is no level; there are: {', '.join(settings.levels)}")
        first = valid_from or self.uow.now.date()
        if self.uow.count(Card, (f.party_id == party) & valid_on(first)) >= settings.max_cards:
            self._refuse("card_limit", f"the party has as many valid cards as allowed: {settings.max_cards}")
        until = last_day(first, settings.months)
        card = self.records.add(Card(party_id=party, level=level, valid_from=first, valid_until=until))
        self.emit(CardIssued(card_id=card.id, party_id=party, level=level))
        return card

    @command("membership.card.renew", permission="membership.card.update")
    def renew(self, card: CardId) -> Card:
        """Let a card be valid for another period: from the day after its last, or from today if that has passed.

        Args:
            card: the card's id.

        Raises:
            NotFoundError: if the card is not there, or hidden.
            RefusedError: if it was cancelled.
        """
        before = self._uncancelled(card)
        begin = max(before.valid_until + timedelta(days=1), self.uow.now.date())
        until = last_day(begin, self.settings(Settings).months)
        after = self.records.update(before, evolve(before, valid_until=until))
        self.emit(CardRenewed(card_id=card, valid_until=until))
        return after

    @command("membership.card.cancel", permission="membership.card.update")
    def cancel(self, card: CardId, *, reason: str) -> Card:
        """Declare a card no longer valid, from today (UTC) on; its points stay on it.

        Args:
            card: the card's id.
            reason: why, in a few words.

        Raises:
            NotFoundError: if the card is not there, or hidden.
            RefusedError: if it was cancelled before.
        """
        before = self._uncancelled(card)
        after = self.records.update(before, evolve(before, cancelled_on=self.uow.now.date()))
        self.emit(CardCancelled(card_id=card, reason=reason))
        return after

    @command("membership.card.credit", permission="membership.card.update")
    def credit(self, card: CardId, points: int) -> Card:
        """Credit points to a card.

        Args:
            card: the card's id.
            points: how many; at least 1.

        Raises:
            InvalidValueError: if ``points`` is less than 1.
            NotFoundError: if the card is not there, or hidden.
            RefusedError: if it was cancelled.
        """
        if points < 1:
            raise InvalidValueError("points", points, "is less than 1")
        before = self._uncancelled(card)
        after = self.records.update(before, evolve(before, points=before.points + points))
        self.emit(PointsCredited(card_id=card, points=points))
        return after

    @query("membership.card.list", permission="membership.card.read")
    def cards(self, party: Annotated[UUID, Target("party")], *, valid_on_day: date | None = None) -> tuple[Card, ...]:
        """The cards of a party, those that are valid longest first.

        Args:
            party: the party's id.
            valid_on_day: only cards that are valid on this day; all by default.

        Raises:
            NotFoundError: if the party is not there, or hidden.
        """
        where = f.party_id == party
        return tuple(
            self.uow.each(Card, where if valid_on_day is None else where & valid_on(valid_on_day), order="-valid_until")
        )

    def _uncancelled(self, card: UUID) -> Card:
        found = self.uow.get(Card, card)
        if found.cancelled_on is not None:
            self._refuse("card_cancelled", f"card {found.number} was cancelled on {found.cancelled_on}")
        return found

    def _refuse(self, code: str, message: str) -> None:
        self.refuse(Refusal(code, message, plugin="membership"))
