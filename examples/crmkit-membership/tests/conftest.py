"""A started CRM with this plugin in it, and somebody to give cards to."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from crmkit import CRM, Actor, Config, FixedClock, Person, make_engine, new_id

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

ACTORS = {
    "ada": Actor(id="ada", name="Ada", roles=["administrator"]),
    "sam": Actor(id="sam", name="Sam", roles=["seller"]),
}

SETTINGS = {"card_above": {"amount": "10000", "currency": "EUR"}}


def directory(tenant, ids):
    return {id_: ACTORS[id_] for id_ in ids if id_ in ACTORS}


def made(engine, clock, tenant):
    config = Config.of({
        "crmkit": {"default_tenant": tenant, "plugins": ["membership"]},
        "plugins": {"membership": SETTINGS},
    })
    return CRM(config, engine=engine, actors=directory, clock=clock)


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """One database for all tests; its tables are made once."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('crm') / 'crm.db'}")
    made(engine, FixedClock(NOW), None).schema.upgrade()
    yield engine
    engine.dispose()


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def tenant():
    """A tenant of its own for each test."""
    return f"t-{new_id().hex}"


@pytest.fixture
def crm(engine, clock, tenant):
    crm = made(engine, clock, tenant).start()
    crm.tenants.create(tenant)
    return crm


@pytest.fixture
def party(crm) -> UUID:
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida", family_name="Berg", owner_id="sam")).id
