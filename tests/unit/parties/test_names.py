import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.parties.model import Organisation, Person
from crmkit.core.parties.rules import UNNAMED, month_and_day, person_name, sort_name, time_zone
from crmkit.errors import InvalidValueError

NAME = st.none() | st.text(min_size=1, max_size=20).filter(lambda t: t.isprintable() and t.strip())


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"given": "Ida", "family": "Berg"}, "Ida Berg"),
        ({"given": "Ida"}, "Ida"),
        ({"family": "Berg"}, "Berg"),
        ({"prefix": "Mr", "family": "Berg"}, "Mr Berg"),
        ({"prefix": "Dr.", "given": "Ida", "family": "Berg"}, "Ida Berg"),
        ({"given": "John", "additional": "Q.", "family": "Public"}, "John Q. Public"),
        ({"given": "太郎", "family": "山田"}, "山田太郎"),
        ({"given": "길동", "family": "홍"}, "홍길동"),
        ({"given": "Taro", "family": "山田"}, "Taro 山田"),
        ({"given": "マイケル", "family": "ジャクソン"}, "マイケル ジャクソン"),
        ({"nickname": "Bee"}, "Bee"),
        ({"additional": "Ivanovich"}, "Ivanovich"),
        ({"prefix": "Dr."}, UNNAMED),
        ({}, UNNAMED),
    ],
)
def test_a_person_is_called_by_the_names_that_are_known(parts, name):
    assert person_name(**parts) == name


@given(given=NAME, additional=NAME, family=NAME, nickname=NAME, prefix=NAME)
def test_a_person_always_has_a_name_and_never_the_word_none(**parts):
    name = person_name(**{k: v and v.strip() for k, v in parts.items()})
    assert name.strip()
    assert "None" not in name or any("None" in (v or "") for v in parts.values())


@given(given=NAME, family=NAME)
def test_the_name_of_a_person_follows_from_its_parts(given, family):
    person = Person(given_name=given, family_name=family)
    assert person.name == person_name(given=person.given_name, family=person.family_name)


def test_a_display_name_stands_for_the_names_put_together():
    person = Person(given_name="Marie", family_name="Curie", display_name="Madame Curie")
    assert (person.name, person.sort_name) == ("Madame Curie", "curie marie")


@pytest.mark.parametrize(
    ("person", "sorts"),
    [
        (Person(given_name="Ida", family_name="Berg"), "berg ida"),
        (Person(given_name="Ída", family_name="Ødegård"), "odegard ida"),
        (Person(given_name="Ida"), "ida"),
        (Person(display_name="The Artist"), "the artist"),
        (Person(nickname="Bee"), "bee"),
        (Person(), ""),
        (Organisation(name="Ærlig Tak AS"), "aerlig tak as"),
    ],
)
def test_a_party_sorts_by_its_folded_name_persons_by_family_name_first(person, sorts):
    assert person.sort_name == sorts


def test_people_sort_as_in_a_telephone_book():
    people = [
        Person(given_name=g, family_name=f) for g, f in (("Anna", "Bergen"), ("Øystein", "berg"), ("Ida", "Berg"))
    ]
    assert [p.name for p in sorted(people, key=lambda p: p.sort_name)] == ["Ida Berg", "Øystein berg", "Anna Bergen"]


@given(st.text(max_size=400))
def test_a_sort_name_fits_into_an_index(name):
    assert len(sort_name(name)) <= 200


@pytest.mark.parametrize("given", ["02-29", "--02-29", "--0229", "0229"])
def test_a_birthday_without_a_year_is_read_in_every_form(given):
    assert month_and_day(given) == "02-29"


@pytest.mark.parametrize("given", ["02-30", "13-01", "2", "02-29-00", "٠٢-٢٩", "feb"])
def test_a_day_that_no_year_has_is_refused(given):
    with pytest.raises(InvalidValueError, match="birthday"):
        month_and_day(given)


@pytest.mark.parametrize(
    ("given", "kept"), [("Europe/Oslo", "Europe/Oslo"), ("-0500", "-05:00"), ("UTC+05:30", "+05:30"), ("UTC", "UTC")]
)
def test_a_time_zone_is_a_name_or_an_offset(given, kept):
    assert time_zone(given) == kept


def test_a_time_zone_that_does_not_exist_is_refused():
    with pytest.raises(InvalidValueError, match="time_zone"):
        time_zone("Europe/Atlantis")
