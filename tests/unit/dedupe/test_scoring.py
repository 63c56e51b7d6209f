"""How much two parties look like one: pure decisions, and the same ones as splink's."""

import math
import string

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit import Mechanism, Organisation, Person, new_id
from crmkit.errors import InvalidValueError
from crmkit.plugins.dedupe.comparing.scoring import Reason, new_evidence, score
from crmkit.plugins.dedupe.comparing.traits import KEYS, SHARED, Traits, traits_of
from crmkit.plugins.dedupe.comparing.weights import COMPARISONS, DIFFERS, Comparison, Level, Weights
from crmkit.plugins.dedupe.requiring import similarities
from crmkit.sdk import address

PERSON = Weights.before_any_data("person")


def person(**said):
    return Traits(party_id=new_id(), kind="person", **said)


def levels(left, right):
    return {reason.comparison: reason.level for reason in score(left, right, PERSON).reasons}


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("ida", "berg"), ("ida", "berg"), "same"),
        (("ida", "berg"), ("berg", "ida"), "swapped"),
        (("ida", "berg"), ("idda", "bergh"), "near"),
        (("ida", "berg"), ("tom", "berg"), "same family name"),
        (("ida", "berg"), ("ida", "reid"), "same given name"),
        (("ida", "berg"), ("tom", "reid"), DIFFERS),
    ],
)
def test_names_are_compared_from_the_strongest_level_down(left, right, level):
    one, other = (person(given=given, family=family) for given, family in (left, right))
    assert levels(one, other) == levels(other, one) == {"name": level}


@pytest.mark.parametrize(
    ("other", "level"),
    [("19800517", "same"), ("19800571", "one edit"), ("19810518", "two edits"), ("20011231", DIFFERS)],
)
def test_birth_dates_are_compared_by_their_edits(other, level):
    assert levels(person(birth_key="19800517"), person(birth_key=other)) == {"birth date": level}


def test_what_one_of_them_lacks_says_nothing():
    assert score(person(emails=("a@b.example",)), person(phones=("22",)), PERSON).reasons == ()
    assert score(person(), person(), PERSON).probability == pytest.approx(PERSON.prior)


def test_evidence_adds_up():
    names = {"given": "ida", "family": "berg"}
    alone = score(person(**names), person(**names), PERSON).probability
    both = score(person(**names, birth_key="19800517"), person(**names, birth_key="19800517"), PERSON).probability
    against = score(person(**names, birth_key="19800517"), person(**names, birth_key="20011231"), PERSON).probability
    assert against < alone < both


def test_the_levels_of_each_comparison_are_all_there_can_be():
    for comparisons in COMPARISONS.values():
        for one in comparisons:
            assert one.levels[-1].test == "differs"
            assert math.isclose(sum(level.m for level in one.levels), 1), one.name
            assert 0.9 < sum(level.u for level in one.levels) <= 1 + 1e-9, one.name


def test_weights_survive_the_way_to_json_and_back():
    learned = evolve(PERSON, prior=0.001, comparisons=(_learned(PERSON.comparisons[0]), *PERSON.comparisons[1:]))
    assert Weights.from_json(learned.to_json()) == learned


def _learned(comparison: Comparison) -> Comparison:
    return evolve(comparison, levels=tuple(evolve(level, m=0.1, u=0.2) for level in comparison.levels))


def test_a_level_that_has_come_since_is_weighed_as_before_any_data():
    said = PERSON.to_json()
    del said["levels"]["name"]["same"]
    assert Weights.from_json(said) == PERSON


def test_weights_of_no_kind_are_refused():
    with pytest.raises(InvalidValueError, match="is no kind of party"):
        Weights.from_json({"kind": "robot"})


@pytest.mark.parametrize("m", [0.0, 1.0, -0.1, 2.0])
def test_a_probability_lies_between_nothing_and_certainty(m):
    with pytest.raises(ValueError, match="must be"):
        Level("same", "same", m, 0.5)


