"""``crmkit email``."""

from __future__ import annotations

import pytest
from command_lines import running

from crmkit.plugins.email.cli import group


@pytest.fixture
def run(crm):
    """Runs a command as Ada; gives what it prints."""
    return running(crm, group)


def test_a_message_is_queued_delivered_and_shown(run, ida, server, tmp_path):
    file = tmp_path / "plan.pdf"
    file.write_bytes(b"%PDF")
    said = run(
        "send", "--party", ida, "--purpose", "service", "--key", "a", "--subject", "Roof", "--text", "At nine",
        "--attach", file,
    )  # fmt: skip
    assert said.endswith("queued\n")
    assert "queued" in run("queue")
    assert run("deliver") == "1 sent, 0 put off, 0 refused, 0 uncertain, 0 recovered\n"
    assert run("queue") == "No message is queued\n"
    assert "ida@berg.example  Roof" in run("queue", "--state", "sent")
    assert "Roof" in run("queue", "--state", "all")
    assert server.counts == {"ida@berg.example": 1}


def test_a_template_is_kept_and_used(run, ida, tmp_path, server):
    text = tmp_path / "t.txt"
    text.write_text("Dear {{ party.given_name }}, {{ values.when }}.", "utf-8")
    assert run("template", "date", "--subject", "Roof", "--text", text) == "template date at version 1\n"
    run("send", "--party", ida, "--purpose", "service", "--key", "a", "--template", "date", "--value", "when=Monday")
    run("deliver")
    (mail,) = server.messages("ida@berg.example")
    assert mail.get_body().get_content().strip() == "Dear Ida, Monday."
    assert "NAME=TEXT" in run(
        "send", "--party", ida, "--purpose", "service", "--key", "b", "--template", "date", "--value", "when", status=2
    )


def test_messages_are_taken_in_from_files(run, ida, tmp_path):
    file = tmp_path / "m.eml"
    file.write_bytes(b"From: ida@berg.example\nMessage-ID: <x@berg.example>\n\nHello")
    assert "taken in" in run("receive", file)
    assert "known already" in run("receive", file)


def test_the_server_is_asked_whether_it_answers(run, server):
    assert ": 250 OK" in run("test")
