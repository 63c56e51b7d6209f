"""Whatever is wrong with what a command is given: the error names it and the way out, and nothing is changed.

The list is that of the first promises of crmkit; what is wrong with configuration, plugins and schema is said at the
start (test_start.py), and what is wrong with files by `exchange` (exchange/test_bad_files.py).
"""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace

import pytest
from attrs import evolve

from crmkit import Deal, Money, Person, errors, f, new_id

NAIVE = datetime(2026, 3, 2, 9)  # noqa: DTZ001  # naive on purpose


@pytest.fixture
def there(crm):
    """A person with a deal, both of sam; and a person and a deal of ned, whom sam does not see."""
    made = {}
    for actor in ("sam", "ned"):
        with crm.begin(actor) as uow:
            person = uow.parties.add(Person(given_name=actor))
            made[actor] = person, uow.pipelines.open(pipeline="sales", party=person.id, title="Roof")
    with crm.begin("sam") as uow:
        read = made["sam"][0]
        uow.parties.update(evolve(read, nickname="Bee"))
    return SimpleNamespace(person=made["sam"][0].id, deal=made["sam"][1].id, stale=read, hidden=made["ned"][1].id)


BAD = {
    "a naive datetime": (
        lambda u, t: u.interactions.record(party=t.person, channel="phone", summary="x", occurred_at=NAIVE),
        errors.NaiveDatetimeError,
        "time zone",
    ),
    "an unknown currency": (
        lambda u, t: u.pipelines.open(pipeline="sales", party=t.person, title="x", amount=Money("1", "EUX")),
        errors.UnknownCurrencyError,
        "EUX",
    ),
    "an amount as a float": (
        lambda u, t: u.pipelines.open(pipeline="sales", party=t.person, title="x", amount=Money(1.5, "EUR")),
        errors.InvalidMoneyError,
        "pass a Decimal",
    ),
    "a malformed e-mail address": (
        lambda u, t: u.parties.add_email(t.person, "ida(at)berg.example"),
        errors.InvalidMechanismError,
        r"ida\(at\)berg\.example",
    ),
    "a malformed phone number": (
        lambda u, t: u.parties.add_phone(t.person, "+47 12"),
        errors.InvalidMechanismError,
        r"\+47 12",
    ),
    "an unknown pipeline": (
        lambda u, t: u.pipelines.open(pipeline="sails", party=t.person, title="x"),
        errors.UnknownPipelineError,
        "partnership, sales|sales, partnership",
    ),
    "an unknown stage": (
        lambda u, t: u.pipelines.move(t.deal, to="qualifed"),
        errors.UnknownStageError,
        "lead, qualified, proposal, negotiation, won, lost",
    ),
    "a move that is not allowed": (
        lambda u, t: u.pipelines.move(t.deal, to="won"),
        errors.MoveNotAllowedError,
        "from 'lead' the pipeline allows: qualified, lost",
    ),
    "a stale version": (
        lambda u, t: u.parties.update(evolve(t.stale, nickname="Wasp")),
        errors.StaleVersionError,
        "1.*2",
    ),
    "a hidden record": (lambda u, t: u.pipelines.move(t.hidden, to="qualified"), errors.NotFoundError, "was not found"),
    "a record that is not there": (
        lambda u, t: u.pipelines.move(new_id(), to="qualified"),
        errors.NotFoundError,
        "was not found",
    ),
    "an unknown field in criteria": (
        lambda u, t: u.find(Deal, f.titel == "Roof"),
        errors.UnknownFieldError,
        "did you mean 'title'",
    ),
    "an unknown field in an order": (lambda u, t: u.find(Deal, order="-titel"), errors.CrmkitError, "titel"),
    "an unknown channel": (
        lambda u, t: u.interactions.record(party=t.person, channel="fone", summary="x"),
        errors.CrmkitError,
        "phone",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_with_the_way_out_and_changes_nothing(crm, rows, there, case):
    command, error, said = BAD[case]
    before = rows()
    with pytest.raises(error, match=said) as caught, crm.begin("sam") as uow:
        command(uow, there)
    assert rows() == before
    assert caught.value.code != errors.CrmkitError.code


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("email", "ida(at)berg.example"), ("phone", "+47 12")],
    ids=["an e-mail address", "a phone number"],
)
def test_what_is_malformed_is_kept_as_unverified_text_on_request_only(crm, there, kind, raw):
    with crm.begin("sam") as uow:
        kept = getattr(uow.parties, f"add_{kind}")(there.person, raw, allow_invalid=True)
    assert (kept.raw, kept.normalised, kept.verified_at) == (raw, None, None)
