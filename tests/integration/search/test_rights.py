"""Hits and counts are of records and fields that the actor may see; what is hidden changes nothing."""

import attrs
import pytest

from crmkit import CRM, Actor, Organisation, Person, Ref
from crmkit.core.kernel.access.rule import Rule
from crmkit.testing import a_deal, a_person, an_interaction
from crmkit.testing.databases import CANARY


@pytest.fixture
def two_teams(crm):
    """Parties of two teams, with deals and interactions."""
    with crm.begin("ada") as uow:
        for name, team, owner in (
            ("Berg Sales", "sales", "sam"),
            ("Berg North", "north", "ned"),
            ("Berg Alone", None, "max"),
        ):
            firm = uow.parties.add(Organisation(name=name, team_id=team, owner_id=owner), emails=["x@berg.example"])
            a_deal(uow, firm.id, title=f"Roof of {name}", owner=owner)
            an_interaction(uow, firm.id, summary=f"called {name}")


def answers(crm, actor, text="berg"):
    with crm.begin(actor, read_only=True) as uow:
        hits, after = [], None
        while True:
            page = uow.search.find(text, limit=2, after=after)
            hits += page.items
            after = page.next
            if after is None:
                return hits, dict(uow.search.count(text))


@pytest.mark.parametrize("actor", ["ada", "max", "sam", "sue", "ned", "vic", "nobody"])
def test_an_actor_finds_and_counts_exactly_what_it_may_see(crm, two_teams, actor):
    hits, counts = answers(crm, actor)
    with crm.begin(actor, read_only=True) as uow:
        kinds = [uow.entity(name) for name in ("party", "deal", "interaction")]
        visible = {(kind.name, record.id) for kind in kinds for record in uow.each(kind)}
    assert {(hit.ref.entity, hit.ref.id) for hit in hits} == visible
    assert counts == {
        name: n for name in ("deal", "interaction", "party") if (n := len([v for v in visible if v[0] == name]))
    }


def test_some_see_some_and_not_all(crm, two_teams):
    """Otherwise the test above would say nothing."""
    sizes = {actor: len(answers(crm, actor)[0]) for actor in ("ada", "sam", "nobody")}
    assert sizes["ada"] == 9
    assert 0 < sizes["sam"] < 9
    assert sizes["nobody"] == 0


@pytest.mark.parametrize("actor", ["sam", "ned"])
def test_what_is_hidden_changes_nothing_of_what_is_found(crm, two_teams, actor):
    """Also not where there is so much of it that it would fill what is ranked."""
    before = answers(crm, actor)
    with crm.begin("ada") as uow:
        uow.parties.add_many([Organisation(name=f"Berg {n}", owner_id="max") for n in range(1_100)])
        for firm in uow.find(Organisation):
            if firm.name == "Berg Alone":
                uow.parties.update(attrs.evolve(firm, name="Berg"))
    assert answers(crm, actor) == before


@pytest.fixture
def blind(crm, two_teams):
    """A CRM in which ``kim`` reads all parties, but nothing of them that is personal, and ``lee`` all but nicknames."""
    with crm.begin("ada") as uow:
        read = Rule(effect="permit", permission="*.read")
        uow.permissions.define_role(
            "clerk", [read, Rule(effect="forbid", permission="party.read", fields=("class:personal",))]
        )
        uow.permissions.define_role(
            "aide", [read, Rule(effect="forbid", permission="party.read", fields=("nickname",))]
        )
        a_person(uow, given_name="Ida", family_name="Quist", nickname="Quibble", emails=["quest@berg.example"])
        uow.parties.add(Organisation(name="Quorum", legal_name="Quorum Holding SE"))
    given = {"kim": ("clerk",), "lee": ("aide",), "ada": ("administrator",)}
    actors = {name: Actor(id=name, roles=roles) for name, roles in given.items()}
    return CRM(crm.config, engine=crm.engine, actors=lambda _, ids: {i: actors[i] for i in ids if i in actors}).start()


def shown(crm, actor, text):
    with crm.begin(actor, read_only=True) as uow:
        page = uow.search.find(text)
        return [(hit.label, hit.score, hit.field, hit.snippet) for hit in page], dict(uow.search.count(text))


def test_a_hidden_field_is_not_searched_and_not_shown(blind):
    assert shown(blind, "ada", "quorum")[0] == [("Quorum", 7, "name", "Quorum")]
    assert shown(blind, "kim", "quorum") == ([("", 6, "legal_name", "Quorum Holding SE")], {"party": 1})
    for text in ("quist", "quibble", "quest", "qu ida", "quest berg"):
        assert shown(blind, "kim", text) == ([], {})
    assert shown(blind, "lee", "quibble") == ([], {})
    assert shown(blind, "lee", "quist ida")[0] == [("Ida Quist", 7, "name", "Ida Quist")]


@pytest.mark.parametrize("actor", ["kim", "lee"])
def test_a_hidden_field_changes_nothing_of_what_is_found(blind, actor):
    texts = ("qu", "quorum", "holding", "ida", "berg", "zen")
    before = [shown(blind, actor, text) for text in texts]
    with blind.begin("ada") as uow:
        people = [p for p in uow.find(Person) if p.family_name == "Quist"]
        for person in people:
            uow.parties.update(attrs.evolve(person, nickname="Zen Qu Quorum Holding Berg"))
        if actor == "kim":
            uow.parties.add_many([Person(given_name=f"Quorum {n}", nickname="Holding") for n in range(1_050)])
    assert [shown(blind, actor, text) for text in texts] == before


def test_another_tenants_records_are_never_found(crm, found):
    assert found(CANARY) == []
    assert found("canary@canary.example") == []


@pytest.mark.parametrize("actor", ["ada", "sam", "ned", "nobody"])
def test_what_hangs_on_records_is_found_and_counted_with_them(crm, two_teams, actor):
    with crm.begin("ada") as uow:
        for firm in uow.find(Organisation):
            uow.comments.add(Ref("party", firm.id), f"a curling hall for {firm.name}")
    hits, counts = answers(crm, actor, "curling")
    with crm.begin(actor, read_only=True) as uow:
        seen = {comment.id for comment in uow.each(uow.entity("comment"))}
    assert {hit.ref.id for hit in hits} == seen
    assert counts == ({"comment": len(seen)} if seen else {})
