"""Messages as bytes: no header can be broken out of, one message is the same bytes, and DKIM covers what matters."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.email import Enclosure
from crmkit.plugins.email.sending.composing import Letter, composed, message_id_for, signed
from crmkit.sdk import ConfigError, InvalidValueError

LETTER = Letter(
    message=UUID(int=1),
    sender="Berg Täk <post@crm.example>",
    recipient="ida@berg.example",
    recipient_name="Ida Berg",
    return_to="bounce@crm.example",
    reply_to="reply+x@crm.example",
    subject="Grüße, Ida",
    text="Hello\n.\n..dots\nÆ" + "long " * 300,
    html="<p>Hello</p>",
    message_id="one@crm.example",
    in_reply_to="zero@crm.example",
    earlier=("minus@crm.example", "zero@crm.example"),
    date=datetime(2026, 3, 2, 9, tzinfo=UTC),
    unsubscribe="https://crm.example/u?token=abc",
    enclosures=(Enclosure(name="plan æ.pdf", media_type="application/pdf", content=b"\x00\xff" * 100),),
)


def read(letter):
    return message_from_bytes(composed(letter), policy=SMTP)


def test_all_of_it_can_be_read_again():
    made = read(LETTER)
    assert made["Subject"] == "Grüße, Ida"
    assert made["From"].addresses[0].display_name == "Berg Täk"
    assert made["Message-ID"] == "<one@crm.example>"
    assert made["References"] == "<minus@crm.example> <zero@crm.example>"
    assert made.get_body(("plain",)).get_content().replace("\r\n", "\n") == LETTER.text + "\n"
    assert made.get_body(("html",)).get_content().strip() == LETTER.html
    (file,) = made.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("plan æ.pdf", b"\x00\xff" * 100)


def test_both_headers_of_one_click_are_there_and_only_with_consent():
    made = read(LETTER)
    assert made["List-Unsubscribe"] == "<https://crm.example/u?token=abc>"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read(evolve(LETTER, unsubscribe=None))["List-Unsubscribe-Post"] is None


def test_the_same_message_is_the_same_bytes_each_time():
    assert composed(LETTER) == composed(LETTER)


def test_lines_end_in_crlf_and_are_not_too_long():
    for line in composed(LETTER).split(b"\r\n"):
        assert b"\n" not in line
        assert b"\r" not in line
        assert len(line) <= 998


@pytest.mark.parametrize("field", ["subject", "recipient_name", "reply_to", "sender", "unsubscribe"])
@pytest.mark.parametrize("breaks", ["\r\nBcc: all@berg.example", "\nX: y", "\rX: y", "\x00", "\u2028X: y", "\x0bX"])
def test_no_header_can_be_broken_out_of(field, breaks):
    with pytest.raises(InvalidValueError, match=r"line break|control"):
        composed(evolve(LETTER, **{field: f"{getattr(LETTER, field)}{breaks}"}))


@given(st.text(max_size=80))
def test_whatever_the_subject_is_there_is_one_and_no_header_more(subject):
    try:
        made = composed(evolve(LETTER, subject=subject))
    except InvalidValueError:
        return
    headers = message_from_bytes(made)
    assert len(headers.get_all("Subject")) == 1
    assert "Bcc" not in headers


def test_ids_that_came_from_outside_cannot_break_out_either():
    made = read(evolve(LETTER, in_reply_to="a\r\nBcc: x", earlier=("b c", "<d>", "fine@x.example")))
    assert made["Bcc"] is None
    assert made["References"] == "<fine@x.example>"


def test_a_domain_goes_out_in_ascii():
    assert read(evolve(LETTER, recipient="ida@bærg.example"))["To"].addresses[0].domain == "xn--brg-yla.example"
    assert message_id_for(UUID(int=1), "x@bærg.example").endswith("@xn--brg-yla.example")


@pytest.fixture(scope="module")
def rsa():
    pytest.importorskip("dkim")
    private = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], capture_output=True, check=True).stdout
    public = subprocess.run(
        ["openssl", "rsa", "-pubout", "-outform", "DER"], input=private, capture_output=True, check=True
    )
    return private.decode(), public.stdout


def verifies(message, public):
    from base64 import b64encode

    import dkim

    return dkim.verify(message, dnsfunc=lambda name, timeout=5: b"v=DKIM1; k=rsa; p=" + b64encode(public))


def test_the_signature_holds_and_covers_both_headers_of_one_click(rsa):
    private, public = rsa
    made = signed(composed(LETTER), domain="crm.example", selector="s", key=private)
    covered = made.partition(b"\r\nFrom:")[0].replace(b"\r\n ", b"").replace(b" ", b"").lower()
    assert b"list-unsubscribe:list-unsubscribe-post" in covered
    assert verifies(made, public)
    for name in (b"List-Unsubscribe:", b"List-Unsubscribe-Post:", b"Subject:", b"To:"):
        assert not verifies(made.replace(b"\r\n" + name + b" ", b"\r\n" + name + b" x", 1), public)


def test_a_key_that_is_none_is_refused_with_a_way_out():
    pytest.importorskip("dkim")
    with pytest.raises(ConfigError, match="openssl genrsa"):
        signed(composed(LETTER), domain="crm.example", selector="s", key="no key")
