"""Assets: what a party has in use, what covers it and why, what was done about it, and terms that end."""

from datetime import date, timedelta

import pytest
from attrs import evolve

from crmkit import Activity, Person, Rule, f, new_id
from crmkit.errors import AlreadyExistsError, ConflictError, InvalidValueError, NotFoundError, StaleVersionError
from crmkit.plugins.service_desk import (
    Asset,
    AssetAdded,
    AssetRetired,
    Assets,
    Case,
    Return,
    Returns,
    ServiceDesk,
    Term,
    TermAdded,
    TermEndAnnounced,
    TermsOverlapError,
)

DAY = timedelta(days=1)
TODAY = date(2026, 3, 2)


def do(crm, service, what, actor="ada"):
    with crm.begin(actor) as uow:
        return what(uow.use(service))


@pytest.fixture
def boiler(crm, party):
    bought = date(2025, 1, 10)
    return do(crm, Assets, lambda a: a.add_asset(party, name="Boiler", product="B-7", serial="1", acquired_on=bought))


@pytest.fixture
def covered(crm, boiler):
    """A boiler with a warranty, and from April on terms for the time after it; there is a gap of a month."""
    do(crm, Assets, lambda a: a.add_term(boiler.id, starts_on=date(2025, 1, 10), ends_on=date(2026, 2, 28)))
    later = {"starts_on": date(2026, 4, 1), "ends_on": date(2027, 3, 31), "kind": "post_warranty"}
    do(crm, Assets, lambda a: a.add_term(boiler.id, **later))
    return boiler


@pytest.mark.parametrize(
    ("day", "kind", "reason"),
    [
        (date(2025, 1, 9), None, "the warranty of Boiler begins on 2025-01-10"),
        (date(2025, 1, 10), "warranty", "the warranty of Boiler runs from 2025-01-10 to 2026-02-28"),
        (date(2026, 2, 28), "warranty", "the warranty of Boiler runs from 2025-01-10 to 2026-02-28"),
        (TODAY, None, "the warranty of Boiler ended on 2026-02-28, and the post-warranty cover begins on 2026-04-01"),
        (date(2026, 4, 1), "post_warranty", "the post-warranty cover of Boiler runs from 2026-04-01 to 2027-03-31"),
        (date(2027, 4, 1), None, "the post-warranty cover of Boiler ended on 2027-03-31"),
    ],
)
def test_a_day_is_covered_or_not_and_says_why(crm, covered, day, kind, reason):
    found = do(crm, Assets, lambda a: a.cover(covered.id, on=day))
    assert (found.covered, found.kind, found.reason) == (kind is not None, kind, reason)


def test_what_has_no_terms_is_not_covered(crm, boiler):
    found = do(crm, Assets, lambda a: a.cover(boiler.id))
    assert (found.covered, found.reason) == (False, "Boiler has no warranty and no other terms")


def test_what_is_out_of_use_is_not_covered(crm, covered, told):
    do(crm, Assets, lambda a: a.retire_asset(covered.id, on=date(2026, 2, 1)))
    found = do(crm, Assets, lambda a: a.cover(covered.id, on=date(2026, 2, 1)))
    assert (found.covered, found.reason) == (False, "Boiler is out of use since 2026-02-01")
    assert do(crm, Assets, lambda a: a.cover(covered.id, on=date(2026, 1, 31))).covered
    assert [event.asset for event in told(AssetRetired)] == [covered.id]


def test_a_case_is_covered_by_the_day_on_which_its_fault_was_found(crm, covered, opened):
    late = opened(kind="warranty", details={"fault": "Leaks"})
    early = opened(kind="warranty", details={"fault": "Leaks", "found_on": date(2026, 2, 20)})
    for case in (late, early):
        assert not do(crm, Assets, lambda a, id_=case.id: a.case_cover(id_)).covered  # about no asset yet
        do(crm, Assets, lambda a, id_=case.id: a.set_asset(id_, covered.id))
    assert [do(crm, Assets, lambda a, id_=case.id: a.case_cover(id_)).covered for case in (late, early)] == [
        False,
        True,
    ]
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Case, late.id).product == "B-7"


