"""The chapter about what can be found again, made one, and taken apart."""

from __future__ import annotations

from uuid import UUID

from crmkit.api import CRM, Person
from crmkit.demo.stage import Stage

__all__ = ["find_and_walk_back"]


def find_and_walk_back(stage: Stage, ida: UUID) -> None:
    """A field of one's own, a customer who is there twice, a merge, and its undo."""
    stage.chapter("A customer who is there twice, and a merge that is taken back")
    stage.say("Acme wants to know of its customers which wing leaks. A field is defined while everybody works:")
    stage.crmkit("--actor", "ada", "fields", "define", "party", "wing", "text", "--searchable")
    with stage.crm() as crm:
        twice = _meet_again(crm)
        stage.say("Sam has answered a chat and not noticed that the customer is known. The search is not so strict:")
        stage.crmkit("--actor", "sam", "search", "find", "IDA harbour", "--entity", "party")
        with crm.begin("ada", reason="the same person") as uow:
            merged = uow.id
            uow.parties.merge(twice, ida)
    stage.say("Ada has made one of the two; what referred to either refers to one now. How that came about:")
    stage.crmkit("--actor", "ada", "history", str(merged))
    stage.say("It was a mistake: there are two sisters. A merge is a unit of work, and so can be undone:")
    stage.crmkit("--actor", "ada", "undo", str(merged))


def _meet_again(crm: CRM) -> UUID:
    with crm.begin("sam") as uow:
        person = Person(given_name="Ida-Marie", family_name="Berg", custom={"wing": "east"})
        twice = uow.parties.add(person, emails=["ida.marie@harbour-hotel.example"])
        uow.interactions.record(party=twice.id, channel="chat", direction="in", summary="asks when the roof is done")
    return twice.id
