"""What actors are called, also when the host has forgotten them."""

from __future__ import annotations

from crmkit import CRM, Actor, Person


def _with_directory(crm: CRM, *actors: Actor) -> CRM:
    known = {actor.id: actor for actor in actors}
    return CRM(crm.config, engine=crm.engine, actors=lambda _, ids: {i: known[i] for i in ids if i in known}).start()


ADMIN = frozenset({"administrator"})


def test_names_are_those_of_the_directory_then_of_the_last_write_then_the_id(crm, tenant):
    then = _with_directory(
        crm, Actor(id="u-17", name="Ada Berg", roles=ADMIN), Actor(id="u-18", name="Bo", roles=ADMIN)
    )
    for actor in ("u-17", "u-18"):
        with then.begin(actor, tenant) as uow:
            uow.parties.add(Person(family_name="Lie"))
    now = _with_directory(crm, Actor(id="u-18", name="Bo Dahl", roles=ADMIN), Actor(id="u-19", roles=ADMIN))
    with now.begin("u-18", tenant, read_only=True) as uow:
        assert uow.names(["u-17", "u-18", "u-19", "u-20"]) == {
            "u-17": "Ada Berg",
            "u-18": "Bo Dahl",
            "u-19": "u-19",
            "u-20": "u-20",
        }
        assert uow.names([]) == {}


def test_names_of_more_actors_than_fit_a_statement(crm, tenant):
    ids = [f"u-{n}" for n in range(250)]
    with _with_directory(crm, Actor(id="one", name="One", roles=ADMIN)).begin("one", tenant) as uow:
        assert uow.names([*ids, "one"]) == {**{id_: id_ for id_ in ids}, "one": "One"}
