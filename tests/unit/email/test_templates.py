"""Templates have no logic: places name values, everything else is text, and values stay text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.email import TemplateError
from crmkit.plugins.email.templates.rules import filled, places

VALUES = {"party.given_name": "Ida", "values.link": "https://berg.example/?a=1&b=2", "values.note": "a\nb"}


def test_a_place_is_filled_in():
    assert filled("t", "text", "Dear {{ party.given_name }}, {{party.given_name}}!", VALUES) == "Dear Ida, Ida!"


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ ''.__class__ }}",
        "{{ party.__class__ }}",
        "{{ party.given_name.__class__.__mro__ }}",
        "{{ party.given_name | safe }}",
        "{{ party['given_name'] }}",
        "{{ party.given_name() }}",
        "{{ 7 * 7 }}",
        "{{ }}",
        "{{",
        "{{{ party.given_name }}}",
        "{{ Party.Given_Name }}",
        "{{ party.given_name\u200b }}",
        "{{ config }}",
    ],
)
def test_anything_but_a_name_between_braces_is_refused_with_its_place(hostile):
    with pytest.raises(TemplateError) as refused:
        filled("thanks", "html", f"one\ntwo {hostile}", VALUES)
    assert (refused.value.template, refused.value.part, refused.value.line) == ("thanks", "html", 2)
    assert "'thanks', line 2" in str(refused.value)


@pytest.mark.parametrize("text", ["{% for a in b %}", "${7*7}", "#{7*7}", "<%= 7 %>", "{ party.given_name }", "}}"])
def test_what_other_languages_would_run_is_text(text):
    assert filled("t", "text", text, VALUES) == text


def test_a_name_that_has_no_value_is_refused():
    with pytest.raises(TemplateError, match=r"'party.password' is no value that it may name"):
        filled("t", "text", "{{ party.password }}", VALUES)


@given(st.text())
def test_in_html_a_value_can_only_be_read(value):
    done = filled("t", "html", "<p>{{ values.x }}</p>", {"values.x": value})
    inside = done.removeprefix("<p>").removesuffix("</p>")
    assert not set("<>\"'") & set(inside)
    assert (
        inside
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&#x27;", "'")
        == value
    )


@given(st.text())
def test_a_value_is_not_looked_at_again(value):
    assert filled("t", "text", "{{ values.x }}", {"values.x": value}) == value


@given(st.text(alphabet=st.characters(exclude_characters="{}")))
def test_text_without_braces_is_itself(text):
    assert filled("t", "text", text, {}) == text
    assert list(places("t", "text", text)) == []


@pytest.mark.parametrize(
    "value", ["javascript:alert(1)", " javascript:x", "data:text/html,x", "vbscript:x", "//evil.example"]
)
@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_a_value_cannot_begin_a_link_that_runs_code(value, quote):
    with pytest.raises(TemplateError, match="is no link"):
        filled("t", "html", f"<a href={quote}{{{{ values.link }}}}{quote}>x</a>", {"values.link": value})


def test_a_link_is_escaped_and_kept():
    done = filled("t", "html", '<a href="{{ values.link }}">x</a>', VALUES)
    assert done == '<a href="https://berg.example/?a=1&amp;b=2">x</a>'


@pytest.mark.parametrize("value", ["a\nBcc: all@berg.example", "a\rb", "a\u2028b", "a\x00b"])
def test_a_value_in_the_subject_cannot_break_the_line(value):
    with pytest.raises(TemplateError, match="line break"):
        filled("t", "subject", "{{ values.x }}", {"values.x": value})


def test_a_template_has_no_more_than_500_places():
    with pytest.raises(TemplateError, match="more than 500 places"):
        filled("t", "text", "{{ party.given_name }}" * 501, VALUES)
