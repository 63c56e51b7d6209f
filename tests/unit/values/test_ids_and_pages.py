"""Ids sort by the time they were made; a cursor is opaque, survives a URL, and is believed only if it is one."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import new_id
from crmkit.errors import InvalidCursorError
from crmkit.values.page import Cursor, Page

cursors = st.builds(
    Cursor, st.text(max_size=20), st.none() | st.integers() | st.text(max_size=40), st.text(max_size=36)
)


def test_ids_are_of_version_7_and_later_ones_are_greater():
    ids = [new_id() for _ in range(5_000)]
    assert ids == sorted(set(ids))
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}


@given(cursors)
def test_a_cursor_is_the_same_after_a_way_through_a_url(cursor):
    text = cursor.encode()
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")
    assert Cursor.decode(text) == cursor


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_what_is_no_cursor_is_refused_and_nothing_else_happens(text):
    try:
        cursor = Cursor.decode(text)
    except InvalidCursorError:
        return
    assert Cursor.decode(cursor.encode()) == cursor


@pytest.mark.parametrize("text", ["", "e30", "W10", "WzEsMiwzXQ", "bnVsbA", "W1tdLCBbXSwgW11d"])
def test_json_that_is_no_cursor_is_refused(text):
    with pytest.raises(InvalidCursorError):
        Cursor.decode(text)


def test_a_page_is_read_like_a_sequence():
    page = Page(("a", "b"), Cursor("-updated_at", 1, "x"))
    assert (list(page), len(page), page[0], bool(page)) == (["a", "b"], 2, "a", True)
    assert not Page(())
