"""One click withdraws one consent of one party, by POST only, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from crmkit.plugins.email import Email, Unsubscribed, one_click
from crmkit.plugins.privacy import Privacy
from crmkit.sdk import InvalidTokenError

BODY = b"List-Unsubscribe=One-Click"


@pytest.fixture
def link(ida, consent, send, work, server):
    """The link in a message that was sent."""
    consent(ida)
    send(party=ida, purpose="marketing")
    work()
    (mail,) = server.messages("ida@berg.example")
    return urlsplit(mail["List-Unsubscribe"].strip("<>")).query


@pytest.fixture
def click(crm, actors):
    actors.add("route", roles=["mail_route"])

    def ask(query, method="POST", body=BODY):
        return one_click(crm, method=method, query=query, body=body, actor="route").status

    return ask


def given(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return [s.given for s in uow.use(Privacy).consents(party) if s.purpose == "marketing"]


def test_a_post_withdraws_the_consent(crm, ida, link, click, recorded_events):
    assert click(link) == 200
    assert given(crm, ida) == [False]
    assert recorded_events.one(Unsubscribed).party == ida


def test_a_second_post_changes_nothing(crm, ida, link, click, rows, recorded_events):  # noqa: PLR0917  # fixtures
    click(link)
    before = rows()
    assert click(link) == 200
    after = rows()
    assert {t: r for t, r in after.items() if t != "crm_unit"} == {t: r for t, r in before.items() if t != "crm_unit"}
    assert len(recorded_events.of(Unsubscribed)) == 1


def test_who_consents_anew_is_not_unsubscribed_by_the_old_click(crm, ida, link, click, consent, clock):  # noqa: PLR0917  # fixtures
    click(link)
    clock.advance(timedelta(minutes=1))
    consent(ida)
    assert click(link) == 200
    assert given(crm, ida) == [True]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "get"])
def test_nothing_but_a_post_changes_anything(link, click, rows, method):
    before = rows()
    assert click(link, method=method) == 405
    assert rows() == before


@pytest.mark.parametrize("body", [b"", b"List-Unsubscribe=No", b"x=y", b"\xff" * 100])
def test_a_post_without_the_field_of_rfc_8058_changes_nothing(link, click, rows, body):
    before = rows()
    assert click(link, body=body) == 400
    assert rows() == before


@pytest.mark.parametrize("query", ["", "token=", "token=abc", "token=" + "a" * 20_000, "x=y"])
def test_a_token_that_is_none_changes_nothing(link, click, rows, query):
    before = rows()
    assert click(query) == 400
    assert rows() == before


def test_a_token_that_was_changed_of_another_tenant_or_use_changes_nothing(crm, crm_with, link, click, rows):
    token = link.partition("=")[2]
    with crm.begin("ada", read_only=True) as uow:
        other = uow.keys.sign("feedback.answer", "0" * 32)
    crm.tenants.create("other-" + crm.config.crmkit.default_tenant[:20])
    with crm.begin("ada", "other-" + crm.config.crmkit.default_tenant[:20], read_only=True) as uow:
        foreign = uow.keys.sign("email.unsubscribe", "0" * 32)
    before = rows()
    for forged in (token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), "A" + token[1:], other, foreign):
        assert click(f"token={forged}") == 400
        with pytest.raises(InvalidTokenError), crm.begin("ada") as uow:
            uow.use(Email).unsubscribe(forged)
    assert rows() == before


def test_a_token_expires(link, click, rows, clock):
    clock.advance(timedelta(days=731))
    before = rows()
    assert click(link) == 400
    assert rows() == before
