"""Incoming messages are taken apart whatever state they are in, within bounds, and nothing of them is dangerous."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("nh3")
pytest.importorskip("mailparser_reply")

from crmkit.plugins.email import MailFormatError
from crmkit.plugins.email.receiving.cleaning import clean_html
from crmkit.plugins.email.receiving.parsing import parsed
from crmkit.sdk import LimitExceededError

LIMITS = {"max_size": 1_000_000, "max_parts": 200, "languages": ("en", "de")}

PLAIN = b"""From: Ida Berg <Ida@Berg.example>
To: post@crm.example
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Mon, 2 Mar 2026 09:00:00 +0100
Message-ID: <a@berg.example>
In-Reply-To: <b@crm.example>
References: <c@crm.example> <b@crm.example>
Content-Type: text/plain; charset=utf-8

Yes please.

On Sun, Mar 1, 2026 at 9:00 AM Berg Tak <post@crm.example> wrote:
> Shall we come?
"""


def read(raw, **more):
    return parsed(raw, **{**LIMITS, **more})


def cpython_messages():
    """CPython's own e-mail test data. Some distributions leave it out; then the test says so, and fails."""
    spec = importlib.util.find_spec("test.test_email")
    folder = Path(spec.origin).parent / "data" if spec and spec.origin else None
    found = sorted(folder.glob("msg_*.txt")) if folder and folder.is_dir() else []
    return found or [None]


@pytest.mark.parametrize("path", cpython_messages(), ids=lambda path: path.name if path else "none")
def test_every_message_of_cpython_s_test_data_survives(path):
    assert path is not None, (
        "this Python was installed without test.test_email; install its test package (Debian: libpython3-testsuite), "
        "or use a Python of python.org"
    )
    raw = path.read_bytes()
    found = read(raw)
    assert found.message_id
    assert "\0" not in found.text + found.subject
    assert "\n" not in found.subject
    assert "<script" not in (found.html or "").lower()
    if b"\r\n" not in raw and b"\r" not in raw:
        assert read(raw.replace(b"\n", b"\r\n")).subject == found.subject


def test_there_are_48_of_them():
    assert len(cpython_messages()) == 48


def test_a_plain_message():
    found = read(PLAIN)
    assert (found.sender.address, found.sender.name) == ("ida@berg.example", "Ida Berg")
    assert [one.address for one in found.recipients] == ["post@crm.example"]
    assert found.subject == "Grüße"
    assert found.date == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert (found.message_id, found.in_reply_to) == ("a@berg.example", "b@crm.example")
    assert found.earlier == ("c@crm.example", "b@crm.example")
    assert found.fresh == "Yes please."
    assert "Shall we come?" in found.text
    assert not found.automatic


@pytest.mark.parametrize(
    "header",
    [
        b"Auto-Submitted: auto-replied",
        b"Auto-Submitted: auto-generated; owner=x",
        b"Precedence: bulk",
        b"Precedence: list",
        b"Return-Path: <>",
        b"X-Autoreply: yes",
        b"X-Auto-Response-Suppress: All",
        b"List-Id: <x.example>",
    ],
)
def test_a_message_of_a_machine_is_told(header):
    assert read(header + b"\n" + PLAIN).automatic


def test_a_null_sender_is_a_machine_s_and_auto_submitted_no_a_person_s():
    assert read(PLAIN, envelope_from="<>").automatic
    assert read(PLAIN, envelope_from="").automatic
    assert not read(b"Auto-Submitted: no\n" + PLAIN, envelope_from="ida@berg.example").automatic


# -- hostile and broken -----------------------------------------------------------------------------------------------


def nested(depth):
    head = b"From: a@berg.example\n"
    for n in range(depth):
        head += b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n)
    return head + b"Content-Type: text/plain\n\nx\n" + b"".join(b"--b%d--\n" % n for n in reversed(range(depth)))


def test_a_thousand_nested_parts_are_refused():
    with pytest.raises(LimitExceededError, match="parts within parts"):
        read(nested(1_000))
    assert read(nested(20)).text == "x"


def test_a_thousand_nested_messages_are_refused():
    raw = b"From: a@berg.example\n" + b"Content-Type: message/rfc822\n\n" * 1_000 + b"x"
    with pytest.raises(LimitExceededError):
        read(raw)


def test_a_thousand_parts_side_by_side_are_refused():
    raw = b'From: a@b.example\nContent-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\nx\n" * 1_000 + b"--b--\n"
    with pytest.raises(LimitExceededError, match="parts"):
        read(raw)


