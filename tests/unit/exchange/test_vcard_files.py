"""Splitting files into cards: one by one, whatever stands between and within them, in bounded memory."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.exchange.vcard.cards import MOST_NESTED, raw_cards

ONE = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:One\r\nEND:VCARD\r\n"
TWO = ONE.replace(b"One", b"Two")


def split(octets, limit=10_000):
    return list(raw_cards(BytesIO(octets), limit=limit))


def test_cards_are_numbered_and_know_their_place():
    assert [(c.number, c.line, c.octets, c.error, c.end) for c in split(ONE + b"\r\n" + TWO)] == [
        (1, 1, ONE, None, len(ONE)),
        (2, 6, TWO, None, 2 * len(ONE) + 2),
    ]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"", b"\n\n"])
def test_what_may_stand_before_the_first_card_is_passed_over(mark):
    assert [c.error for c in split(mark + ONE)] == [None]


def test_marks_are_read_in_any_case_and_with_space_behind():
    assert [c.error for c in split(b"begin:vcard  \nFN:x\nEnd:VCard\n")] == [None]


def test_text_between_cards_is_one_error_and_the_cards_are_read():
    found = split(b"hello\nworld\n" + ONE + b"bye\n" + TWO)
    assert [c.error is None for c in found] == [False, True, False, True]
    assert "outside of a card" in found[0].error


def test_a_card_that_does_not_end_does_not_swallow_the_next_one():
    found = split(ONE.replace(b"END:VCARD\r\n", b"") + TWO)
    assert [c.error is None for c in found] == [False, True]
    assert "no END:VCARD" in found[0].error


def test_a_card_that_the_file_ends_in_is_an_error():
    assert [c.error is None for c in split(ONE + ONE[:-10])] == [True, False]


def test_the_card_of_an_agent_is_part_of_its_card():
    whole = b"BEGIN:VCARD\nVERSION:2.1\nAGENT:\n" + ONE + b"FN:Boss\nEND:VCARD\n"
    assert [(c.octets, c.error) for c in split(whole + TWO)] == [(whole, None), (TWO, None)]


def test_agents_within_agents_without_end_are_given_up():
    found = split(b"BEGIN:VCARD\nAGENT:\n" * 100 + ONE + TWO)
    assert (found[-1].octets, found[-1].error) == (TWO, None)
    assert len(found) == 100 // MOST_NESTED + 2


def test_a_card_that_is_too_large_is_read_over_and_not_kept():
    large = ONE.replace(b"One", b"x" * 50_000)
    found = split(large + TWO, limit=1_000)
    assert [c.error is None for c in found] == [False, True]
    assert "larger than 1000 bytes" in found[0].error
    assert len(found[0].octets) <= 1_000


def test_a_card_of_too_many_small_lines_is_not_kept_either():
    large = ONE.replace(b"FN:One\r\n", b"X:1\r\n" * 10_000)
    assert len(split(large, limit=1_000)[0].octets) <= 1_000


@given(
    st.lists(st.sampled_from([b"BEGIN:VCARD\n", b"END:VCARD\n", b"AGENT:\n", b"FN:x\n", b"\n", b"junk\n", b"\xff\n"]))
)
def test_every_line_of_any_file_ends_up_in_one_card_or_is_blank(lines):
    found = split(b"".join(lines))
    kept = b"".join(c.octets for c in found).split(b"\n")
    assert [line for line in kept if line] == [line.strip() for line in lines if line.strip()]
    assert [c.number for c in found] == list(range(1, len(found) + 1))
