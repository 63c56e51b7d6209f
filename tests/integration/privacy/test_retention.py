"""Rules of retention: told before exactly as done, and never against a legal hold."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import verifying

from crmkit import Interaction, Person, Ref, criteria_to_json, f
from crmkit.errors import CrmkitError, InvalidValueError, LimitExceededError, UnknownFieldError
from crmkit.plugins.privacy import Privacy, RetentionRule

DAY = timedelta(days=1)
APPLICANTS = {"key": "applicants", "label": "Applicants", "entity": "party", "days": 180, "since": "created_at"}


@pytest.fixture
def define(crm):
    def add(**said):
        with crm.begin("ada") as uow:
            return uow.use(Privacy).define_retention([RetentionRule(**{**APPLICANTS, **said})])[0]

    return add


def apply(crm, **said):
    with crm.begin("ada") as uow:
        return uow.use(Privacy).apply_retention(**said)


@pytest.fixture
def both(ida, ole):
    return ida, ole


def test_a_rehearsal_tells_exactly_what_is_done_and_does_nothing(crm, both, define, clock, rows):
    ida, ole = both
    define()
    with crm.begin("ada") as uow:
        uow.use(Privacy).hold_party(ole, reason="lawsuit 17")
    clock.advance(181 * DAY)
    with crm.begin("ada") as uow:
        young = uow.parties.add(Person(given_name="Young"), emails=["young@berg.example"]).id
    kept = {name: lines for name, lines in rows().items() if name != "crm_unit"}
    told = apply(crm, dry_run=True)
    assert {name: lines for name, lines in rows().items() if name != "crm_unit"} == kept
    assert apply(crm) == told
    assert [(one.id, one.outcome) for one in told.records] == [(ida, "erased"), (ole, "held")]
    with crm.begin("ada") as uow:
        assert [uow.get(Person, id_).given_name for id_ in (ida, ole, young)] == [None, "Ole", "Young"]
    assert [(one.id, one.outcome) for one in apply(crm).records] == [(ole, "held")]
    verifying.assert_verifies(crm)


def test_a_rule_is_about_what_its_condition_says(crm, ida, ole, define, clock):
    define(condition=criteria_to_json(f.given_name == "Ole"))
    clock.advance(181 * DAY)
    assert [one.id for one in apply(crm).records] == [ole]


def test_other_records_are_erased_or_deleted(crm, ida, define, clock):
    with crm.begin("ada") as uow:
        said = uow.interactions.record(party=ida, channel="phone", direction="in", summary="rang")
        deal = uow.pipelines.open(pipeline="sales", party=ida, title="Roof")
    define(key="talk", entity="interaction", since="occurred_at", days=30)
    define(key="deals", entity="deal", action="delete", days=30)
    clock.advance(31 * DAY)
    told = apply(crm, dry_run=True)
    assert {(one.id, one.outcome) for one in told.records} == {(said.id, "erased"), (deal.id, "deleted")}
    assert apply(crm) == told
    with crm.begin("ada") as uow:
        assert uow.get(Interaction, said.id).summary == "(erased)"
        assert uow.history.at(Ref("deal", deal.id), 1).fields["title"] != "Roof"
        assert uow.get(Person, ida).given_name == "Ida"
    assert apply(crm).records == ()
    verifying.assert_verifies(crm)


def test_what_is_to_be_exported_first_is_written_before(crm_with, clock, tmp_path):
    crm = crm_with("privacy", clock=clock, config={"plugins.privacy": {"export_folder": str(tmp_path / "out")}})
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"]).id
        uow.use(Privacy).define_retention([RetentionRule(**APPLICANTS, export_first=True)])
    clock.advance(181 * DAY)
    apply(crm, dry_run=True)
    assert not (tmp_path / "out").exists()
    apply(crm)
    told = json.loads((tmp_path / "out" / f"party-{ida}.json").read_text("utf-8"))
    assert told["records"][0]["fields"]["given_name"] == "Ida"


def test_a_limit_leaves_the_rest_for_the_next_time(crm, ida, ole, define, clock):
    define()
    clock.advance(181 * DAY)
    first = apply(crm, limit=1)
    assert (len(first.records), first.more) == (1, ("applicants",))
    assert [one.id for one in apply(crm).records] == [ole]


def test_it_is_done_every_night_without_being_asked(crm, ida, define, clock):
    define()
    clock.advance(181 * DAY)
    crm.jobs.run_once(tenant=crm.config.crmkit.default_tenant)
    clock.advance(DAY)
    crm.jobs.run_once(tenant=crm.config.crmkit.default_tenant)
    with crm.begin("ada") as uow:
        assert uow.get(Person, ida).name == "(erased)"


def test_a_rule_that_is_off_does_nothing(crm, ida, define, clock):
    define(active=False)
    clock.advance(181 * DAY)
    assert apply(crm).records == ()


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"entity": "mechanism"}, (InvalidValueError, "stand alone")),
        ({"entity": "partyy"}, (UnknownFieldError, "party")),
        ({"since": "born_at"}, (UnknownFieldError, "born_at")),
        ({"since": "name"}, (InvalidValueError, "neither an instant nor a day")),
        ({"days": 0}, (InvalidValueError, "number of days")),
        ({"action": "burn"}, (InvalidValueError, "burn")),
        ({"export_first": True}, (InvalidValueError, "export_folder")),
        ({"condition": {"op": "=", "field": "nothing", "value": 1}}, (CrmkitError, ".")),
    ],
)
def test_a_rule_that_cannot_be_applied_is_refused(define, rows, said, refusal):
    error, match = refusal
    kept = rows()
    with pytest.raises(error, match=match):
        define(**said)
    assert rows() == kept


def test_the_limit_has_bounds(crm, rows):
    kept = rows()
    with pytest.raises(LimitExceededError):
        apply(crm, limit=0)
    assert rows() == kept
