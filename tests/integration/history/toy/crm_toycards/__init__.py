"""A plugin of the tests: cards of parties with lines, numbers that only one may have, and no code for history."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from attrs import evolve, field, frozen
from sqlalchemy import Column

from crmkit.sdk import (
    EntityType,
    Event,
    Field,
    Guard,
    Integer,
    Manifest,
    Money,
    Plugin,
    Record,
    Refusal,
    Service,
    Target,
    Text,
    command,
    entity_table,
    money,
    new_metadata,
    on,
    party_ref,
    records_changing,
    ref,
)

__all__ = ["CARD", "LINE", "MANIFEST", "Card", "Cards", "Coin", "Guard", "Line", "Purse", "Seat", "metadata"]

metadata = new_metadata()


def _positive(_, attribute, value):
    if value < 0:
        msg = f"{attribute.name} must not be negative"
        raise ValueError(msg)


@frozen(kw_only=True)
class Card(Record):
    """A card."""

    party_id: UUID
    number: int
    points: int = field(default=0, validator=_positive)
    price: Money | None = None
    owner_id: str | None = None
    secret: str | None = None
    title: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "title", f"No. {self.number}")


@frozen(kw_only=True)
class Line(Record):
    """A line on a card."""

    card_id: UUID
    slot: int
    text: str


CARD = EntityType(
    name="toycards.card",
    model=Card,
    table=entity_table(
        "crm_toycards_card",
        metadata,
        party_ref(inverse="toycards", on_merge="repoint", on_erase="keep", on_delete="delete"),
        Column("number", Integer(), nullable=False),
        Column("points", Integer(), nullable=False),
        money("price", nullable=True),
        Column("owner_id", Text()),
        Column("secret", Text()),
        Column("title", Text(), nullable=False),
        unique=[("number",)],
    ),
    label="Card",
    display="title",
    owner="owner_id",
    visible_with="party_id",
    orders=("number",),
    fields={"secret": Field(data_class="secret")},
)
LINE = EntityType(
    name="toycards.line",
    model=Line,
    table=entity_table(
        "crm_toycards_line",
        metadata,
        ref("toycards.card", inverse="lines", on_delete="delete"),
        Column("slot", Integer(), nullable=False),
        Column("text", Text(), nullable=False),
        unique=[("card_id", "slot")],
    ),
    label="Line",
    display="text",
    orders=("id",),
    part_of="card_id",
)


@frozen(kw_only=True)
class Purse(Record):
    """A purse: a party has one of each kind, and two are made one by filling in what is missing."""

    party_id: UUID
    kind: str
    colour: str | None = None


@frozen(kw_only=True)
class Coin(Record):
    """A coin in a purse."""

    purse_id: UUID
    worth: int


@frozen(kw_only=True)
class Seat(Record):
    """A seat: a party has one of each kind, and nothing says which of two may go."""

    party_id: UUID
    kind: str


PURSE = EntityType(
    name="toycards.purse",
    model=Purse,
    table=entity_table(
        "crm_toycards_purse",
        metadata,
        party_ref(inverse="toypurses", on_merge="union", on_erase="keep", on_delete="delete"),
        Column("kind", Text(), nullable=False),
        Column("colour", Text()),
        unique=[("party_id", "kind")],
    ),
    label="Purse",
    display="kind",
    orders=("id",),
)
COIN = EntityType(
    name="toycards.coin",
    model=Coin,
    table=entity_table(
        "crm_toycards_coin",
        metadata,
        ref("toycards.purse", inverse="coins", on_delete="delete"),
        Column("worth", Integer(), nullable=False),
    ),
    label="Coin",
    display="id",
    orders=("id",),
)
SEAT = EntityType(
    name="toycards.seat",
    model=Seat,
    table=entity_table(
        "crm_toycards_seat",
        metadata,
        party_ref(inverse="toyseats", on_merge="repoint", on_erase="keep", on_delete="delete"),
        Column("kind", Text(), nullable=False),
        unique=[("party_id", "kind")],
    ),
    label="Seat",
    display="kind",
    orders=("id",),
)

CardId = Annotated[UUID, Target("toycards.card")]


@frozen(kw_only=True)
class CardMade(Event):
    """A card was made."""

    card: UUID


class Cards(Service):
    """Cards."""

    @command("toycards.card.put", permission="toycards.card.create")
    def put(self, card: Card, *, lines: tuple[str, ...] = ()) -> Card:
        """Make a card."""
        made = self.records.add(evolve(card, owner_id=card.owner_id or self.uow.actor.id))
        for slot, text in enumerate(lines):
            self.records.add(Line(card_id=made.id, slot=slot, text=text))
        self.emit(CardMade(card=made.id))
        return made

    @command("toycards.thing.keep", permission="toycards.card.create")
    def keep(self, thing: Purse | Coin | Seat) -> UUID:
        """Store it."""
        return self.records.add(thing).id

    @command("toycards.card.change", permission="toycards.card.update")
    def change(self, card: Card) -> Card:
        """Store a changed card."""
        return self.records.update(self.uow.get(Card, card.id), card)

    @command("toycards.card.swap", permission="toycards.card.update")
    def swap(self, one: CardId, other: CardId) -> None:
        """Let two cards change their numbers."""
        first, second = self.uow.get(Card, one), self.uow.get(Card, other)
        parked = self.records.update(first, evolve(first, number=-first.number))
        self.records.update(second, evolve(second, number=first.number))
        self.records.update(parked, evolve(parked, number=second.number))

    @command("toycards.card.drop", permission="toycards.card.delete")
    def drop(self, card: CardId) -> None:
        """Remove a card."""
        self.records.remove(self.uow.get(Card, card))

    @command("toycards.card.replace", permission="toycards.card.delete")
    def replace(self, card: CardId, by: Card) -> Card:
        """Remove a card, and add another one."""
        self.records.remove(self.uow.get(Card, card))
        return self.records.add(by)

    @command("toycards.line.write", permission="toycards.card.update")
    def write(self, card: CardId, slot: int, text: str) -> Line:
        """Write a line."""
        return self.records.add(Line(card_id=card, slot=slot, text=text))

    @command("toycards.line.turn", permission="toycards.card.update")
    def turn(
        self, one: Annotated[UUID, Target("toycards.line")], other: Annotated[UUID, Target("toycards.line")]
    ) -> None:
        """Let two lines change their slots."""
        first, second = self.uow.get(Line, one), self.uow.get(Line, other)
        parked = self.records.update(first, evolve(first, slot=-1))
        self.records.update(second, evolve(second, slot=first.slot))
        self.records.update(parked, evolve(parked, slot=second.slot))

    @command("toycards.line.wipe", permission="toycards.card.update")
    def wipe(self, line: Annotated[UUID, Target("toycards.line")]) -> None:
        """Remove a line."""
        self.records.remove(self.uow.get(Line, line))

    @command("toycards.card.post", permission="toycards.card.update", reversible=False)
    def post(self, card: CardId) -> Card:
        """Send it by post, which nobody can undo."""
        found = self.uow.get(Card, card)
        return self.records.update(found, evolve(found, points=found.points + 1))


def frozen_points(context, payload):  # the signature of a hook
    """A card of 99 points is left as it is."""
    for change in payload.changes:
        if isinstance(change.before, Card) and change.before.points == 99:
            return Refusal("frozen", f"card {change.before.number} is frozen")
    return None


def remember(uow, event):
    """Does what a durable subscriber does: later."""


class ToyCards(Plugin):
    """The plugin."""

    entities = (CARD, LINE, PURSE, COIN, SEAT)
    events = (CardMade,)
    hooks = (records_changing.by(frozen_points), on(CardMade, remember, durable=True))


MANIFEST = Manifest(
    id="toycards",
    distribution="crmkit-toycards",
    version="1.0",
    api=">=1,<2",
    tables="crm_toycards",
    migrations="crm_toycards:migrations",
    services=("crm_toycards:Cards",),
    implementation="crm_toycards:ToyCards",
)
