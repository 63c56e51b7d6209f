"""A plugin with durable subscribers, for the tests of jobs."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from attrs import evolve

from crmkit.sdk import DealWon, Manifest, PartyAdded, PartyUpdated, Person, Plugin, Schedule, UnitOfWork, on

SEEN: list[object] = []
"""What this process has been told, whether or not the effect was committed."""
TROUBLE: dict[str, BaseException] = {}
"""What a handler is to raise once it has had its effect, by the handler's name."""
GATE = threading.Event()
"""Greeting waits for it."""


def greet(uow: UnitOfWork, added: PartyAdded) -> None:
    """Write down that the party was greeted."""
    SEEN.append(added)
    uow.interactions.record(party=added.party, channel="letter", direction="out", summary="greeted")
    GATE.wait(10)
    if "greet" in TROUBLE:
        raise TROUBLE["greet"]


def follow(uow: UnitOfWork, updated: PartyUpdated) -> None:
    """Remember in which order it was told."""
    SEEN.append((uow.get(Person, updated.party).given_name, updated.origin.id if updated.origin else None))
    if "follow" in TROUBLE:
        raise TROUBLE["follow"]


def echo(uow: UnitOfWork, won: DealWon) -> None:
    """Cause an event that has a durable subscriber."""
    uow.parties.add(Person(given_name="Echo", family_name=str(won.deal_id)))


def tend(uow: UnitOfWork, at: datetime) -> None:
    """Do what the schedule is for."""
    SEEN.append((uow.tenant, uow.actor.id, at))
    uow.parties.add(Person(given_name="Tended", family_name=f"{at:%H:%M}"))
    if "tend" in TROUBLE:
        raise TROUBLE["tend"]


class Reminding(Plugin):
    """Greets."""

    hooks = (on(PartyAdded, greet, durable=True), on(PartyUpdated, follow, durable=True))


def tangle(uow: UnitOfWork, updated: PartyUpdated) -> None:
    """Cause what caused it, without end."""
    party = uow.get(Person, updated.party)
    uow.parties.update(evolve(party, given_name=f"{party.given_name}+"))


class Tangled(Plugin):
    """Turns round and round."""

    hooks = (on(PartyUpdated, tangle, durable=True),)


MANIFEST = Manifest(id="reminding", distribution="crm-reminding", api=">=1,<2", implementation="reminding:Reminding")
TANGLED = Manifest(id="tangled", distribution="crm-tangled", api=">=1,<2", implementation="reminding:Tangled")
HOURLY = Manifest(
    id="hourly",
    distribution="crm-hourly",
    api=">=1,<2",
    schedules=(Schedule(name="tend", run="reminding:tend", role="tender", every=timedelta(hours=1)),),
)
