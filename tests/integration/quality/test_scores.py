"""Scores: what they are, who may know them, and that they follow every write."""

from uuid import UUID

import attrs
import pytest
from sqlalchemy import bindparam, insert, select

from crmkit import Organisation, Person, Ref, f, new_id
from crmkit.core.kernel.quality.tables import quality_score_table
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.storing import Store
from crmkit.errors import FieldForbiddenError, LimitExceededError, NotFoundError

pytestmark = pytest.mark.usefixtures("verified")

_S = quality_score_table.c
_SCORES = Statement(
    select(_S.record_id, _S.score, _S.completeness, _S.validity).where(_S.tenant_id == bindparam("tenant"))
)
_LEFT = Statement(insert(quality_score_table).values({c.name: bindparam(c.name) for c in quality_score_table.columns}))


@pytest.fixture
def scores(crm, tenant):
    """The derived rows: id to score, completeness, validity."""

    def scores():
        with crm.engine.connect() as connection:
            rows = Db(connection).rows(_SCORES, {"tenant": tenant})
        read = (lambda raw: raw) if crm.engine.dialect.name == "postgresql" else _uuid
        return {read(id_): tuple(row) for id_, *row in rows}

    return scores


def _uuid(raw):
    return UUID(bytes=raw)


@pytest.fixture
def three(add, rule, reachable):
    return add(
        reachable,
        rule("named", ~f.family_name.is_empty(), weight=2),
        rule("spoken", f.language == "nb", dimension="validity", applies=~f.language.is_empty()),
    )


def test_a_score_is_the_weight_of_what_is_fulfilled_with_reasons(crm, three):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg", language="en"))
        found = uow.quality.score(Ref("party", ida.id))
    assert (found.score, found.completeness, found.validity) == (33, 40, 0)
    assert [(reason.key, reason.message, reason.weight) for reason in found.unfulfilled] == [
        ("contactable", "mend contactable", 3),
        ("spoken", "mend spoken", 1),
    ]


def test_without_a_rule_about_it_a_record_has_no_score(crm, add, rule, scores):
    add(rule("named", ~f.family_name.is_empty(), applies=f.kind == "person"))
    with crm.begin("ada") as uow:
        firm = uow.parties.add(Organisation(name="Berg Ltd"))
        found = uow.quality.score(Ref("party", firm.id))
    assert (found.score, found.completeness, found.validity, found.unfulfilled) == (None, None, None, ())
    assert scores() == {}


def test_scores_follow_every_write_and_go_with_the_record(crm, three, scores):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
        first = uow.id
    assert scores() == {ida.id: (0, 0, None)}
    with crm.begin("ada") as uow:
        uow.parties.add_email(ida.id, "ida@berg.example")
        second = uow.id
    assert scores() == {ida.id: (60, 60, None)}
    with crm.begin("ada") as uow:
        uow.history.undo(second)
    assert scores() == {ida.id: (0, 0, None)}
    with crm.begin("ada") as uow:
        uow.history.undo(first, partial=True)
    assert scores() == {}


def test_what_was_merged_away_has_no_score(crm, three, scores):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"))
        twin = uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"])
    with crm.begin("ada") as uow:
        uow.parties.merge(twin.id, ida.id)
    assert scores() == {ida.id: (100, 100, None)}
    with crm.begin("ada") as uow:
        assert [(r.rule.key, r.violations) for r in uow.quality.report("party")] == [
            ("contactable", 0),
            ("named", 0),
            ("spoken", 0),
        ]


def test_a_tenant_without_rules_stores_no_scores(crm, scores):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"))
    assert scores() == {}


def test_rebuilding_scores_all_records_anew(crm, three, scores, tenant):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
        bo = uow.parties.add(Person(given_name="Bo", family_name="Dahl"))
    before = scores()
    with crm.begin("ada") as uow:
        for each in uow.quality.rules():
            if each.key != "named" and each.active:
                uow.quality.change_rule(attrs.evolve(each, active=False))
    assert scores() == before
    told = []
    assert crm.rebuild_quality(tenant=tenant, progress=told.append) == 2
    assert scores() == {ida.id: (0, 0, None), bo.id: (100, 100, None)}
    assert told == [f"{tenant}: party, 2 records"]


def test_rebuilding_reads_no_records_for_rules_that_are_asked_in_the_database(crm, three, scores, tenant, monkeypatch):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"))
    monkeypatch.setattr(Store, "read_many", None)
    assert crm.rebuild_quality(tenant=tenant) == 1
    assert scores() == {ida.id: (40, 40, None)}


