"""One party, one ordered timeline: by keyset, over all channels, users and plugins."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from crmkit import Person
from crmkit.core.interactions.model import Interaction
from crmkit.core.interactions.reading import MAX_TIMELINE_PAGE
from crmkit.errors import InvalidCursorError, LimitExceededError, NotFoundError, UnknownActorError
from crmkit.values.ids import new_id
from crmkit.values.page import Cursor


def walked(uow, party, limit):
    """All entries of a timeline, page by page."""
    entries, after = [], None
    while True:
        page = uow.interactions.timeline(party, limit=limit, after=after)
        assert len(page) == limit or page.next is None
        entries += page
        after = page.next
        if after is None:
            return entries


def test_three_channels_by_three_users_give_one_ordered_timeline(crm, ida, ago):
    for actor, channel, hours in [("sam", "email", 3), ("sue", "phone", 1), ("ada", "meeting", 2)]:
        with crm.begin(actor) as uow:
            uow.interactions.record(party=ida.id, channel=channel, summary="talked", occurred_at=ago(hours=hours))
    with crm.begin("sue", read_only=True) as uow:
        entries = uow.interactions.timeline(ida.id)
    assert [(e.channel, e.author_id) for e in entries] == [("phone", "sue"), ("meeting", "ada"), ("email", "sam")]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.lists(st.integers(0, 5), max_size=12), limit=st.integers(1, 5))
def test_pages_of_any_size_give_each_entry_once_in_order(crm, ago, minutes, limit):
    """Several entries of the same instant are the hard part: the id decides between them."""
    with crm.begin("ada") as uow:
        party = uow.parties.add(Person(given_name="Ida", family_name="Berg"))
        said = [
            uow.interactions.record(party=party.id, channel="chat", summary="hello", occurred_at=ago(minutes=m))
            for m in minutes
        ]
        entries = walked(uow, party.id, limit)
    expected = sorted(said, key=lambda i: (i.occurred_at, i.id), reverse=True)
    assert [e.id for e in entries] == [i.id for i in expected]


def test_what_is_recorded_meanwhile_disturbs_no_page(crm, ida, ago):
    with crm.begin("ada") as uow:
        for hours in (1, 2, 3):
            uow.interactions.record(party=ida.id, channel="chat", summary=f"{hours}", occurred_at=ago(hours=hours))
        first = uow.interactions.timeline(ida.id, limit=2)
        uow.interactions.record(party=ida.id, channel="chat", summary="now")
        second = uow.interactions.timeline(ida.id, limit=2, after=first.next)
    assert [e.summary for e in (*first, *second)] == ["1", "2", "3"]


def test_a_timeline_shows_its_own_party_only(crm, ida):
    with crm.begin("ada") as uow:
        other = uow.parties.add(Person(given_name="Per", family_name="Dahl"))
        uow.interactions.record(party=other.id, channel="chat", summary="hello")
        assert uow.interactions.timeline(ida.id).items == ()


def test_where_we_stopped_is_the_last_entry_the_open_promises_and_the_next_action(crm, ida, ago):
    with crm.begin("ada") as uow:
        area = uow.interactions
        area.record(party=ida.id, channel="phone", summary="before", occurred_at=ago(hours=2))
        area.record(party=ida.id, channel="phone", summary="last", occurred_at=ago(hours=1))
        later = area.plan(kind="call", subject="later", due_at=uow.now + timedelta(days=2), party=ida.id)
        sooner = area.plan(kind="task", subject="sooner", due_at=uow.now + timedelta(days=1), party=ida.id)
        gone = area.plan(kind="task", subject="gone", due_at=uow.now, party=ida.id)
        area.cancel(gone.id, reason="not needed")
        state = area.last_state(ida.id)
    assert state.last is not None
    assert state.last.summary == "last"
    assert [a.id for a in state.promises] == [sooner.id, later.id]
    assert state.next_action == state.promises[0]


def test_where_we_stopped_with_somebody_new_is_nowhere(crm, ida):
    with crm.begin("ada", read_only=True) as uow:
        state = uow.interactions.last_state(ida.id)
    assert (state.last, state.promises, state.next_action) == (None, (), None)


@pytest.mark.parametrize("query", ["timeline", "last_state", "threads"])
def test_the_timeline_of_nobody_is_not_found(crm, query):
    with crm.begin("ada", read_only=True) as uow, pytest.raises(NotFoundError):
        getattr(uow.interactions, query)(new_id())


@pytest.mark.parametrize("limit", [0, -1, MAX_TIMELINE_PAGE + 1])
def test_a_page_is_bounded(crm, ida, limit):
    with crm.begin("ada", read_only=True) as uow, pytest.raises(LimitExceededError):
        uow.interactions.timeline(ida.id, limit=limit)


@pytest.mark.parametrize("cursor", [Cursor("-updated_at", None, str(new_id())), Cursor("-occurred_at", "x", "y")])
def test_a_cursor_of_another_query_is_refused(crm, ida, cursor):
    with crm.begin("ada", read_only=True) as uow, pytest.raises(InvalidCursorError):
        uow.interactions.timeline(ida.id, after=cursor)


def test_the_timeline_survives_its_author(crm, ida):
    with crm.begin("ada") as uow:
        uow.interactions.record(party=ida.id, channel="phone", summary="talked", author="gone")
        (entry,) = uow.interactions.timeline(ida.id)
        assert entry.author_id == "gone"
        assert uow.count(Interaction) == 1


def test_what_somebody_recorded_can_be_read_when_the_host_does_not_know_them_any_more(crm, actors, ida):
    actors.add("tom", roles=["administrator"])
    with crm.begin("tom") as uow:
        uow.interactions.record(party=ida.id, channel="phone", summary="talked")
    del actors._actors["tom"]
    with pytest.raises(UnknownActorError), crm.begin("tom"):
        pass
    with crm.begin("ada", read_only=True) as uow:
        (entry,) = uow.interactions.timeline(ida.id)
        assert (entry.author_id, entry.summary) == ("tom", "talked")
        assert uow.history.changes(uow.get(Interaction, entry.id))[0].actor == "tom"
    with crm.engine.connect() as connection:
        known = text("SELECT name FROM crm_actor WHERE tenant_id = :tenant AND id = 'tom'")
        assert connection.execute(known, {"tenant": crm.config.crmkit.default_tenant}).scalar_one() == "Tom"