@pytest.mark.parametrize(
    ("before", "after", "is_new"),
    [
        ([], [("email", "shared", 14.0)], True),
        ([("email", "shared", 14.0)], [("email", "shared", 14.0)], False),
        ([("name", "near", 9.0)], [("name", "same", 12.0)], True),
        ([("name", "near", 9.0)], [("name", "near", 9.4)], False),
        ([("name", "same", 12.0)], [("name", "same", 12.0), ("phone", "differs", -1.0)], False),
        ([("name", "same", 12.0)], [("name", "near", 9.0)], False),
    ],
)
def test_new_evidence_is_what_speaks_for_it_and_did_not_before(before, after, is_new):
    assert new_evidence(tuple(Reason(*r) for r in before), tuple(Reason(*r) for r in after)) is is_new


# -- traits -----------------------------------------------------------------------------------------------------------


def test_a_name_is_compared_without_case_accents_and_punctuation():
    traits = traits_of(Person(given_name="Anne-Marie", family_name="O'Brién"))
    assert (traits.given, traits.family, traits.name_key) == ("anne marie", "obrien", "anne marie obrien")
    assert (traits.sound_key, traits.first_key) == ("OBRN a", "anne marie o")


def test_who_is_known_by_one_name_has_it_as_family_name():
    assert traits_of(Person(display_name="Madonna")).family == "madonna"
    assert traits_of(Person()).name_key is None


@pytest.mark.parametrize("name", ["Berg Tak AS", "BERG TAK", "Berg-Tak Ltd."])
def test_an_organisation_is_compared_without_its_legal_form(name):
    assert traits_of(Organisation(name=name)).family == "berg tak"


def test_a_name_that_is_all_legal_form_is_kept():
    assert traits_of(Organisation(name="SA")).family == "sa"


def test_a_name_that_is_not_in_latin_letters_sounds_as_it_is_written():
    assert traits_of(Person(given_name="Иван", family_name="Петров")).sound_key == "петров и"


def test_the_primary_address_is_compared():
    ida = Person(given_name="Ida", family_name="Berg")
    old = address(ida.id, street="Storgata 1", locality="Bergen", postal_code="5003", country="NO")
    new = evolve(
        address(ida.id, street="Lille gate 12 B", locality="Oslo", postal_code="0152", country="NO"), is_primary=True
    )
    traits = traits_of(ida, [old, new])
    assert (traits.place, traits.postcode) == ("oslo", "0152")
    assert (traits.place_key, traits.area_key, traits.street_key) == ("0152 12", "oslo b", "lille gate 12 b")


def test_what_the_actor_may_not_read_is_compared_with_nothing():
    masked = Person(given_name="Ida", family_name="Berg", display_name="x")
    for name in ("name", "given_name", "family_name", "display_name", "sort_name", "birth_date"):
        object.__setattr__(masked, name, None)
    hidden = Mechanism(party_id=masked.id, kind="email", raw="x", normalised="x", search_key="x")
    for name in ("raw", "normalised", "search_key"):
        object.__setattr__(hidden, name, None)
    traits = traits_of(masked, [hidden])
    assert not any(getattr(traits, name) for name in (*KEYS, *SHARED, "given", "family"))


# -- the same as splink -----------------------------------------------------------------------------------------------

words = st.text(string.ascii_lowercase + " ", min_size=1, max_size=12)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=20))
def test_duckdb_finds_texts_as_similar_as_python_does(pairs):
    duckdb = pytest.importorskip("duckdb")
    similarity, edits = similarities()
    with duckdb.connect() as connection:
        for a, b in pairs:
            sql = "SELECT jaro_winkler_similarity($a, $b), damerau_levenshtein($a, $b)"
            ((alike, apart),) = connection.execute(sql, {"a": a, "b": b}).fetchall()
            assert alike == pytest.approx(similarity(a, b))
            assert apart == edits(a, b)
