"""Whom a text mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.comments.rules import MAX_MENTIONS, mentioned
from crmkit.errors import InvalidValueError, LimitExceededError


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("@u-17", ("u-17",)),
        ("Ask @u-17, @u.18: or (@u_19)!", ("u-17", "u.18", "u_19")),
        ("Ask @sam. He knows.", ("sam",)),
        ("@sam @sue @sam", ("sam", "sue")),
        ("@Ægir und @Łukasz", ("Ægir", "Łukasz")),
        ("mail ida@berg.example", ()),
        ("a+@b @@c .@d", ()),
        ("@ @- @. @", ()),
        ("@team:sales", ()),
        ("@a:b", ("a:b",)),
        ("", ()),
    ],
)
def test_an_id_behind_an_at_sign_is_a_mention(body, ids):
    assert mentioned(body) == ids


def test_ids_of_other_forms_are_given_beside_the_text():
    assert mentioned("@sam", ["ida@berg.example", "sam"]) == ("sam", "ida@berg.example")


def test_a_crowd_is_refused():
    crowd = [f"u{n}" for n in range(MAX_MENTIONS)]
    assert len(mentioned("", crowd)) == MAX_MENTIONS
    with pytest.raises(LimitExceededError):
        mentioned("@one-more", crowd)


def test_one_text_is_no_list_of_ids():
    with pytest.raises(InvalidValueError, match="give a list"):
        mentioned("Look", "sue")


@given(st.text(), st.from_regex(r"[a-z0-9]([a-z0-9._:-]{0,20}[a-z0-9])?", fullmatch=True), st.sampled_from(" ,.;!?)\n"))
def test_a_mention_is_found_in_any_text(text, id_, end):
    """Behind a space, whatever comes before and after."""
    if not id_.startswith("team:"):
        assert id_ in mentioned(f"{text.replace('@', '')} @{id_}{end}")