@pytest.mark.parametrize(
    ("found_on", "covered_then", "reason"),
    [
        (date(2026, 2, 20), True, "the warranty of Boiler runs from 2025-01-10 to 2026-02-28"),
        (TODAY, False, "the warranty of Boiler ended on 2026-02-28, and the post-warranty cover begins on 2026-04-01"),
    ],
)
def test_a_case_that_is_opened_about_an_asset_says_at_once_whether_it_is_covered_and_why(
    crm, covered, found_on, covered_then, reason
):
    details = {"fault": "Leaks", "found_on": found_on}
    with crm.begin("sam") as uow:  # an agent
        case = uow.use(ServiceDesk).open_case(
            party=covered.party_id, subject="Boiler leaks", kind="warranty", details=details, asset=covered.id
        )
        said = uow.use(Assets).case_cover(case.id)
        assert [one.id for one in uow.use(Assets).service_history(covered.id)] == [case.id]
    assert (case.asset_id, case.product) == (covered.id, "B-7")
    assert (said.covered, said.reason) == (covered_then, reason)


def test_a_case_may_be_about_another_product_than_its_asset(opened, covered):
    assert opened(asset=covered.id, product="B-7 pump").product == "B-7 pump"


def test_the_service_history_of_an_asset_is_its_cases_the_last_one_first(crm, boiler, opened):
    cases = [opened() for _ in range(3)]
    for case in cases[:2]:
        do(crm, Assets, lambda a, id_=case.id: a.set_asset(id_, boiler.id))
    page = do(crm, Assets, lambda a: a.service_history(boiler.id, limit=1))
    assert [case.number for case in page] == [2]
    rest = do(crm, Assets, lambda a: a.service_history(boiler.id, limit=5, after=page.next))
    assert [case.number for case in rest] == [1]


def test_who_may_not_see_a_case_does_not_see_it_in_the_service_history(crm, boiler, opened, narrow):
    mine, other = opened(assignee=narrow), opened(assignee="sue")
    for case in (mine, other):
        do(crm, Assets, lambda a, id_=case.id: a.set_asset(id_, boiler.id))
    assert [case.id for case in do(crm, Assets, lambda a: a.service_history(boiler.id), actor=narrow)] == [mine.id]


def test_the_installed_base_is_shown_in_the_view(crm, party, covered):
    old = do(crm, Assets, lambda a: a.add_asset(party, name="Stove", product="S-1"))
    do(crm, Assets, lambda a: a.retire_asset(old.id))
    assert [asset.id for asset in do(crm, Assets, lambda a: a.installed_base(party))] == [covered.id]
    assert len(do(crm, Assets, lambda a: a.installed_base(party, retired=True))) == 2
    with crm.begin("ada", read_only=True) as uow:
        sections = {section.key: section for section in uow.parties.view(party).sections}
    assert sections["assets"].data["count"] == 1
    assert sections["assets"].data["assets"][0]["covered"] is False
    assert dict(sections["assets"].items)["Boiler"].startswith("the warranty of Boiler ended on 2026-02-28")


def test_what_happens_to_assets_is_told(crm, party, told):
    asset = do(crm, Assets, lambda a: a.add_asset(party, name="Boiler", product="B-7"))
    term = do(crm, Assets, lambda a: a.add_term(asset.id, starts_on=TODAY, ends_on=TODAY + DAY))
    assert [(e.asset, e.product) for e in told(AssetAdded)] == [(asset.id, "B-7")]
    assert [(e.term, e.ends_on) for e in told(TermAdded)] == [(term.id, TODAY + DAY)]


# -- terms that end ---------------------------------------------------------------------------------------------------


