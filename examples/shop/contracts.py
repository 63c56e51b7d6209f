"""Contracts: an entity that the application keeps in the CRM without writing a plugin that others could install."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from attrs import evolve, frozen
from sqlalchemy import Column

from crmkit import Money, Record
from crmkit.sdk import (
    Day,
    EntityType,
    Field,
    Plugin,
    Service,
    Target,
    Text,
    command,
    entity_table,
    money,
    new_metadata,
    party_ref,
)


@frozen(kw_only=True)
class Contract(Record):
    """What was agreed with a party.

    Attributes:
        party_id: with whom.
        number: what it is called on paper.
        worth: what it brings in a year; None if nobody knows.
        signed_on: the day of the signature; None for a draft.
        owner_id: the actor who looks after it.
    """

    party_id: UUID
    number: str
    worth: Money | None = None
    signed_on: date | None = None
    owner_id: str | None = None


metadata = new_metadata()

CONTRACT = EntityType(
    name="shop.contract",
    model=Contract,
    table=entity_table(
        "crm_shop_contract",
        metadata,
        party_ref(inverse="contracts", on_merge="repoint", on_erase="keep", on_delete="refuse"),
        Column("number", Text(), nullable=False),
        money("worth", nullable=True),
        Column("signed_on", Day()),
        Column("owner_id", Text()),
        unique=[("number",)],
    ),
    label="Contract",
    display="number",
    owner="owner_id",
    orders=("-updated_at", "number"),
    visible_with="party_id",
    fields={"worth": Field(data_class="financial")},
)


class Contracts(Service):
    """What can be done with contracts: ``uow.use(Contracts)``."""

    @command("shop.contract.draw_up", permission="shop.contract.create")
    def draw_up(self, party: Annotated[UUID, Target("party")], *, number: str, worth: Money | None = None) -> Contract:
        """Draw up a contract with a party.

        Args:
            party: the party's id.
            number: what it is called on paper.
            worth: what it brings in a year.
        """
        return self.records.add(Contract(party_id=party, number=number, worth=worth, owner_id=self.uow.actor.id))

    @command("shop.contract.sign", permission="shop.contract.update")
    def sign(self, contract: Annotated[UUID, Target("shop.contract")]) -> Contract:
        """Sign a contract, today.

        Args:
            contract: its id.
        """
        before = self.uow.get(Contract, contract)
        return self.records.update(before, evolve(before, signed_on=self.uow.now.date()))


class Shop(Plugin):
    """What the application contributes to the CRM."""

    entities = (CONTRACT,)
