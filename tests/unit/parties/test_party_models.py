from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.access.actors import Actor
from crmkit.core.kernel.entities.codec import RowCodec
from crmkit.core.kernel.wire import from_json, to_json
from crmkit.core.parties.model import GENDERS, Organisation, Party, Person
from crmkit.core.parties.rules import (
    altered,
    check_new,
    check_period,
    check_update,
    default_owner,
    is_current,
    kept_source,
)
from crmkit.core.parties.tables import PARTY
from crmkit.errors import InvalidValueError, LimitExceededError, NaiveDatetimeError

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TEXT = st.none() | st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=30)
PERSONS = st.builds(
    Person,
    given_name=TEXT,
    additional_names=TEXT,
    family_name=TEXT,
    prefix=TEXT,
    suffix=TEXT,
    nickname=TEXT,
    display_name=TEXT,
    birth_date=st.none() | st.dates(),
    gender=st.none() | st.sampled_from(GENDERS),
    source=TEXT,
    sourced_at=st.none()
    | st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001  # bounds are naive by hypothesis' rule
)


@given(PERSONS)
def test_a_person_is_the_same_after_a_way_through_json(person):
    assert from_json(to_json(person), Person) == person


@given(PERSONS)
def test_changing_nothing_changes_nothing(person):
    assert evolve(person) == person


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "party",
    [
        Person(given_name="Ida", birth_date=date(1990, 2, 3), sourced_at=NOW, created_at=NOW, updated_at=NOW),
        Organisation(name="Berg Tak", legal_form="AS", created_at=NOW, updated_at=NOW),
    ],
    ids=["person", "organisation"],
)
def test_a_party_comes_back_from_its_row_as_what_it_was(party, dialect):
    codec = RowCodec(PARTY, dialect)
    row = dict(zip(codec.columns, codec.values(party), strict=True))
    if dialect == "postgresql":
        row["custom"] = {}  # taken as text, and given back parsed
    stored = codec.load(tuple(row.values()))
    assert stored == party
    assert type(stored) is type(party)


def test_a_party_is_a_person_or_an_organisation():
    with pytest.raises(TypeError, match="Person"):
        Party(kind="person", name="Ida")


def test_a_person_is_no_organisation():
    with pytest.raises(InvalidValueError, match="kind"):
        Person(kind="organisation")


@pytest.mark.parametrize("name", ["", "  ", None, 7, "a\0b"])
def test_an_organisation_has_a_name(name):
    with pytest.raises(InvalidValueError, match="name"):
        Organisation(name=name)


def test_names_are_cleaned_of_extra_space():
    assert Person(given_name="  Ida \n Maria ", family_name="").name == "Ida Maria"


def test_the_birthday_follows_from_the_birth_date():
    assert Person(birth_date=date(1953, 10, 15)).birthday == "10-15"
    assert Person(birth_date=date(1953, 10, 15), birthday="01-01").birthday == "10-15"


def test_the_author_of_the_standard_may_keep_his_year_to_himself():
    """RFC 6350, section 8: ``BDAY:--0203``, ``TZ:-0500``, ``GENDER:M``, ``LANG:fr``."""
    author = Person(
        family_name="Perreault",
        given_name="Simon",
        suffix="ing. jr, M.Sc.",
        birthday="--0203",
        gender="M",
        time_zone="-0500",
        language="fr",
    )
    assert (author.name, author.birthday, author.birth_date) == ("Simon Perreault", "02-03", None)
    assert author.time_zone == "-05:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("birth_date", "1990-02-03"),
        ("birth_date", NOW),
        ("birthday", "02-30"),
        ("gender", "X"),
        ("language", "not a language"),
        ("time_zone", "Mars/Base"),
        ("lifecycle", "No Key"),
        ("given_name", "a\x00b"),
        ("owner_id", ""),
    ],
)
def test_a_person_with_an_impossible_value_is_refused_by_the_name_of_the_field(field, value):
    with pytest.raises(InvalidValueError) as refused:
        Person(**{field: value})
    assert refused.value.field == field