def test_a_term_that_ends_is_announced_once(crm, clock, boiler, told, tenant):
    term = do(crm, Assets, lambda a: a.add_term(boiler.id, starts_on=TODAY, ends_on=TODAY + 40 * DAY))
    assert do(crm, Assets, lambda a: a.announce_ends()) == 0
    crm.jobs.run_once(tenant=tenant)  # plants the schedules
    for _ in range(12):
        clock.advance(DAY)
        crm.jobs.run_once(tenant=tenant)
    said = [(e.term, e.party, e.ends_on) for e in told(TermEndAnnounced)]
    assert said == [(term.id, boiler.party_id, TODAY + 40 * DAY)]
    with crm.begin("ada", read_only=True) as uow:
        (call,) = uow.find(Activity, f.about_id == boiler.id)
    assert (call.kind, call.party_id, call.due_at.date()) == ("call", boiler.party_id, TODAY + 40 * DAY)


def test_a_term_that_was_prolonged_is_announced_anew(crm, clock, boiler, told):
    term = do(crm, Assets, lambda a: a.add_term(boiler.id, starts_on=TODAY, ends_on=TODAY + DAY))
    assert do(crm, Assets, lambda a: a.announce_ends()) == 1
    with crm.begin("ada", read_only=True) as uow:
        stored = uow.get(Term, term.id)
    do(crm, Assets, lambda a: a.edit_term(evolve(stored, ends_on=TODAY + 50 * DAY)))
    clock.advance(30 * DAY)
    assert do(crm, Assets, lambda a: a.announce_ends()) == 1
    assert [e.ends_on for e in told(TermEndAnnounced)] == [TODAY + DAY, TODAY + 50 * DAY]


def test_nobody_is_told_of_the_terms_of_what_is_out_of_use(crm, boiler):
    do(crm, Assets, lambda a: a.add_term(boiler.id, starts_on=TODAY, ends_on=TODAY + DAY))
    do(crm, Assets, lambda a: a.retire_asset(boiler.id))
    assert do(crm, Assets, lambda a: a.announce_ends()) == 0


def test_until_when_an_asset_is_covered_follows_its_terms(crm, boiler):
    def until():
        with crm.begin("ada", read_only=True) as uow:
            return uow.get(Asset, boiler.id).covered_until

    first = do(crm, Assets, lambda a: a.add_term(boiler.id, starts_on=TODAY, ends_on=TODAY + DAY))
    second = do(crm, Assets, lambda a: a.add_term(boiler.id, starts_on=TODAY + 2 * DAY, ends_on=TODAY + 9 * DAY))
    assert until() == TODAY + 9 * DAY
    do(crm, Assets, lambda a: a.remove_term(second.id))
    assert until() == TODAY + DAY
    do(crm, Assets, lambda a: a.remove_term(first.id))
    assert until() is None


# -- what is refused --------------------------------------------------------------------------------------------------

REFUSED = {
    "terms that overlap": (
        lambda a, own: a.add_term(own, starts_on=TODAY, ends_on=date(2026, 4, 1)),
        TermsOverlapError,
    ),
    "terms within others": (
        lambda a, own: a.add_term(own, starts_on=date(2025, 5, 1), ends_on=date(2025, 5, 2), kind="post_warranty"),
        TermsOverlapError,
    ),
    "terms that end before they start": (
        lambda a, own: a.add_term(own, starts_on=TODAY, ends_on=TODAY - DAY),
        InvalidValueError,
    ),
    "terms that end before it was got": (
        lambda a, own: a.add_term(own, starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31)),
        InvalidValueError,
    ),
    "out of use before it was got": (lambda a, own: a.retire_asset(own, on=date(2024, 1, 1)), InvalidValueError),
    "terms of nothing": (lambda a, _: a.add_term(new_id(), starts_on=TODAY, ends_on=TODAY), NotFoundError),
}


@pytest.mark.parametrize("why", REFUSED)
def test_terms_that_cannot_be_are_refused_and_nothing_is_stored(why, crm, covered, rows):
    what, error = REFUSED[why]
    before = rows()
    with pytest.raises(error):
        do(crm, Assets, lambda a: what(a, covered.id))
    assert without_denials(rows()) == without_denials(before)


def without_denials(found):
    """A refusal leaves nothing but a line in the audit."""
    return {table: lines for table, lines in found.items() if table != "crm_denial"}


