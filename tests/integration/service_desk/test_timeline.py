"""What happens to assets, and what comes back, stands on the timeline of the party, for those who may see it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

from crmkit import Interaction, Person, Ref, Rule, f
from crmkit.errors import ForbiddenError
from crmkit.plugins.service_desk import Asset, Assets, Returns

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY, DAY = NOW.date(), timedelta(days=1)


@pytest.fixture
def boiler(crm, party):
    """Got a year ago, and recorded today by an agent."""
    with crm.begin("sam") as uow:
        bought = date(2025, 1, 10)
        return uow.use(Assets).add_asset(party, name="Boiler", product="B-7", serial="4711", acquired_on=bought)


@pytest.fixture
def returned(crm, boiler):
    with crm.begin("sam") as uow:
        return uow.use(Returns).record_return(boiler.party_id, asset=boiler.id, reason="defective", note="It leaks")


def entries(crm, party, actor="ada"):
    with crm.begin(actor, read_only=True) as uow:
        return uow.interactions.timeline(party).items


def test_what_happens_to_an_asset_stands_on_the_timeline(crm, party, boiler):
    with crm.begin("sam") as uow:
        uow.use(Assets).retire_asset(boiler.id)
    last, first = entries(crm, party)
    assert (first.kind, first.summary) == ("service_desk.asset_added", "Boiler (B-7 no. 4711) in use")
    assert first.occurred_at == datetime(2025, 1, 10, 12, tzinfo=UTC)
    assert (first.about, first.about_label) == (Ref("service_desk.asset", boiler.id), "Boiler")
    assert (last.kind, last.summary, last.occurred_at, last.author_id) == (
        "service_desk.asset_retired",
        "Boiler (B-7 no. 4711) out of use since 2026-03-02",
        NOW,
        "sam",
    )


def test_what_came_back_and_what_became_of_it_stands_on_the_timeline(crm, party, returned):
    with crm.begin("sam") as uow:
        uow.use(Returns).settle_return(returned.id, "replaced")
        told = {entry.kind: entry.summary for entry in uow.interactions.timeline(party)}
        (said,) = uow.find(Interaction, f.kind == "service_desk.return_recorded")
    assert told["service_desk.return_recorded"] == "1 of B-7 came back: defective"
    assert told["service_desk.return_settled"] == "1 of B-7: replaced"
    assert (said.body, said.about, said.about_id) == ("It leaks", "service_desk.return", returned.id)


def test_what_will_be_out_of_use_is_entered_now(crm, party, boiler):
    with crm.begin("ada") as uow:
        uow.use(Assets).retire_asset(boiler.id, on=TODAY + 9 * DAY)
    assert entries(crm, party)[0].occurred_at == NOW


def test_that_an_asset_has_passed_to_somebody_else_stands_on_both_timelines(crm, party, boiler):
    with crm.begin("ada") as uow:
        tom = uow.parties.add(Person(given_name="Tom")).id
        uow.use(Assets).edit_asset(evolve(uow.get(Asset, boiler.id), party_id=tom))
        uow.use(Assets).edit_asset(evolve(uow.get(Asset, boiler.id), name="Old boiler"))
    assert [entry.summary for entry in entries(crm, tom)] == ["Boiler (B-7 no. 4711) taken over"]
    assert [entry.summary for entry in entries(crm, party)] == [
        "Boiler (B-7 no. 4711) handed on",
        "Boiler (B-7 no. 4711) in use",
    ]


SEEN = {
    (): set(),
    ("asset",): {"service_desk.asset_added"},
    ("return",): {"service_desk.return_recorded"},
    ("asset", "return"): {"service_desk.asset_added", "service_desk.return_recorded"},
}


@pytest.mark.parametrize("readable", SEEN, ids=lambda nouns: " and ".join(nouns) or "none")
def test_who_may_not_read_assets_or_returns_sees_no_entry_about_them(crm, actors, returned, readable):
    """Neither on the timeline nor in the 360 view; and not how many there are."""
    permissions = ("party.read", "interaction.read", *(f"service_desk.{noun}.read" for noun in readable))
    with crm.begin("ada") as uow:
        uow.permissions.define_role("reader", [Rule(effect="permit", permission=one) for one in permissions])
    actors.add("bo", roles=["reader"])
    with crm.begin("bo", read_only=True) as uow:
        assert {entry.kind for entry in uow.interactions.timeline(returned.party_id)} == SEEN[readable]
        assert uow.count(Interaction) == len(SEEN[readable])
        shown = [s for s in uow.parties.view(returned.party_id).sections if s.key == "interactions"]
    told = {text.partition(":")[0] for section in shown for _, text in section.items}
    assert told == SEEN[readable]


def test_what_is_undone_leaves_the_timeline(crm, party, boiler):
    with crm.begin("ada") as uow:
        uow.use(Returns).record_return(party, asset=boiler.id, reason="defective")
        uow.use(Assets).retire_asset(boiler.id)
        unit = uow.id
    assert len(entries(crm, party)) == 3
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert [entry.kind for entry in entries(crm, party)] == ["service_desk.asset_added"]


WRITES = {
    "an asset": lambda uow, own, _: uow.use(Assets).add_asset(own.party_id, name="Stove", product="S-1"),
    "out of use": lambda uow, own, _: uow.use(Assets).retire_asset(own.id),
    "passed on": lambda uow, own, other: uow.use(Assets).edit_asset(evolve(own, party_id=other)),
    "a return": lambda uow, own, _: uow.use(Returns).record_return(own.party_id, product="S-1", reason="other"),
    "settled": lambda uow, own, _: uow.use(Returns).settle_return(own.id, "refunded"),
}


@pytest.mark.parametrize("what", WRITES)
def test_who_may_not_record_interactions_changes_no_asset_and_no_return(crm, actors, returned, rows, what):
    permissions = ("party.*", "service_desk.asset.*", "service_desk.return.*", "interaction.read")
    with crm.begin("ada") as uow:
        uow.permissions.define_role("mute", [Rule(effect="permit", permission=one) for one in permissions])
        other = uow.parties.add(Person(given_name="Tom")).id
        own = returned if what == "settled" else uow.get(Asset, returned.asset_id)
    actors.add("bo", roles=["mute"])
    before = without_denials(rows())
    with pytest.raises(ForbiddenError, match=r"interaction\.create"), crm.begin("bo") as uow:
        WRITES[what](uow, own, other)
    assert without_denials(rows()) == before


def without_denials(found):
    """A refusal leaves nothing but a line in the audit."""
    return {table: lines for table, lines in found.items() if table != "crm_denial"}
