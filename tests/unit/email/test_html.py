"""MJML becomes HTML that mail programs show, with its styles in place and places untouched."""

from __future__ import annotations

import pytest

pytest.importorskip("mrml")
pytest.importorskip("css_inline")

from crmkit.plugins.email import TemplateError
from crmkit.plugins.email.templates.html import as_text, finished

MJML = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Dear {{ party.given_name }}</mj-text><mj-button href="{{ values.link }}">See</mj-button>
</mj-column></mj-section></mj-body></mjml>"""


def test_mjml_becomes_responsive_html_with_its_places():
    made = finished("t", MJML)
    assert "Dear {{ party.given_name }}" in made
    assert 'href="{{ values.link }}"' in made
    assert "<mj-" not in made
    assert "@media" in made


def test_styles_are_put_into_elements():
    made = finished("t", "<style>p { color: red }</style><p>a</p>")
    assert '<p style="color: red' in made


def test_style_sheets_elsewhere_are_not_fetched():
    made = finished("t", '<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><p>a</p>')
    assert "<p>a</p>" in made


def test_files_are_not_included():
    hostile = '<mjml><mj-body><mj-include path="/etc/passwd" /></mj-body></mjml>'
    with pytest.raises(TemplateError, match="it is no MJML"):
        finished("t", hostile)


def test_malformed_mjml_is_refused():
    with pytest.raises(TemplateError, match="'t', line 1, it is no MJML"):
        finished("t", "<mjml><mj-body></mjml>")


def test_html_as_text_keeps_words_and_links():
    html = """<html><head><title>no</title><style>p{}</style></head><body><h1>Hello</h1><p>Two
    lines &amp; more</p><ul><li>one</li><li>two</li></ul><a href="https://berg.example">here</a></body></html>"""
    assert as_text(html) == "Hello\n\nTwo lines & more\n\n- one\n\n- two\n\nhere (https://berg.example)"
