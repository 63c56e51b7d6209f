import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.parties.text import cleaned, cleaned_lines, cleaned_or_none, fold, lines_or_none, text
from crmkit.errors import InvalidKeyError, InvalidValueError, LimitExceededError, NaiveDatetimeError
from crmkit.values.checks import day, in_utc, in_utc_or_none, instant, key, one_of

ANY_TEXT = st.text(max_size=60)


@frozen
class Sample:
    line: str | None = field(default=None, converter=cleaned_or_none, validator=text(limit=5))
    key: str | None = field(default=None, validator=key)
    day: date | None = field(default=None, validator=day)
    at: datetime | None = field(default=None, converter=in_utc_or_none, validator=instant)
    word: str | None = field(default=None, validator=one_of(("a", "b")))


@given(ANY_TEXT)
def test_folding_twice_changes_nothing_more(value):
    assert fold(fold(value)) == fold(value)


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_more(value):
    assert cleaned(cleaned(value)) == cleaned(value)
    assert cleaned_lines(cleaned_lines(value)) == cleaned_lines(value)


@given(ANY_TEXT)
def test_folding_does_not_see_how_a_text_is_composed(value):
    assert fold(unicodedata.normalize("NFD", value)) == fold(unicodedata.normalize("NFC", value))


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzàéîõüøłßñž ", max_size=40))
def test_folding_does_not_see_case(value):
    assert fold(value.upper()) == fold(value.lower()) == fold(value)


@pytest.mark.parametrize(
    ("value", "folded"),
    [
        ("Ødegård", "odegard"),
        ("  Ærø \t Kommune ", "aero kommune"),
        ("STRASSE", fold("Straße")),
        ("\uff26\uff35\uff2c\uff2c", "full"),
        ("İstanbul", "istanbul"),
        ("Łódź", "lodz"),
        ("Ёлкина", "елкина"),
    ],
)
def test_folding_leaves_out_case_accents_width_and_extra_space(value, folded):
    assert fold(value) == folded


def test_folding_keeps_vowel_signs_which_are_letters_to_their_readers():
    assert fold("कि") != fold("क")


@pytest.mark.parametrize("value", ["", "  ", None])
def test_a_text_with_nothing_in_it_is_none(value):
    assert cleaned_or_none(value) is None
    assert lines_or_none(value) is None


def test_cleaning_lines_keeps_the_lines():
    assert cleaned_lines(" Main  St 1 \r\n\n  Oslo\n") == "Main St 1\nOslo"


@pytest.mark.parametrize("value", ["a\0b", "a\x1bb", "\ud800", "a\x9fb"])
def test_a_text_that_no_database_or_reader_can_take_is_refused(value):
    with pytest.raises(InvalidValueError) as refused:
        Sample(line=value)
    assert refused.value.field == "line"


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(LimitExceededError, match="line"):
        Sample(line="abcdef")


def test_what_is_no_text_is_refused_by_the_name_of_its_field():
    with pytest.raises(InvalidValueError, match="line"):
        Sample(line=7)


@pytest.mark.parametrize("value", ["", "A", "1a", "a-b", "a b", "a" * 64, "a.", ".a", "a\n", 7])
def test_what_is_no_key_is_refused(value):
    with pytest.raises(InvalidKeyError):
        Sample(key=value)


@pytest.mark.parametrize("value", ["a", "works_for", "shop.customer", "a" * 63])
def test_keys_are_words_in_lower_case_and_may_name_a_plugin(value):
    assert Sample(key=value).key == value


def test_an_instant_is_kept_in_utc():
    at = datetime(2026, 3, 31, 12, tzinfo=timezone(timedelta(hours=2)))
    assert Sample(at=at).at == at
    assert Sample(at=at).at.tzinfo is UTC
    assert in_utc(at).hour == 10


def test_a_naive_instant_is_refused_by_the_name_of_its_field():
    with pytest.raises(NaiveDatetimeError) as refused:
        Sample(at=datetime(2026, 3, 31, 12))  # noqa: DTZ001  # naive is what is tested
    assert refused.value.field == "at"


def test_an_instant_outside_of_the_years_in_utc_is_refused():
    with pytest.raises(InvalidValueError, match="years"):
        Sample(at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))))


@pytest.mark.parametrize("value", ["2026-03-31", datetime(2026, 3, 31, tzinfo=UTC), 7])
def test_a_day_is_a_date_without_a_time(value):
    with pytest.raises(InvalidValueError, match="day"):
        Sample(day=value)


def test_an_instant_is_a_datetime():
    with pytest.raises(InvalidValueError, match="at"):
        Sample(at="2026-03-31T00:00:00Z")


def test_a_word_outside_of_a_closed_list_is_refused_with_the_list():
    with pytest.raises(InvalidValueError, match="a, b"):
        Sample(word="c")
