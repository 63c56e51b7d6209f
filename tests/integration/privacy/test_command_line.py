"""``crmkit privacy``."""

import json
from datetime import timedelta

import pytest
from command_lines import running

from crmkit import Person
from crmkit.errors import InvalidValueError
from crmkit.plugins.privacy.cli import group


@pytest.fixture
def run(crm):
    """Runs a command as Ada; gives what it prints."""
    return running(crm, group)


def test_a_purpose_is_defined_and_changed(run):
    assert run("purpose", "survey") == "survey  consent  Survey\n"
    assert run("purpose", "survey", "--kind", "transactional", "--label", "Asked") == "survey  transactional  Asked\n"


def test_a_consent_is_recorded_asked_for_and_taken_back(run, ida):
    assert run("may-contact", ida, "newsletter") == "no\n  no_consent: no consent to Newsletter over email\n"
    said = run("consent", ida, "newsletter", "--channel", "email", "--at", "2026-03-01T10:00+01:00", "--source", "fair")
    assert said == "newsletter  email  given  2026-03-01 09:00\n"
    assert run("may-contact", ida, "newsletter") == "yes\n  given: consented to Newsletter\n"
    run("consent", ida, "newsletter", "--withdrawn")
    assert run("may-contact", ida, "newsletter") == "no\n  withdrawn: objects to Newsletter since 2026-03-02\n"
    assert run("consents", ida) == (
        "newsletter  any  withdrawn  2026-03-02 09:00\nnewsletter  email  given  2026-03-01 09:00\n"
    )


def test_quiet_hours_are_answered_with_later(run, crm, ida, clock):
    run("consent", ida, "newsletter", "--channel", "phone")
    clock.advance(timedelta(hours=14))
    assert run("may-contact", ida, "newsletter", "--channel", "phone").startswith("later\n  quiet_hours: ")


def test_an_address_is_suppressed_and_let_go(run, ida, clock):
    assert run("suppress", "email", "ida@berg.example", "--reason", "complained") == (
        "suppressed over email: complained\n"
    )
    assert "suppressed: the address is suppressed: complained" in run("may-contact", ida, "service")
    clock.advance(timedelta(minutes=1))
    assert run("unsuppress", "email", "IDA@berg.example") == "lifted: complained\n"
    assert run("unsuppress", "email", "ida@berg.example") == "lifted: nothing; it was not suppressed\n"


def test_an_instant_that_is_none_is_refused(run, ida, rows):
    before = rows()
    with pytest.raises(InvalidValueError):
        run("consent", ida, "newsletter", "--at", "yesterday")
    assert rows() == before


def test_an_erasure_is_told_before_it_is_done(run, crm, ida, rows):
    kept = rows()
    told = run("erase", ida)
    assert "mechanism: 0 blanked, 1 deleted" in told
    assert "say --yes" in told
    assert "say why" in run("erase", ida, "--yes", status=2)
    assert rows() == kept
    assert f"erased: {ida}" in run("erase", ida, "--reason", "asked for it", "--yes")
    with crm.begin("ada") as uow:
        assert uow.get(Person, ida).name == "(erased)"


def test_a_hold_is_placed_listed_and_released(run, ida):
    placed = run("hold", ida, "--reason", "lawsuit 17", "--until", "2027-01-01T00:00+00:00")
    hold = placed.split("(hold ")[1].rstrip(")\n")
    assert run("holds") == f"{hold}  {ida}  lawsuit 17  until 2027-01-01\n"
    assert f"in the way: legal hold {hold}" in run("erase", ida, "--dry-run")
    assert run("release", hold) == f"released: {ida}\n"
    assert run("holds") == ""


def test_what_is_known_is_written_to_a_file(run, ida, tmp_path):
    target = tmp_path / "ida.json"
    assert run("export", ida, target).endswith(f"records written to {target}\n")
    assert json.loads(target.read_text("utf-8"))["party"] == str(ida)


def test_whoever_was_erased_is_readmitted(run, crm, ida, clock):
    run("erase", ida, "--reason", "asked for it", "--yes")
    clock.advance(timedelta(days=1))
    run("readmit", "--channel", "email", "--address", "ida@berg.example", "--reason", "wrote to us")
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"])


def test_a_rule_of_retention_is_defined_told_and_applied(run, ida, clock):
    said = run("retention-rule", "old", "party", 30, "--since", "created_at")
    assert said == "old  party  30 days  erase\n"
    clock.advance(timedelta(days=31))
    told = run("retention", "--dry-run")
    assert told == f"old: party {ida} erased\n1 records, nothing was done\n"
    assert run("retention") == f"old: party {ida} erased\n1 records\n"
    assert run("retention") == "0 records\n"


def test_a_file_of_consents_is_taken_in_and_what_fails_is_named(run, ida, tmp_path):
    file = tmp_path / "consents.jsonl"
    said = f'{{"type": "consent", "party": "{ida}", "purpose": "newsletter", "channel": "email", "given": true, '
    file.write_text(said + '"at": "2026-03-01T10:00:00Z"}\nnonsense\n', "utf-8")
    told = run("import", file, status=3)
    assert "1 lines taken in, 1 failed" in told
    assert "line 2: line: 'nonsense' is no JSON object" in told
    assert run("consents", ida) == "newsletter  email  given  2026-03-01 10:00\n"
