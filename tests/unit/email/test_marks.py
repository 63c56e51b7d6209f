"""Marks in addresses name a message, survive a change of case, and cannot be made by others."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.email.marks import marked, read_marks
from crmkit.sdk import Keys, Secret

KEYS = Keys([Secret("k" * 32)], "acme")
OTHERS = Keys([Secret("k" * 32)], "other")
ROTATED = Keys([Secret("n" * 32), Secret("k" * 32)], "acme")
ID = UUID("01890000-0000-7000-8000-000000000001")


@given(st.uuids())
def test_a_mark_names_its_message_in_any_case(message):
    address = marked(KEYS, "reply", message, "reply@berg.example")
    assert len(address.partition("@")[0]) <= 64
    for spelling in (address, address.upper(), f"Berg <{address.title()}>"):
        assert read_marks(KEYS, "reply", ["a@berg.example", spelling]) == message


def test_it_is_known_after_the_key_was_changed():
    assert read_marks(ROTATED, "reply", [marked(KEYS, "reply", ID, "r@berg.example")]) == ID


def test_a_mark_of_another_tenant_or_use_says_nothing():
    address = marked(KEYS, "reply", ID, "r@berg.example")
    assert read_marks(OTHERS, "reply", [address]) is None
    assert read_marks(KEYS, "bounce", [address]) is None


@given(st.integers(min_value=2, max_value=43), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_mark_that_was_changed_anywhere_says_nothing_or_the_same(place, letter):
    """The last letter has two bits that no byte needs; a change of those is no change."""
    address = marked(KEYS, "reply", ID, "r@berg.example")
    changed = address[:place] + letter + address[place + 1 :]
    expected = {None} if place < 43 else {None, ID}
    assert changed == address or read_marks(KEYS, "reply", [changed]) in expected


@given(st.text())
def test_no_text_is_too_strange_to_be_read(text):
    assert read_marks(KEYS, "reply", [text]) is None
