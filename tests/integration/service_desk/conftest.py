"""The CRM of the suite with the plugin in it, some queues and somebody with cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import pytest
from attrs import evolve

from crmkit import CRM, Actor, Event, FixedClock, Person, Rule
from crmkit.plugins.service_desk import Case, ServiceDesk
from crmkit.plugins.service_desk.manifest import MANIFEST
from crmkit.plugins.service_desk.plugin import ServiceDeskPlugin
from crmkit.testing import Actors

AGENTS = frozenset({"sam", "sue", "ned"})


@pytest.fixture
def crm(crm_with: Callable[..., CRM], tenant: str, clock: FixedClock) -> CRM:
    """The suite's CRM with `service_desk`; the sellers ``sam``, ``sue`` and ``ned`` are agents of it too."""
    bare = crm_with()

    def directory(tenant: str, ids: Sequence[str]) -> Mapping[str, Actor]:
        found = bare.runtime.directory(tenant, ids)
        return {
            id_: evolve(actor, roles=(*actor.roles, "service_agent")) if id_ in AGENTS else actor
            for id_, actor in found.items()
        }

    config = bare.config.override({"crmkit.plugins": ["service_desk"]})
    extended = CRM(config, engine=bare.engine, actors=directory, manifests=[MANIFEST], clock=clock)
    extended.schema.upgrade()
    extended.start()
    extended.tenants.seed(tenant, plugin="service_desk")
    return extended


@pytest.fixture
def told(crm: CRM) -> Callable[[type[Event]], list[Event]]:
    """A function that gives the events of a class that were delivered."""
    heard: list[Event] = []
    for event in ServiceDeskPlugin.events:
        crm.on(event, heard.append)
    return lambda kind: [event for event in heard if type(event) is kind]


@pytest.fixture
def party(crm: CRM) -> UUID:
    """Ida, who has cases."""
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"]).id


@pytest.fixture
def opened(crm: CRM, party: UUID) -> Callable[..., Case]:
    """Opens a case of Ida's."""

    def opened(actor: str = "ada", **said: object) -> Case:
        with crm.begin(actor) as uow:
            return uow.use(ServiceDesk).open_case(**{"party": party, "subject": "Leaking roof", **said})

    return opened


@pytest.fixture
def narrow(crm: CRM, actors: Actors) -> str:
    """An agent who sees only the cases that they work on, and parties and assets all the same."""
    permitted = ("party.read", "service_desk.asset.read", "service_desk.policy.read", "service_desk.calendar.read")
    rules = [Rule(effect="permit", permission=permission) for permission in permitted]
    own = Rule(effect="permit", permission="service_desk.case.read", scope="own")
    with crm.begin("ada") as uow:
        uow.permissions.define_role("narrow", [*rules, own])
    actors.add("nia", roles=["narrow"])
    return "nia"