def test_with_the_last_rule_about_them_the_scores_of_records_go(crm, add, rule, scores, tenant):
    (named,) = add(rule("named", ~f.family_name.is_empty()))
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"))
    assert len(scores()) == 1
    with crm.begin("ada") as uow:
        uow.quality.remove_rule(named.id)
        removed = uow.id
    assert scores() == {}
    with crm.begin("ada") as uow:
        uow.history.undo(removed)
    assert crm.rebuild_quality(tenant=tenant) == 1
    assert len(scores()) == 1


def test_the_360_view_shows_the_score(crm, three):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"))
        (section,) = [s for s in uow.parties.view(ida.id).sections if s.key == "quality"]
    assert (section.title, section.plugin, section.data["score"]) == ("Data quality", "core", 40)
    assert section.items == (("Score", "40 of 100"), ("Contactable", "mend contactable"))


def test_rules_over_hidden_fields_tell_nothing(crm, three, clerk):
    """Neither by the score, nor by reasons, report, records or the 360 view."""
    with crm.begin("ada") as uow:
        named = uow.parties.add(Person(given_name="Ida", family_name="Berg", language="nb"))
        bare = uow.parties.add(Person(given_name="Bo", language="nb"))
    with crm.begin(clerk, read_only=True) as uow:
        seen = [uow.quality.score(Ref("party", id_)) for id_ in (named.id, bare.id)]
        assert attrs.evolve(seen[0], ref=seen[1].ref) == seen[1]
        assert "named" not in {r.rule.key for r in uow.quality.report("party")}
        with pytest.raises(NotFoundError):
            uow.quality.violations("party", "named")
        sections = [[s for s in uow.parties.view(id_).sections if s.key == "quality"] for id_ in (named.id, bare.id)]
        assert sections[0] == sections[1] != []


def test_a_hidden_record_has_no_score_and_does_not_count(crm, three, actors):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
    actors.add("sam", roles=("seller",))
    with crm.begin("sam", read_only=True) as uow:
        with pytest.raises(NotFoundError):
            uow.quality.score(Ref("party", ida.id))
        assert {r.violations for r in uow.quality.report("party")} == {0}


def test_a_report_can_be_about_some_records(crm, three):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"))
        uow.parties.add(Person(given_name="Bo", family_name="Dahl"))
        counts = {r.rule.key: r.violations for r in uow.quality.report("party", f.given_name == "Bo")}
        assert counts == {"contactable": 1, "named": 0, "spoken": 0}


def test_the_lowest_scores_are_listed_as_far_as_one_may_see(crm, three, actors, clerk):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
        bo = uow.parties.add(Person(given_name="Bo"))
        eva = uow.parties.add(Person(given_name="Eva", family_name="Lie"))
        lowest = [(ref.id, score) for ref, score in uow.quality.lowest("party")]
        assert lowest == [(bo.id, 0), (eva.id, 40), (ida.id, 100)]
        assert [ref.id for ref, _ in uow.quality.lowest("party", limit=1)] == [bo.id]
        assert uow.quality.lowest("deal") == ()
        with pytest.raises(LimitExceededError):
            uow.quality.lowest("party", limit=0)
    actors.add("sam", roles=("seller",), teams=("sales",))
    with crm.begin("sam", read_only=True) as uow:
        assert uow.quality.lowest("party") == ()
    with crm.begin(clerk, read_only=True) as uow, pytest.raises(FieldForbiddenError):
        uow.quality.lowest("party")


@pytest.mark.parametrize("many", [2, 30])
def test_a_record_added_under_the_id_of_one_that_went_unnoticed_replaces_its_score(
    crm, tenant, add, rule, scores, *, many
):
    """Nobody tells projections of what is done without them; here, a row is left over."""
    add(rule("named", ~f.family_name.is_empty()))
    ids = [new_id() for _ in range(many)]
    left = {"tenant_id": tenant, "entity": "party", "score": 0, "completeness": 0, "validity": None}
    with crm.engine.connect() as connection, engines.begin(connection):
        Db(connection).run_many(_LEFT, [{**left, "record_id": id_} for id_ in ids[1:]])
    with crm.begin("ada") as uow:
        uow.parties.add_many([Person(id=id_, given_name="Ida", family_name="Berg") for id_ in ids])
    assert scores() == dict.fromkeys(ids, (100, 100, None))
