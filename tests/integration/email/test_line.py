"""The line to the server: over TLS or not at all, logged in, and never in clear by accident."""

from __future__ import annotations

import ssl
import subprocess

import pytest
from mail_sink import sink

from crmkit.plugins.email import Settings
from crmkit.plugins.email.sending.line import Line
from crmkit.sdk import Secret

MESSAGE = b"Subject: x\r\n\r\n.\r\n..two\r\n.three\r\nend\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def tls(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


def hand_over(server, noted=None, recipient="a@a.example", **settings):
    line = Line(Settings(host="127.0.0.1", port=server.port, timeout=5, **settings))
    try:
        return line.hand_over(
            "b@b.example", recipient, MESSAGE, ending=lambda: noted.append(1) if noted is not None else None
        )
    finally:
        line.close()


def test_starttls_with_a_certificate_that_is_trusted(certificate, tls):
    with sink(tls=tls) as server:
        said = hand_over(server, security="starttls", ca_file=str(certificate / "cert.pem"))
        assert said.verdict == "accepted"
        assert server.tls == [True]


def test_a_certificate_that_is_not_trusted_gets_nothing(tls):
    with sink(tls=tls) as server:
        said = hand_over(server, security="starttls")
        assert said.verdict == "deferred"
        assert "CERTIFICATE_VERIFY_FAILED" in said.said
        assert server.accepted == []


def test_a_server_that_does_not_offer_starttls_gets_nothing():
    with sink() as server:
        said = hand_over(server, security="starttls", username="u", password=Secret("p"))
        assert said.verdict == "deferred"
        assert "STARTTLS" in said.said
        assert (server.accepted, server.logins) == ([], [])


def test_logging_in(certificate, tls):
    with sink(tls=tls, users={"post": "secret"}) as server:
        given = {"security": "starttls", "ca_file": str(certificate / "cert.pem"), "username": "post"}
        assert hand_over(server, password=Secret("secret"), **given).verdict == "accepted"
        wrong = hand_over(server, password=Secret("guess"), **given)
        assert wrong.verdict == "deferred"
        assert "guess" not in wrong.said
        assert len(server.accepted) == 1


def test_dots_survive_and_the_journal_is_written_once_before_the_end():
    noted = []
    with sink() as server:
        hand_over(server, noted, security="none")
        ((_, raw),) = server.accepted
    assert raw.replace(b"\r\n", b"\n") == MESSAGE.replace(b"\r\n", b"\n")
    assert noted == [1]


@pytest.mark.parametrize(
    ("answer", "verdict", "ended"),
    [
        ("250 OK", "accepted", True), ("450 4.2.0 later", "deferred", True), ("550 5.7.1 no", "refused", True),
        ("rcpt 450 later", "deferred", False), ("rcpt 550 5.1.1 no", "refused", False),
        ("cut", "uncertain", True), ("swallow", "uncertain", True), ("421 4.3.2 closing", "deferred", True),
    ],
)  # fmt: skip
def test_each_answer_has_its_verdict(answer, verdict, ended):
    noted = []
    with sink() as server:
        server.answers = {"a@a.example": [answer]}
        assert hand_over(server, noted, security="none").verdict == verdict
    assert bool(noted) == ended


def test_after_a_refusal_the_same_line_goes_on():
    with sink() as server:
        server.answers = {"no@a.example": ["rcpt 550 no"]}
        line = Line(Settings(host="127.0.0.1", port=server.port, timeout=5, security="none"))
        verdicts = [
            line.hand_over("b@b.example", to, MESSAGE, ending=lambda: None).verdict
            for to in ("no@a.example", "yes@a.example", "no@a.example", "also@a.example")
        ]
        line.close()
        assert verdicts == ["refused", "accepted", "refused", "accepted"]
        assert server.connections == 1
