"""What files may be called."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.attachments.rules import MAX_NAME, NAMELESS, clean_name
from crmkit.errors import InvalidValueError


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("Plan 2.pdf", "Plan 2.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\fakepath\\Plan.pdf", "Plan.pdf"),
        ("..", NAMELESS),
        (".", NAMELESS),
        ("", NAMELESS),
        ("/", NAMELESS),
        (".htaccess", "htaccess"),
        ("nul\0.txt", "nul.txt"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("\u2066a\u2069\u200f\ufeff.txt", "a.txt"),
        ("line\r\nbreak.txt", "line break.txt"),
        ("half\ud800.txt", "half.txt"),
        ("a\u0308.txt", "ä.txt"),
        ("می\u200cخواهم.txt", "می\u200cخواهم.txt"),
        ("文件.pdf", "文件.pdf"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 300 + "." + "y" * 30, "x" * 255),
    ],
)
def test_of_a_name_the_harmless_part_is_kept(given_name, kept):
    assert clean_name(given_name) == kept


@given(st.text(st.characters()))
def test_a_clean_name_is_harmless_and_stays_what_it_is(given_name):
    name = clean_name(given_name)
    assert clean_name(name) == name
    assert 0 < len(name) <= MAX_NAME
    assert not set(name) & set("/\\\0")
    assert name not in {".", ".."}
    assert {unicodedata.category(c) for c in name} & {"Cc", "Cs"} == set()


@pytest.mark.parametrize("nothing", [None, 7, b"a.txt"])
def test_what_is_no_text_is_no_name(nothing):
    with pytest.raises(InvalidValueError):
        clean_name(nothing)