def test_a_hundred_megabytes_are_refused_before_they_are_looked_at():
    with pytest.raises(LimitExceededError, match="bytes"):
        read(b"Subject: x\n\n" + b"x" * 100_000_000, max_size=25_000_000)


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"   "])
def test_nothing_is_no_message(raw):
    with pytest.raises(MailFormatError):
        read(raw)


@pytest.mark.parametrize(
    "charset", ["nonsense", "utf-16", "utf-8", "us-ascii", "unicode_escape", "\xff", "hex", "rot13"]
)
def test_a_wrong_character_set_is_read_anyhow(charset):
    raw = (
        b"From: a@b.example\nContent-Type: text/plain; charset="
        + charset.encode("latin-1")
        + b"\n\nGr\xfc\xdfe \xe2\x82"
    )
    found = read(raw)
    found.text.encode()
    assert "Gr" in found.text or charset == "utf-16"


@pytest.mark.parametrize("date", [b"", b"Date: yesterday\n", b"Date: Mon, 99 Foo 99999 99:99:99 +9999\n", b"Date:\n"])
def test_no_date_and_impossible_dates_are_none(date):
    assert read(b"From: a@berg.example\n" + date + b"\nx").date is None


def test_line_breaks_in_encoded_headers_become_space():
    raw = (
        b"From: =?utf-8?q?Eve=0D=0ABcc=3A_all=40berg=2Eexample?= <eve@berg.example>\nSubject: =?utf-8?q?a=0D=0Ab?=\n\nx"
    )
    found = read(raw)
    assert found.subject == "a b"
    assert not {"\r", "\n"} & set(str(found.sender))


def test_a_sender_that_cannot_be_read_is_none():
    assert read(b"From: \r\n\r\nx").sender is None
    assert read(b"From: <<<>>>@@\nSubject: x\n\nx").sender is None


def test_a_message_without_an_id_gets_one_of_its_bytes():
    one = read(b"From: a@berg.example\n\nx")
    assert one.message_id == read(b"From: a@berg.example\n\nx").message_id
    assert one.message_id != read(b"From: a@berg.example\n\ny").message_id


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(raw):
    try:
        found = read(raw)
    except (MailFormatError, LimitExceededError):
        return
    (found.subject + found.text + found.fresh).encode()


@given(st.lists(st.sampled_from([
    b"From: ", b"To: ", b"Content-Type: multipart/mixed; boundary=x\n", b"Content-Type: text/html\n", b"\n", b"--x\n",
    b"--x--\n", b"Content-Transfer-Encoding: base64\n", b"=?utf-8?b?////?=", b"a@b.example", b"<p>", b"\xff\xfe", b"\0",
    b"Content-Disposition: attachment; filename*=utf-8''%ff\n", b"message/delivery-status", b"Date: x\n", b" ",
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n", b"Content-Type: message/rfc822\n",
]), max_size=40))  # fmt: skip
def test_any_heap_of_pieces_of_messages_is_read_or_refused(pieces):
    try:
        found = read(b"".join(pieces))
    except (MailFormatError, LimitExceededError):
        return
    (found.subject + found.text + (found.html or "")).encode()


# -- HTML -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<img src='https://evil.example/pixel.gif' width=1>",
        "<img srcset='https://evil.example/a 1x'>",
        "<div style='background:url(https://evil.example)'>x</div>",
        "<table background='https://evil.example/x'><tr><td>x</td></tr></table>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='  jAvAsCrIpT:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<iframe src='https://evil.example'></iframe>",
        "<form action='https://evil.example'><input name=x></form>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<link rel=stylesheet href='https://evil.example/x.css'>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
        "<style>@import url(https://evil.example)</style>",
        "<video src='https://evil.example/v'></video>",
        "<base href='https://evil.example'>",
    ],
)
def test_html_runs_nothing_and_fetches_nothing(hostile):
    cleaned = clean_html(f"<p>before</p>{hostile}<p>after</p>").lower()
    assert "before" in cleaned
    assert "after" in cleaned
    for word in ("evil.example", "alert", "script", "onerror", "<form", "<iframe", "style=", "data:"):
        assert word not in cleaned, cleaned


def test_html_keeps_what_was_written():
    assert clean_html("<p>Hello <b>Ida</b></p><img alt='a roof' src='https://x.example/y.png'>") == (
        '<p>Hello <b>Ida</b></p><img alt="a roof">'
    )
    assert 'href="https://berg.example"' in clean_html("<a href='https://berg.example'>x</a>")