def test_an_asset_that_cannot_be_is_refused_and_nothing_is_stored(crm, party, boiler, rows):
    before = rows()
    with pytest.raises(AlreadyExistsError):
        do(crm, Assets, lambda a: a.add_asset(party, name="Copy", product="B-7", serial="1"))
    with pytest.raises(InvalidValueError, match="has not come yet"):
        do(crm, Assets, lambda a: a.add_asset(party, name="New", product="B-7", acquired_on=date(2030, 1, 1)))
    with pytest.raises(StaleVersionError):
        do(crm, Assets, lambda a: a.edit_asset(evolve(boiler, name="Older", version=7)))
    assert rows() == before


def test_two_edits_of_terms_cannot_make_them_overlap(crm, covered, rows):
    first, second = do(crm, Assets, lambda a: a.terms(covered.id))
    before = rows()
    with pytest.raises(TermsOverlapError, match="2026-04-01"):
        do(crm, Assets, lambda a: a.edit_term(evolve(first, ends_on=date(2026, 4, 1))))
    with pytest.raises(TermsOverlapError):
        do(crm, Assets, lambda a: a.edit_term(evolve(second, starts_on=date(2026, 2, 28))))
    assert rows() == before


def test_a_case_is_not_about_the_asset_of_somebody_else(crm, opened, rows):
    with crm.begin("ada") as uow:
        other = uow.parties.add(Person(given_name="Tom")).id
        asset = uow.use(Assets).add_asset(other, name="Stove", product="S-1")
    case = opened()
    before = rows()
    with pytest.raises(InvalidValueError, match="another party"):
        do(crm, Assets, lambda a: a.set_asset(case.id, asset.id))
    with pytest.raises(ConflictError):
        do(crm, Assets, lambda a: (a.retire_asset(asset.id), a.retire_asset(asset.id)))
    assert rows() == before


@pytest.mark.parametrize("whose", ["another party's", "nobody's", "hidden"])
def test_no_case_is_opened_about_an_asset_that_is_not_the_partys_own(whose, crm, covered, actors, rows):
    with crm.begin("ada") as uow:
        other = uow.use(Assets).add_asset(uow.parties.add(Person(given_name="Tom")).id, name="Stove", product="S-1")
        asking = ("party.*", "interaction.*", "thread.*", "service_desk.case.*", "service_desk.queue.read")
        rules = [Rule(effect="permit", permission=permission) for permission in asking]
        uow.permissions.define_role("blind", rules)
    actors.add("bo", roles=["blind"])
    asset, actor, error = {
        "another party's": (other.id, "ada", InvalidValueError),
        "nobody's": (new_id(), "ada", NotFoundError),
        "hidden": (covered.id, "bo", NotFoundError),
    }[whose]
    before = rows()
    with pytest.raises(error, match="asset"), crm.begin(actor) as uow:
        uow.use(ServiceDesk).open_case(party=covered.party_id, subject="It leaks", asset=asset)
    assert without_denials(rows()) == without_denials(before)


def test_assets_and_returns_follow_the_merge_of_their_parties_and_its_undo(crm, party, covered):
    with crm.begin("ada") as uow:
        twin = uow.parties.add(Person(given_name="Ida", family_name="Berg"))
        uow.use(Returns).record_return(party, reason="defective", asset=covered.id)
    with crm.begin("ada") as uow:
        uow.parties.merge(party, twin.id)
        unit = uow.id
    with crm.begin("ada") as uow:
        assert [asset.id for asset in uow.use(Assets).installed_base(twin.id)] == [covered.id]
        assert uow.count(Return, f.party_id == twin.id) == 1
        uow.history.undo(unit)
    with crm.begin("ada", read_only=True) as uow:
        assert [asset.id for asset in uow.use(Assets).installed_base(party)] == [covered.id]
        assert uow.count(Return, f.party_id == party) == 1


def test_a_case_goes_on_without_an_asset_that_was_removed(crm, boiler, opened):
    case = opened()
    do(crm, Assets, lambda a: a.set_asset(case.id, boiler.id))
    cleared = do(crm, Assets, lambda a: a.set_asset(case.id, None))
    assert (cleared.asset_id, cleared.product) == (None, "B-7")
    assert do(crm, ServiceDesk, lambda desk: desk.case(case.number)).asset_id is None
