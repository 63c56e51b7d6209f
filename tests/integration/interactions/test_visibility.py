"""Whoever does not see a party sees nothing of what happened with it; an entry is hidden with what it is about.

Sellers see the parties of their team and their own deals; ``sam`` and ``sue`` are of the sales team, ``ned`` is not.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from crmkit import Person, Ref, f
from crmkit.core.interactions.activities.model import Activity
from crmkit.core.interactions.activities.rules import without_next_action
from crmkit.core.interactions.model import Interaction, Participant, Thread
from crmkit.core.interactions.tables import interaction_table
from crmkit.core.pipelines.model import Deal
from crmkit.errors import InvalidValueError, NotFoundError
from crmkit.values.ids import new_id


@pytest.fixture
def talked(crm, ida):
    """An interaction with the party, in a thread."""
    with crm.begin("sam") as uow:
        thread = uow.interactions.open_thread(party=ida.id, subject="Quote")
        return uow.interactions.record(
            party=ida.id,
            channel="phone",
            summary="talked",
            thread=thread.id,
            participants=[Participant(name="the neighbour")],
        )


COMMANDS = {
    "record": lambda area, party, _: area.record(party=party, channel="phone", summary="x"),
    "note": lambda area, party, _: area.note(party=party, kind="x.y", summary="x"),
    "open thread": lambda area, party, _: area.open_thread(party=party, subject="x"),
    "plan": lambda area, party, _: area.plan(kind="call", subject="x", due_at=area.uow.now, party=party),
    "plan about": lambda area, party, _: area.plan(
        kind="call", subject="x", due_at=area.uow.now, about=Ref("party", party)
    ),
    "correct": lambda area, _, said: area.correct(said, summary="x", reason="x"),
}
QUERIES = {
    "timeline": lambda area, party: area.timeline(party),
    "last state": lambda area, party: area.last_state(party),
    "threads": lambda area, party: area.threads(party),
    "next action": lambda area, party: area.next_action(Ref("party", party)),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_hidden_party_is_not_found_by_any_command_and_nothing_is_changed(crm, ida, talked, rows, command):
    before = rows()
    with pytest.raises(NotFoundError) as hidden, crm.begin("ned") as uow:
        COMMANDS[command](uow.interactions, ida.id, talked.id)
    with pytest.raises(NotFoundError) as absent, crm.begin("ned") as uow:
        COMMANDS[command](uow.interactions, new_id(), new_id())
    assert (hidden.value.code, hidden.value.entity) == (absent.value.code, absent.value.entity)
    assert rows() == before


@pytest.mark.parametrize("query", QUERIES)
def test_a_hidden_party_is_not_found_by_any_query(crm, ida, talked, query):
    with crm.begin("ned", read_only=True) as uow, pytest.raises(NotFoundError):
        QUERIES[query](uow.interactions, ida.id)


@pytest.mark.parametrize("model", [Interaction, Participant, Thread])
def test_what_happened_with_a_hidden_party_is_neither_listed_nor_counted(crm, talked, model):
    with crm.begin("ned", read_only=True) as uow:
        assert (uow.find(model).items, uow.count(model)) == ((), 0)
    with crm.begin("sue", read_only=True) as uow:
        assert uow.count(model) == 1


@pytest.fixture
def deals(crm, ida):
    """A deal of each of two sellers with the same party."""
    found = {}
    for owner in ("sam", "sue"):
        with crm.begin(owner) as uow:
            found[owner] = uow.pipelines.open(pipeline="sales", party=ida.id, title=f"Deal of {owner}")
    return found


def test_an_entry_is_hidden_with_the_record_that_it_is_about(crm, ida, deals):
    with crm.begin("sam") as uow:
        uow.interactions.record(
            party=ida.id, channel="phone", summary="secret price", about=Ref("deal", deals["sam"].id)
        )
        assert [e.about_label for e in uow.interactions.timeline(ida.id)] == ["Deal of sam"]
    with crm.begin("sue", read_only=True) as uow:
        assert uow.interactions.timeline(ida.id).items == ()
        assert uow.interactions.last_state(ida.id).last is None


@pytest.fixture
def mixed(crm, ida, deals):
    """Interactions with the party: about nothing, and about each of the deals."""
    subjects = {"nothing": None, **{owner: Ref("deal", deal.id) for owner, deal in deals.items()}}
    with crm.begin("ada") as uow:
        return {
            name: uow.interactions.record(party=ida.id, channel="phone", summary=name, about=about)
            for name, about in subjects.items()
        }


def reads(uow, interaction):
    """Whether each of the ways to read an interaction by its id gives it."""
    for way in (lambda: uow.get(Interaction, interaction.id), lambda: uow.history.changes(interaction)):
        try:
            yield bool(way())
        except NotFoundError:
            yield False
    yield interaction.id in uow.sees(Interaction, [interaction.id])


@pytest.mark.parametrize(
    ("actor", "shown"),
    [("sam", {"nothing", "sam"}), ("sue", {"nothing", "sue"}), ("ada", {"nothing", "sam", "sue"}), ("ned", set())],
)
def test_every_way_to_read_interactions_hides_those_about_a_hidden_record(crm, ida, mixed, actor, shown):
    """Their summaries tell of it, and so do their numbers."""
    with crm.begin(actor, read_only=True) as uow:
        assert {i.summary for i in uow.find(Interaction)} == shown
        assert {i.summary for i in uow.each(Interaction)} == shown
        assert uow.count(Interaction) == uow.count(Interaction, f.party_id == ida.id) == len(shown)
        assert sum(t.count for t in uow.tally(Interaction, by=("about",))) == len(shown)
        assert uow.count(Person, f.interactions.exists(f.summary == "sam")) == ("sam" in shown)
        for name, interaction in mixed.items():
            if actor != "ned":
                assert set(reads(uow, interaction)) == {name in shown}
        if shown:
            assert {e.summary for e in uow.interactions.timeline(ida.id)} == shown
    with crm.begin("ada", read_only=True) as uow:
        for name, interaction in mixed.items():
            why = uow.permissions.explain("interaction.read", "interaction", interaction.id, actor=actor)
            assert why.allowed is (name in shown), str(why)


def test_those_who_took_part_are_hidden_with_the_interaction(crm, ida, deals):
    with crm.begin("sam") as uow:
        about, neighbour = Ref("deal", deals["sam"].id), Participant(name="the neighbour")
        uow.interactions.record(party=ida.id, channel="phone", summary="x", about=about, participants=[neighbour])
        assert uow.count(Participant) == 1
    with crm.begin("sue", read_only=True) as uow:
        assert (uow.count(Participant), uow.find(Participant).items) == (0, ())


def test_an_interaction_about_another_one_is_as_visible_as_that(crm, ida, mixed):
    with crm.begin("ada") as uow:
        for name in ("nothing", "sam"):
            about = Ref("interaction", mixed[name].id)
            uow.interactions.record(party=ida.id, channel="phone", summary=f"on {name}", about=about)
        assert uow.count(Interaction) == 5
    with crm.begin("sue", read_only=True) as uow:
        assert {i.summary for i in uow.find(Interaction)} == {"nothing", "sue", "on nothing"}


def test_nobody_records_about_a_deal_that_is_hidden(crm, ida, deals, rows):
    before = rows()
    with pytest.raises(NotFoundError), crm.begin("sue") as uow:
        uow.interactions.record(party=ida.id, channel="phone", summary="x", about=Ref("deal", deals["sam"].id))
    assert rows() == before


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(st.sampled_from(["sam", "sue", "nothing"]), max_size=10), limit=st.integers(1, 4))
def test_hidden_entries_change_no_page_and_no_cursor(crm, ago, entries, limit):
    """Two parties with the same visible entries look the same, cursor by cursor, whatever is hidden between them."""
    with crm.begin("ada") as uow:
        parties = [uow.parties.add(Person(given_name="Ida", team_id="sales")) for _ in range(2)]
        own = {
            (party.id, owner): uow.pipelines.open(pipeline="sales", party=party.id, title="x", owner=owner)
            for party in parties
            for owner in ("sam", "sue")
        }
        for minute, about in enumerate(entries):
            for party in parties if about != "sam" else parties[:1]:
                uow.interactions.record(
                    party=party.id,
                    channel="chat",
                    summary=f"{minute}",
                    occurred_at=ago(minutes=minute),
                    about=None if about == "nothing" else Ref("deal", own[party.id, about].id),
                )
    with crm.begin("sue", read_only=True) as uow:
        mixed, clean = (pages(uow, party.id, limit) for party in parties)
    assert mixed == clean
    assert [s for page in mixed for s, _ in page] == [f"{m}" for m, about in enumerate(entries) if about != "sam"]


def pages(uow, party, limit):
    """Every page of a timeline as (summary, whether and where another page follows)."""
    found, after = [], None
    while True:
        page = uow.interactions.timeline(party, limit=limit, after=after)
        after = page.next
        found.append([(e.summary, after and after.key) for e in page])
        if after is None:
            return found


@pytest.mark.parametrize("gone", [{"about": "gone.card"}, {"about_id": None}], ids=["its plugin", "itself"])
def test_entries_about_a_record_that_is_gone_are_for_those_who_may_read_all(crm, ida, gone):
    """Nobody can say any more who might have seen the record; that it is gone must not show it to others."""
    with crm.begin("ada") as uow:
        noted = uow.interactions.note(party=ida.id, kind="gone.x", summary="Card 7", about=Ref("party", ida.id))
    with crm.engine.begin() as connection:
        connection.execute(update(interaction_table).where(interaction_table.c.id == noted.id).values(**gone))
    with crm.begin("ada", read_only=True) as uow:
        assert [e.summary for e in uow.interactions.timeline(ida.id)] == ["Card 7"]
    with crm.begin("sue", read_only=True) as uow:
        assert uow.interactions.timeline(ida.id).items == ()


def test_a_seller_sees_and_does_what_is_theirs_to_do(crm, ida):
    with crm.begin("ada") as uow:
        sams = uow.interactions.plan(kind="call", subject="x", due_at=uow.now, party=ida.id, assignee="sam")
    with crm.begin("sue") as uow:
        assert uow.interactions.due().items == ()
        assert uow.count(Activity) == 0
        with pytest.raises(NotFoundError):
            uow.get(Activity, sams.id)
    with crm.begin("sam") as uow:
        assert [a.id for a in uow.interactions.due()] == [sams.id]
        assert uow.interactions.complete(sams.id, summary="called").status == "done"


def test_the_activities_of_others_do_not_count_for_whoever_may_not_see_them(crm, deals):
    """Else the answer would tell that they are there."""
    of = Ref("deal", deals["sue"].id)
    with crm.begin("ada") as uow:
        uow.interactions.plan(kind="call", subject="x", due_at=uow.now, about=of, assignee="sam")
        assert not uow.find(Deal, (f.id == of.id) & without_next_action())
    with crm.begin("sue", read_only=True) as uow:
        assert uow.find(Deal, (f.id == of.id) & without_next_action())
        assert uow.interactions.next_action(of) is None


def test_what_is_planned_about_a_deal_whose_party_is_hidden_is_planned_without_the_party(crm, ida):
    with crm.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", owner="ned")
    with crm.begin("ned") as uow:
        planned = uow.interactions.plan(kind="call", subject="x", due_at=uow.now, about=Ref("deal", deal.id))
    assert (planned.party_id, planned.about_label) == (None, "Roof")


def test_an_interaction_is_about_a_whole_record_and_never_about_a_part(crm, ida, rows):
    with crm.begin("sam") as uow:
        phone = uow.parties.add_phone(ida.id, "+47 22 33 44 55")
    before = rows()
    with pytest.raises(InvalidValueError, match="part of a record"), crm.begin("sam") as uow:
        uow.interactions.record(party=ida.id, channel="phone", summary="x", about=Ref("mechanism", phone.id))
    assert rows() == before
