"""Custom fields come in and go out by columns and properties of their own, with everybody's rights."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crmkit import CRM, Money, Person, Rule
from crmkit.plugins.exchange import Exchange, Exporter, Importer

KINDS = {
    "note": "text",
    "story": "long_text",
    "size": "number",
    "rate": "decimal",
    "budget": "money",
    "since": "date",
    "seen": "instant",
    "vip": "boolean",
    "colour": "choice",
    "tags": "choices",
    "mail": "email",
}
VALUES = {
    "note": "=1+1, 'quoted'",
    "story": "one\n\ntwo",
    "size": -3,
    "rate": Decimal("12.5"),
    "budget": Money("12.50", "EUR"),
    "since": date(2026, 3, 31),
    "seen": datetime(2026, 3, 31, 9, tzinfo=UTC),
    "vip": False,
    "colour": "deep_blue",
    "tags": ("a", "b"),
    "mail": "ida@berg.example",
}
CHOICES = {"colour": {"red": "Red", "deep_blue": "Deep blue"}, "tags": ["a", "b"]}


@pytest.fixture(autouse=True)
def fields(crm: CRM) -> None:
    """A field of every kind that is plain text in a file."""
    with crm.begin("ada") as uow:
        for key, kind in KINDS.items():
            uow.custom_fields.define("party", key, kind, choices=CHOICES.get(key, ()))


def exported(crm, actor="ada", format_="csv"):
    out = io.BytesIO()
    Exporter(crm, actor=actor).run(out, format=format_)
    return out.getvalue()


def imported(crm, text, actor="ada", name="people.csv", **more):
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    file.name = name
    return Importer(crm, actor=actor).run(file, **more)


def cards(*people):
    """A file of cards, each of a name and further lines."""
    lines = ((f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:{name}\r\nN:;{name};;;", *more) for name, *more in people)
    return "".join("\r\n".join((*said, "END:VCARD\r\n")) for said in lines)


def people(crm):
    with crm.begin("ada", read_only=True) as uow:
        return {p.name: dict(p.custom) for p in uow.each(Person)}


def test_what_is_exported_is_imported_as_what_it_was(crm):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", custom=VALUES))
        uow.parties.add(Person(given_name="Ola"))
    file = exported(crm)
    header, first, _ = csv.reader(io.StringIO(file.decode("utf-8-sig")))
    row = dict(zip(header, first, strict=True))
    assert (row["custom.budget"], row["custom.vip"], row["custom.tags"]) == ("12.5 EUR", "no", "a, b")
    assert imported(crm, file).unchanged == 2
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
    assert imported(crm, file).added == 1
    assert people(crm) == {"Ida": VALUES, "Ola": {}}
    assert sorted(exported(crm).split(b"\r\n")[0].split(b",")) == sorted(file.split(b"\r\n")[0].split(b","))


def test_what_is_exported_as_cards_is_imported_as_what_it_was(crm):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", custom=VALUES))
        uow.parties.add(Person(given_name="Ola"))
    file = exported(crm, format_="vcard")
    assert b"X-CRMKIT-CUSTOM;X-KEY=budget:12.5 EUR\r\n" in file
    assert imported(crm, file, name="people.vcf").unchanged == 2
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
    assert imported(crm, file, name="people.vcf").added == 1
    assert people(crm) == {"Ida": VALUES, "Ola": {}}


def test_a_reference_comes_back_from_a_card(crm):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "agent", "reference", refers_to="party")
        ola = uow.parties.add(Person(given_name="Ola"))
        ida = uow.parties.add(Person(given_name="Ida", custom={"agent": ola.id}))
    file = exported(crm, format_="vcard")
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
    assert imported(crm, file, name="people.vcf").added == 1
    assert people(crm) == {"Ola": {}, "Ida": {"agent": ola.id}}


def test_a_card_with_a_value_that_does_not_fit_fails_alone_and_is_mended(crm, tmp_path):
    file = cards(("Ida", "X-CRMKIT-CUSTOM;X-KEY=size:three"), ("Ola", "X-CRMKIT-CUSTOM;X-KEY=size:4"))
    errors = tmp_path / "errors.vcf"
    report = imported(crm, file, name="people.vcf", errors=errors)
    assert (report.added, report.failed) == (1, 1)
    assert "custom.size" in str(report.errors[0])
    mended = errors.read_bytes().replace(b"size:three", b"size:3")
    assert imported(crm, mended, name="people.vcf").added == 1
    assert people(crm) == {"Ola": {"size": 4}, "Ida": {"size": 3}}


def test_a_card_with_a_value_of_no_field_fails_and_changes_nothing(crm):
    before = people(crm)
    report = imported(crm, cards(("Ida", "X-CRMKIT-CUSTOM;X-KEY=sise:3"), ("Ola", "X-CRMKIT-CUSTOM:4")), name="x.vcf")
    assert (report.added, report.failed) == (0, 2)
    assert "custom.size" in str(report.errors[0])
    assert people(crm) == before


def test_a_row_fills_in_and_changes_values_and_clears_none(crm):
    imported(crm, "kind,given name,email,custom.size,custom.note\nperson,Ida,i@x.example,3,a\n")
    report = imported(crm, "kind,given name,email,custom.size,custom.colour\nperson,Ida,i@x.example,4,Deep blue\n")
    assert report.updated == 1
    assert people(crm) == {"Ida": {"size": 4, "note": "a", "colour": "deep_blue"}}


def test_a_value_that_does_not_fit_fails_its_row_only(crm):
    report = imported(crm, "given name,custom.size\nIda,three\nOla,4\nIo,\n")
    assert (report.added, report.failed) == (2, 1)
    assert "custom.size" in str(report.errors[0])
    assert people(crm) == {"Ola": {"size": 4}, "Io": {}}


def test_a_column_of_no_field_fails_every_row_that_says_something(crm):
    report = imported(crm, "given name,custom.sise\nIda,3\nOla,\n")
    assert (report.added, report.failed) == (1, 1)
    assert "custom.size" in str(report.errors[0])


def test_an_export_has_what_the_actor_may_read(crm, actors):
    with crm.begin("ada") as uow:
        forbid = Rule(effect="forbid", permission="party.read", fields=("custom.size",))
        uow.permissions.define_role("blind", [Rule(effect="permit", permission="*"), forbid])
        uow.parties.add(Person(given_name="Ida", custom={"size": 3, "note": "a"}))
    actors.add("bo", roles=["blind"])
    assert b"custom.size" in exported(crm)
    assert b"custom.size" not in exported(crm, "bo")
    assert b"custom.note" in exported(crm, "bo")
    assert b"X-KEY=size" in exported(crm, "ada", "vcard")
    assert b"X-KEY=size" not in exported(crm, "bo", "vcard")
    assert b"X-KEY=note" in exported(crm, "bo", "vcard")


def test_a_removed_field_is_not_exported(crm):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida", custom={"size": 3}))
        uow.custom_fields.remove("party", "size")
    assert b"custom.size" not in exported(crm)


def test_an_import_is_taken_back_with_its_values(crm):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida", custom={"size": 3}), emails=["i@x.example"])
    before = exported(crm)
    report = imported(crm, "given name,email,custom.size,custom.note\nIda,i@x.example,4,a\nOla,o@x.example,5,b\n")
    assert (report.added, report.updated) == (1, 1)
    with crm.begin("ada") as uow:
        uow.use(Exchange).take_back(report.import_id)
    assert exported(crm) == before
