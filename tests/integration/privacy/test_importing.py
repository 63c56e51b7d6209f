"""Consents from another system: each line by itself, and the same file twice comes to the same."""

import json

import pytest

from crmkit import Person
from crmkit.plugins.privacy import Privacy
from crmkit.plugins.privacy.importing import import_lines

PURPOSE = {"type": "purpose", "key": "offers", "label": "Offers"}
TEXT = {"type": "text", "purpose": "offers", "version": "2019", "body": "May we?"}
CONSENT = {
    "type": "consent",
    "email": "IDA@berg.example",
    "purpose": "offers",
    "channel": "email",
    "given": True,
    "at": "2019-05-01T10:00:00+02:00",
    "text_version": "2019",
}


def take_in(crm, *lines):
    given = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    with crm.begin("ada") as uow:
        return import_lines(uow, enumerate(given, 1))


def test_purposes_texts_and_consents_are_taken_in(crm, ida, answer):
    assert take_in(crm, PURPOSE, "", TEXT, CONSENT).done == 3
    assert answer(ida, purpose="offers").now


def test_the_same_file_again_records_nothing_twice(crm, ida):
    take_in(crm, PURPOSE, TEXT, CONSENT)
    again = take_in(crm, PURPOSE, TEXT, CONSENT)
    assert (again.done, again.failed) == (3, ())
    with crm.begin("ada", read_only=True) as uow:
        assert len(uow.use(Privacy).consent_ledger(ida)) == 1


def test_what_was_said_before_does_not_replace_what_was_said_since(crm, ida, say, answer):
    take_in(crm, PURPOSE, TEXT)
    say(ida, False, purpose="offers")
    take_in(crm, CONSENT)
    assert answer(ida, purpose="offers").codes == {"withdrawn"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON object"),
        ("[" * 50_000, "no JSON object"),
        ("[]", "no JSON object"),
        ({"type": "consents"}, "is none of: purpose, text, consent"),
        ({**CONSENT, "colour": "red"}, "colour"),
        ({name: value for name, value in CONSENT.items() if name != "at"}, "at: None is missing"),
        ({**CONSENT, "at": "2019-05-01T10:00:00"}, "has no time zone"),
        ({**CONSENT, "at": "2999-05-01T10:00:00Z"}, "has not come yet"),
        ({**CONSENT, "given": "yes"}, "neither True nor False"),
        ({**CONSENT, "purpose": ["offers"]}, "is not a text"),
        ({**CONSENT, "email": "nobody@berg.example"}, "belongs to nobody"),
        ({**CONSENT, "party": "17"}, "is no id"),
        ({**TEXT, "body": "Other words."}, "says something else"),
        ("x" * 200_000, "more than 100,000"),
    ],
)
def test_a_line_that_is_wrong_is_named_and_changes_nothing(crm, ida, rows, line, said):
    take_in(crm, PURPOSE, TEXT)
    before = rows()
    (failed,) = take_in(crm, line).failed
    assert said in failed.message
    assert failed.number == 1
    assert rows() == before


def test_a_line_that_is_wrong_does_not_stop_the_others(crm, ida, answer):
    report = take_in(crm, PURPOSE, "nonsense", TEXT, CONSENT)
    assert (report.done, [one.number for one in report.failed]) == (3, [2])
    assert answer(ida, purpose="offers").now


def test_an_address_of_two_is_not_guessed(crm, ida, rows):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"])
    take_in(crm, PURPOSE, TEXT)
    before = rows()
    assert "belongs to several" in take_in(crm, CONSENT).failed[0].message
    assert rows() == before