def test_a_name_beyond_measure_is_refused():
    with pytest.raises(LimitExceededError):
        Person(given_name="a" * 201)


def test_a_naive_datetime_is_refused():
    with pytest.raises(NaiveDatetimeError, match="sourced_at"):
        Person(sourced_at=datetime(2026, 3, 31))  # noqa: DTZ001  # naive is what is tested


# -- rules ------------------------------------------------------------------------------------------------------------


def test_dates_the_wrong_way_round_are_refused():
    with pytest.raises(InvalidValueError, match="valid_until"):
        check_period(date(2026, 3, 31), date(2026, 3, 30))


@pytest.mark.parametrize(
    ("start", "end"), [(None, None), (date(2026, 1, 1), None), (None, date(2026, 1, 1)), (date(2026, 1, 1),) * 2]
)
def test_dates_the_right_way_round_pass(start, end):
    check_period(start, end)


def test_a_period_includes_its_first_and_its_last_day():
    first, last = date(2026, 1, 1), date(2026, 1, 31)
    assert [is_current(first, last, on=d) for d in (first, last)] == [True, True]
    assert [is_current(first, last, on=d) for d in (date(2025, 12, 31), date(2026, 2, 1))] == [False, False]


@pytest.mark.parametrize(
    ("field", "value"),
    [("owner_id", "max"), ("team_id", "sales"), ("lifecycle", "lead"), ("archived_at", NOW), ("merged_into", uuid4())],
)
def test_what_has_a_command_of_its_own_is_not_changed_by_an_update(field, value):
    person = Person(given_name="Ida")
    with pytest.raises(InvalidValueError) as refused:
        check_update(person, evolve(person, **{field: value}))
    assert refused.value.field == field


def test_names_are_changed_by_an_update():
    person = Person(given_name="Ida")
    check_update(person, evolve(person, family_name="Berg"))


def test_a_source_once_known_is_kept():
    person = Person(given_name="Ida", source="fair", source_detail="Oslo 2026")
    assert kept_source(person, evolve(person, source="web")).field == "source"
    assert kept_source(person, evolve(person, source_detail=None)).field == "source_detail"
    assert kept_source(person, evolve(person, given_name="Eva")) is None


def test_a_source_that_was_unknown_may_be_filled_in():
    person = Person(given_name="Ida")
    assert kept_source(person, evolve(person, source="web", sourced_at=NOW)) is None


def test_a_new_party_is_owned_by_who_adds_it():
    assert check_new(Person(), owner="ada", now=NOW).owner_id == "ada"
    assert check_new(Person(owner_id="max"), owner="ada", now=NOW).owner_id == "max"


def test_a_new_party_with_a_source_came_now_unless_it_says_when():
    before = datetime(2020, 1, 1, tzinfo=UTC)
    assert check_new(Person(source="web"), owner=None, now=NOW).sourced_at == NOW
    assert check_new(Person(source="web", sourced_at=before), owner=None, now=NOW).sourced_at == before
    assert check_new(Person(), owner=None, now=NOW).sourced_at is None


@pytest.mark.parametrize("party", [Person(version=3), Person(merged_into=uuid4())], ids=["stored", "merged"])
def test_what_is_not_new_is_not_added(party):
    with pytest.raises(InvalidValueError):
        check_new(party, owner=None, now=NOW)


def test_machinery_owns_nothing_and_a_delegate_adds_for_its_delegator():
    assert default_owner(Actor(id="ada"), None) == "ada"
    assert default_owner(Actor(id="ada"), "max") == "max"
    assert default_owner(Actor(id="nightly", kind="job"), None) is None


def test_a_stored_record_is_altered_without_being_built_anew():
    organisation = Organisation(name="Berg Tak")
    object.__setattr__(organisation, "name", None)  # as it is for an actor who may not read names
    changed = altered(organisation, owner_id="max")
    assert (changed.name, changed.owner_id, organisation.owner_id) == (None, "max", None)
    with pytest.raises(InvalidValueError, match="owner_id"):
        altered(organisation, owner_id=7)
