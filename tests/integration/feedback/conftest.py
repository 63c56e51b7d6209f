"""The CRM of the suite with the plugin in it, a party that may be asked, and ways to ask and to talk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest

from crmkit import CRM, FixedClock, Person, f
from crmkit.plugins.feedback import Asked, Feedback, Form
from crmkit.plugins.privacy import Privacy
from crmkit.sdk import Role, Rule
from crmkit.testing import Actors

PERMITTED = ("feedback.survey.read", "feedback.survey.create", "feedback.mood.*", "feedback.drop.read")
LINK = "https://acme.example/feedback/{token}"


@pytest.fixture
def crm_set(crm_with: Callable[..., CRM], actors: Actors, clock: FixedClock) -> Callable[..., CRM]:
    """A function that gives the suite's CRM with the plugin and settings of it.

    ``web`` hands in what parties answer; the seller ``sam`` may read feedback, note moods and ask.
    """
    actors.add("web", roles=["respondent"])
    actors.add("sam", roles=["seller", "feedback_reader"], teams=["sales"])

    def made(**settings: object) -> CRM:
        config = {"plugins": {"feedback": {"link": LINK, **settings}}}
        crm = crm_with("privacy", "feedback", config=config, clock=clock)
        with crm.begin("ada") as uow:
            if not uow.count(Role, f.key == "feedback_reader"):
                rules = [Rule(effect="permit", permission=permission) for permission in PERMITTED]
                uow.permissions.define_role("feedback_reader", rules)
        return crm

    return made


@pytest.fixture
def crm(crm_set: Callable[..., CRM]) -> CRM:
    """The CRM with the default settings."""
    return crm_set()


@pytest.fixture
def person(crm: CRM) -> Callable[..., UUID]:
    """A function that adds a person who has consented to be asked."""

    def add(name: str, owner: str | None = "ada", **more: object) -> UUID:
        with crm.begin("ada") as uow:
            email = f"{name.lower()}@berg.example"
            party = uow.parties.add(Person(given_name=name, owner_id=owner, **more), emails=[email])
            uow.use(Privacy).record_consent(party=party.id, purpose="feedback", channel="email", given=True)
            return party.id

    return add


@pytest.fixture
def ida(person: Callable[..., UUID]) -> UUID:
    return person("Ida")


@pytest.fixture
def ask(crm: CRM) -> Callable[..., Asked]:
    """A function that asks a party in a unit of its own."""

    def ask(party: UUID, actor: str = "ada", **more: object) -> Asked:
        with crm.begin(actor) as uow:
            return uow.use(Feedback).ask(party, **more)

    return ask


@pytest.fixture
def answer(crm: CRM) -> Callable[..., Form]:
    """A function that answers by a token, as the application's page does."""

    def answer(token: str, score: int, comment: str | None = None, actor: str = "web") -> Form:
        with crm.begin(actor) as uow:
            return uow.use(Feedback).answer(token, score, comment)

    return answer


@pytest.fixture
def talk(crm: CRM) -> Callable[..., UUID]:
    """A function that records that a party called."""

    def talk(party: UUID, at: datetime | None = None, direction: str = "in", channel: str = "phone") -> UUID:
        with crm.begin("ada") as uow:
            return uow.interactions.record(
                party=party, channel=channel, direction=direction, summary="called", occurred_at=at
            ).id

    return talk
