"""Bounces (RFC 3464) and complaints (RFC 5965) say whom and which message they are about."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from crmkit.plugins.email.receiving.reports import report_in

BOUNCE = b"""From: MAILER-DAEMON@mx.example
To: bounce@crm.example
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain

It did not work.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; Ida@Berg.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1
 no such user

--x
Content-Type: message/rfc822

Message-ID: <one@crm.example>
Subject: Roof

Hello
--x--
"""

COMPLAINT = b"""From: fbl@mx.example
Subject: complaint
Content-Type: multipart/report; report-type=feedback-report; boundary="x"

--x
Content-Type: text/plain

Spam.
--x
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <ida@berg.example>

--x
Content-Type: text/rfc822-headers

From: post@crm.example
Message-ID:
 <one@crm.example>
--x--
"""


def test_a_bounce():
    found = report_in(message_from_bytes(BOUNCE))
    assert (found.kind, found.action, found.status) == ("bounce", "failed", "5.1.1")
    assert found.recipients == ("ida@berg.example",)
    assert found.original == "one@crm.example"
    assert "no such user" in found.diagnostic


def test_a_complaint():
    found = report_in(message_from_bytes(COMPLAINT))
    assert (found.kind, found.feedback, found.original) == ("complaint", "abuse", "one@crm.example")
    assert found.recipients == ("ida@berg.example",)


@pytest.mark.parametrize("action", [b"delayed", b"relayed", b"delivered"])
def test_a_notice_that_is_no_failure_says_so(action):
    found = report_in(message_from_bytes(BOUNCE.replace(b"failed", action)))
    assert found.action == action.decode()


def test_a_letter_is_no_report():
    assert report_in(message_from_bytes(b"Subject: x\n\nx")) is None
    assert report_in(message_from_bytes(b"Content-Type: multipart/report; boundary=x\n\nno parts")) is None
    assert report_in(message_from_bytes(b"Content-Type: multipart/report; boundary=x\n\n--x\n\nx\n--x--")) is None


@pytest.mark.parametrize("cut", range(0, len(BOUNCE), 37))
def test_a_bounce_that_was_cut_is_read_or_none(cut):
    found = report_in(message_from_bytes(BOUNCE[:cut]))
    assert found is None or found.kind == "bounce"
