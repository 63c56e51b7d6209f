"""Criteria under a name: kept, shared, run with the rights of whoever looks, and said in words."""

from __future__ import annotations

import importlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve
from sqlalchemy import update

from crmkit import Deal, Money, Organisation, Person, SavedCriteria, ago, ahead, errors, f, new_id, start_of
from crmkit.core.kernel.access.rule import Rule
from crmkit.core.kernel.saved_criteria.events import CriteriaChanged, CriteriaRemoved, CriteriaSaved
from crmkit.core.kernel.saved_criteria.tables import saved_criteria_table
from crmkit.errors import (
    CriteriaError,
    FieldForbiddenError,
    ForbiddenError,
    InvalidOperatorError,
    InvalidValueError,
    LimitExceededError,
    NotFoundError,
    StaleVersionError,
    UnknownFieldError,
    UnusableCriteriaError,
)
from crmkit.values.criteria import And, Variable

CALLED_IDA = f.given_name == "Ida"
GONE_QUIET = f.deals.exists((f.stage == "lead") & (f.amount >= Money("1000", "EUR"))) & ~f.interactions.exists(
    f.occurred_at >= ago(days=30)
)


@pytest.fixture
def crm(crm_with, clock):
    return crm_with(clock=clock)


@pytest.fixture
def cards(monkeypatch):
    """A plugin of the tests."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "history" / "toy"))
    return importlib.import_module("crm_toycards")


@pytest.fixture
def ida(crm):
    with crm.begin("sam") as uow:
        return uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@crm.example"])


@pytest.fixture
def save(crm):
    """``save("sam", "Idas", where)`` saves criteria about parties, and gives what was saved."""

    def save_criteria(actor, name="Idas", where=CALLED_IDA, **more):
        with crm.begin(actor) as uow:
            return uow.saved_criteria.save(name, "party", where, **more)

    return save_criteria


@pytest.fixture
def refused(crm, rows):
    """``refused(error, actor, command)`` gives what the command raises, having changed nothing."""

    def check(error, actor, command):
        before = rows()
        with pytest.raises(error) as caught, crm.begin(actor) as uow:
            command(uow)
        assert rows() == before
        return caught.value

    return check


def found(crm, actor, saved):
    with crm.begin(actor, read_only=True) as uow:
        page = uow.saved_criteria.find(saved.id)
        assert uow.saved_criteria.count(saved.id) == len(page.items)
        assert {r.id for r in uow.saved_criteria.each(saved.id)} == {r.id for r in page.items}
        return [record.id for record in page.items]


# -- keeping ----------------------------------------------------------------------------------------------------------


def test_criteria_are_kept_under_a_name_and_run(crm, ida, save, recorded_events):
    saved = save("sam", description="All of that name", order="sort_name")
    assert saved.where == CALLED_IDA
    assert (saved.owner_id, saved.team_id) == ("sam", None)
    assert found(crm, "sam", saved) == [ida.id]
    assert recorded_events.of(CriteriaSaved) == [CriteriaSaved(id=saved.id, entity="party")]


def test_they_are_found_in_the_order_that_was_saved_page_by_page(crm, save):
    with crm.begin("sam") as uow:
        for name in ("Cid", "Ada", "Bo"):
            uow.parties.add(Organisation(name=name))
    saved = save("sam", where=f.kind == "organisation", order="-sort_name")
    with crm.begin("sam") as uow:
        first = uow.saved_criteria.find(saved.id, limit=2)
        rest = uow.saved_criteria.find(saved.id, limit=2, after=first.next)
    assert [o.name for o in (*first.items, *rest.items)] == ["Cid", "Bo", "Ada"]


def test_relations_aggregates_and_relative_dates_are_asked_anew_on_every_run(crm, clock, ida, save):
    with crm.begin("sam") as uow:
        uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", amount=Money("1500", "EUR"))
        uow.interactions.record(party=ida.id, channel="phone", direction="in", summary="asked for a quote")
    quiet = save("sam", "Gone quiet", GONE_QUIET)
    last = save("sam", "Long ago", f.interactions.last("occurred_at") < ago(weeks=4))
    busy = save("sam", "Worth something", f.deals.sum("amount") >= Money("1500", "EUR"))
    this_year = save("sam", "This year", f.interactions.count(f.occurred_at >= start_of("year")) > 0)
    assert [found(crm, "sam", s) for s in (quiet, last, busy, this_year)] == [[], [], [ida.id], [ida.id]]
    clock.advance(timedelta(days=31))
    assert [found(crm, "sam", s) for s in (quiet, last, busy)] == [[ida.id]] * 3
    clock.advance(timedelta(days=365))
    assert found(crm, "sam", this_year) == []


def test_they_are_changed_removed_and_brought_back_by_undo(crm, ida, save, recorded_events):
    saved = save("sam")
    with crm.begin("sam") as uow:
        changed = uow.saved_criteria.change(evolve(saved, name="Not Idas").with_where(~CALLED_IDA))
    assert found(crm, "sam", changed) == []
    with crm.begin("sam") as uow:
        uow.saved_criteria.remove(saved.id)
    with crm.begin("sam") as undoing:
        assert undoing.count(SavedCriteria) == 0
        undoing.history.undo(uow.id)
        assert undoing.get(SavedCriteria, saved.id).name == "Not Idas"
    assert recorded_events.of(CriteriaChanged) == [CriteriaChanged(id=saved.id, entity="party")]
    assert recorded_events.of(CriteriaRemoved) == [CriteriaRemoved(id=saved.id, entity="party")]


def test_a_unit_finds_by_saved_criteria_and_more(crm, ida, save):
    saved = save("sam")
    with crm.begin("sam") as uow:
        assert uow.count(Person, saved.where & (f.family_name == "Berg")) == 1
        assert uow.count(Person, saved.where & (f.family_name == "Lund")) == 0


def test_several_may_have_the_same_name(save):
    assert save("sam").id != save("sam").id


# -- sharing and rights -----------------------------------------------------------------------------------------------


def test_one_s_own_are_hidden_from_others_until_they_are_shared(crm, ida, save, refused):
    saved = save("sam")
    for ask in (
        lambda uow: uow.saved_criteria.find(saved.id),
        lambda uow: uow.saved_criteria.count(saved.id),
        lambda uow: list(uow.saved_criteria.each(saved.id)),
        lambda uow: uow.saved_criteria.in_words(saved.id),
        lambda uow: uow.saved_criteria.change(evolve(saved, name="mine")),
        lambda uow: uow.saved_criteria.remove(saved.id),
    ):
        hidden = refused(NotFoundError, "sue", ask)
        assert str(hidden) == str(NotFoundError("saved_criteria", saved.id))
    with crm.begin("sue") as uow:
        assert uow.saved_criteria.saved().items == ()
        with pytest.raises(NotFoundError):
            uow.saved_criteria.find(new_id())


def test_those_shared_with_a_team_are_run_by_its_members_and_changed_by_their_owner(crm, ida, save, refused):
    saved = save("sam", team="sales")
    assert found(crm, "sue", saved) == [ida.id]
    refused(ForbiddenError, "sue", lambda uow: uow.saved_criteria.change(evolve(saved, name="mine")))
    refused(ForbiddenError, "sue", lambda uow: uow.saved_criteria.remove(saved.id))
    refused(NotFoundError, "ned", lambda uow: uow.saved_criteria.find(saved.id))
    with crm.begin("max") as uow:
        assert uow.saved_criteria.change(evolve(saved, name="Ours")).version == 2


def test_they_are_shared_with_one_actor_like_any_record(crm, save):
    saved = save("sam")
    with crm.begin("sam") as uow:
        uow.permissions.share("saved_criteria", saved.id, actor="ned")
    with crm.begin("ned") as uow:
        assert [s.id for s in uow.saved_criteria.saved(entity="party").items] == [saved.id]
        assert uow.saved_criteria.saved(entity="deal").items == ()


def test_what_they_find_is_what_the_viewer_may_see(crm, ida, save):
    """Ned belongs to another team, so Ida is hidden from him."""
    saved = save("ada", where=f.kind.in_(["person", "organisation"]))
    with crm.begin("ada") as uow:
        uow.permissions.share("saved_criteria", saved.id, actor="ned")
    assert found(crm, "ada", saved) == [ida.id]
    assert found(crm, "ned", saved) == []


def test_me_and_my_teams_are_those_of_the_viewer(crm, ida, save):
    saved = save("ada", where=f.owner_id == Variable("actor"), team="sales")
    assert found(crm, "sam", saved) == [ida.id]
    assert found(crm, "sue", saved) == []


@pytest.fixture
def clerk(crm, actors):
    """Clara sees everything but amounts."""
    actors.add("clara", roles=["clerk"])
    rules = [Rule(effect="permit", permission="*"), Rule(effect="forbid", permission="deal.*", fields=("amount",))]
    with crm.begin("ada") as uow:
        uow.permissions.define_role("clerk", rules)
    return "clara"


@pytest.mark.parametrize(
    "where",
    [
        f.deals.exists(f.amount > Money("1", "EUR")),
        f.deals.sum("amount") > Money("1", "EUR"),
        f.deals.count(f.amount_currency == "EUR") > 1,
    ],
)
def test_a_field_that_the_viewer_may_not_see_is_refused_whoever_saved_it(crm, save, clerk, refused, where):
    saved = save("ada", where=where)
    for ask in (
        lambda uow: uow.saved_criteria.find(saved.id),
        lambda uow: uow.saved_criteria.count(saved.id),
        lambda uow: uow.saved_criteria.each(saved.id),
        lambda uow: uow.saved_criteria.save("mine", "party", where),
    ):
        assert refused(FieldForbiddenError, clerk, ask).field == "amount"
    with crm.begin(clerk) as uow:
        assert "amount" in uow.saved_criteria.in_words(saved.id)


def test_an_order_by_a_field_that_the_viewer_may_not_see_is_refused(crm, clerk, refused):
    with crm.begin("ada") as uow:
        saved = uow.saved_criteria.save("Largest", "deal", f.stage == "lead", order="-amount")
    refused(FieldForbiddenError, clerk, lambda uow: uow.saved_criteria.find(saved.id))


def test_a_rule_may_have_a_relative_date(crm, actors, clock):
    """In lists and for single records alike, and by the clock of the unit."""
    rules = [Rule(effect="permit", permission="deal.read", where=f.created_at >= ago(days=7))]
    with crm.begin("ada") as uow:
        uow.permissions.define_role("newcomer", rules)
        party = uow.parties.add(Person(given_name="Ida"))
        deal = uow.pipelines.open(pipeline="sales", party=party.id, title="Roof")
    actors.add("newt", roles=["newcomer"])
    for days, seen in ((0, 1), (6, 1), (2, 0)):
        clock.advance(timedelta(days=days))
        with crm.begin("newt") as uow:
            assert uow.count(Deal) == seen
            assert len(uow.sees(Deal, [deal.id])) == seen
            if not seen:
                with pytest.raises(NotFoundError):
                    uow.get(Deal, deal.id)


# -- what is gone or damaged ------------------------------------------------------------------------------------------


def test_what_speaks_of_a_plugin_that_is_gone_is_named_kept_and_runs_again_with_it(crm, crm_with, clock, cards, ida):
    with crm_with(cards.MANIFEST, clock=clock).begin("ada") as uow:
        relation = uow.saved_criteria.save("With cards", "party", f.toycards.exists())
        entity = uow.saved_criteria.save("Cards", "toycards.card", f.points > 3)
    with crm.begin("ada") as uow:
        with pytest.raises(UnusableCriteriaError, match=r"'With cards'.*party has no field 'toycards'.*it is kept"):
            uow.saved_criteria.find(relation.id)
        with pytest.raises(UnusableCriteriaError, match=r"'Cards'.*'toycards.card' is not there"):
            uow.saved_criteria.count(entity.id)
        assert uow.saved_criteria.in_words(relation.id) == "party that has 'toycards' (not there)"
        assert uow.saved_criteria.in_words(entity.id) == ("toycards.card whose 'points' (not there) is more than 3")
        uow.saved_criteria.change(evolve(relation, name="Kept", team_id="sales"))
    with crm_with(cards.MANIFEST, clock=clock).begin("ada") as uow:
        assert uow.saved_criteria.count(relation.id) == 0
        assert uow.saved_criteria.count(entity.id) == 0


def test_custom_fields_are_asked_and_said_and_named_once_they_are_removed(crm, clock, ida, save):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "number", label="Size of the roof")
        uow.custom_fields.define("party", "renewal", "date")
        uow.parties.update(evolve(uow.get(Person, ida.id), custom={"size": 40, "renewal": clock.now().date()}))
    where = (f.custom.size >= 40) & (f.custom.renewal < ahead(days=7))
    saved = save("ada", "Large", where, order="custom.size")
    party = save("ada", "Of them", f.interactions.count(f.party.exists(where)) == 0)
    assert found(crm, "ada", saved) == [ida.id]
    assert found(crm, "ada", party) == [ida.id]
    clock.advance(timedelta(days=-7))
    assert found(crm, "ada", saved) == []
    with crm.begin("ada") as uow:
        assert uow.saved_criteria.in_words(saved.id) == (
            "party whose size of the roof is at least 40 and whose renewal is before 1 week from now"
        )
        uow.custom_fields.remove("party", "size")
    with crm.begin("ada") as uow:
        with pytest.raises(UnusableCriteriaError, match=r"'Large'.*party has no field 'custom.size'.*it is kept"):
            uow.saved_criteria.find(saved.id)
        assert uow.saved_criteria.in_words(saved.id).startswith("party whose 'custom.size' (not there) is at least 40")


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "5", "null", '{"and": [{}]}', '{"field": "x", "op": "is", "value": 1}', "[" * 100_000],
)
def test_what_is_damaged_in_the_database_is_named_and_spoils_no_list(crm, tenant, save, damage):
    saved, whole = save("ada", "Bad"), save("ada", "Good")
    with crm.engine.begin() as connection:
        table = saved_criteria_table
        where = (table.c.tenant_id == tenant) & (table.c.id == saved.id)
        connection.execute(update(table).where(where).values(criteria=damage))
    with crm.begin("ada") as uow:
        assert [s.id for s in uow.saved_criteria.saved().items] == [saved.id, whole.id]
        for ask in (uow.saved_criteria.find, uow.saved_criteria.count, uow.saved_criteria.in_words):
            with pytest.raises(UnusableCriteriaError, match=r"'Bad'.*cannot be used: it is damaged") as caught:
                ask(saved.id)
            assert (caught.value.name, caught.value.id) == ("Bad", saved.id)
        uow.saved_criteria.change(uow.get(SavedCriteria, saved.id).with_where(CALLED_IDA))
        assert uow.saved_criteria.count(saved.id) == 0


@pytest.mark.parametrize(
    ("entity", "where", "error"),
    [
        ("party", f.citty == "Oslo", UnknownFieldError),
        ("party", f.dals.exists(), UnknownFieldError),
        ("partie", CALLED_IDA, UnknownFieldError),
        ("party", f.archived_at.contains("x"), InvalidOperatorError),
        ("party", f.archived_at > 5, InvalidOperatorError),
        ("party", f.given_name == ago(days=3), InvalidOperatorError),
        ("party", f.given_name == "x" * 1001, LimitExceededError),
        ("party", And((And((CALLED_IDA,) * 1000),) * 10), LimitExceededError),
        ("party", And((f.given_name.in_(["x" * 900 + str(n) for n in range(200)]),)), LimitExceededError),
        ("party", "given_name == 'Ida'", CriteriaError),
    ],
)
def test_what_could_not_be_run_is_not_saved(refused, entity, where, error):
    refused(error, "ada", lambda uow: uow.saved_criteria.save("wrong", entity, where))


@pytest.mark.parametrize("order", ["nothing", "-custom", "sort_name; drop table crm_party"])
def test_an_order_that_is_none_is_not_saved(refused, order):
    refused(CriteriaError, "ada", lambda uow: uow.saved_criteria.save("wrong", "party", CALLED_IDA, order=order))


@pytest.mark.parametrize("name", ["", "  ", "a\x1bb", "x" * 201, "\0", None])
def test_a_name_that_is_none_is_not_saved(refused, name):
    refused(errors.CrmkitError, "ada", lambda uow: uow.saved_criteria.save(name, "party", CALLED_IDA))


def test_a_change_is_held_to_the_same(save, refused):
    saved = save("ada")
    for wrong, error in (
        (saved.with_where(f.citty == "Oslo"), UnknownFieldError),
        (evolve(saved, criteria="{}"), UnusableCriteriaError),
        (evolve(saved, entity="deal"), InvalidValueError),
        (evolve(saved, order="nothing"), UnknownFieldError),
        (evolve(saved, version=7, name="x"), StaleVersionError),
        (evolve(saved, id=new_id()), NotFoundError),
    ):
        refused(error, "ada", lambda uow, wrong=wrong: uow.saved_criteria.change(wrong))


def test_whoever_may_not_save_saves_nothing(refused):
    refused(ForbiddenError, "vic", lambda uow: uow.saved_criteria.save("mine", "party", CALLED_IDA))
    refused(ForbiddenError, "nobody", lambda uow: uow.saved_criteria.saved())


# -- in words ---------------------------------------------------------------------------------------------------------


def test_they_are_said_in_words(crm, save):
    saved = save("sam", "Gone quiet", GONE_QUIET)
    with crm.begin("sam") as uow:
        words = uow.saved_criteria.in_words(saved.id)
        assert uow.saved_criteria.explain("party", GONE_QUIET) == words
    assert words == (
        "party that has deals (whose stage is 'lead' and whose amount is at least 1,000 EUR)"
        " and that has no interactions (whose occurred at is 30 days ago or later)"
    )


def test_what_is_stored_is_plain_json(save):
    assert json.loads(save("sam", where=f.created_at > ago(days=3)).criteria) == {
        "field": "created_at",
        "op": "gt",
        "value": {"relative": {"days": -3}},
    }
