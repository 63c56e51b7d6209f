"""What an export writes, for whom, and that importing it again changes nothing."""

from datetime import date
from io import BytesIO

import pytest

from crmkit import Identifier, Organisation, Person, Rule, f
from crmkit.errors import ForbiddenError, InvalidValueError, UnknownFieldError
from crmkit.plugins.exchange import Exporter, Importer

FORMATS = ("csv", "vcard")
STORED = ("crm_party", "crm_mechanism", "crm_identifier", "crm_relationship", "crm_interaction")


@pytest.fixture
def full(crm):
    """A person and an organisation of whom everything is known that a file can hold."""
    with crm.begin("ada") as uow:
        parties = uow.parties
        firm = Organisation(name='Berg; Roofs, "Ltd"', legal_name="Berg Roofs Limited", legal_form="Ltd", source="fair")
        ida = Person(
            given_name="Ida",
            additional_names="Maria",
            family_name="Berg",
            prefix="Dr.",
            suffix="M.Sc.",
            nickname="Idi",
            display_name="Dr. Ida Berg (roofs)",
            birth_date=date(1978, 2, 14),
            gender="F",
            language="nb",
            time_zone="Europe/Oslo",
            source="website",
            source_detail="form 3",
        )
        numbers = [Identifier(party_id=ida.id, scheme="customer_number", value=value) for value in ("K-1", "K-2")]
        parties.add(firm, emails=["info@berg.example"])
        parties.add(ida, emails=["ida@berg.example"], urls=["https://berg.example/a;b,c"], identifiers=numbers)
        parties.add_phone(ida.id, "+47 22 12 34 56", label="work")
        parties.add_phone(ida.id, "+47 412 34 567", label="mobile", is_primary=True)
        parties.add_phone(ida.id, "+47 22 12 34 58", label="the one in the cellar")
        parties.add_address(
            ida.id, street="Fjordgata 7\n2nd floor", postal_code="7010", locality="Trondheim", country="NO"
        )
        parties.add_address(ida.id, raw="c/o Lie, somewhere in the hills", label="cabin")
        parties.add_handle(ida.id, "telegram", "@ida")
        parties.relate(ida.id, "works_for", firm.id, position="=HEAD(of, purchasing)")
        for note in ("First\nsecond line; with, signs", "-2 apples"):
            uow.interactions.note(party=ida.id, kind="exchange.note", summary=note.split("\n")[0], body=note)
        parties.add(Person(given_name="Åse", birthday="02-29"))
        parties.add(Person(), emails=["somebody@anonymous.example"])
    return ida


def exported(exporter, where=None, **given):
    out = BytesIO()
    exporter.run(out, *([where] if where is not None else []), **given)
    out.seek(0)
    return out


@pytest.mark.parametrize("format_", FORMATS)
def test_importing_an_export_changes_nothing(format_, full, exporter, importer, rows):
    before = rows()
    report = importer.run(exported(exporter, format=format_))
    assert (report.rows, report.added, report.updated, report.unchanged, report.failed) == (4, 0, 0, 4, 0)
    after = rows()
    assert {name: after[name] for name in STORED} == {name: before[name] for name in STORED}


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_imported_elsewhere_and_exported_there_says_the_same(format_, full, crm, exporter, tenant):
    """Parties get ids of their own there, so those are left out of the comparison, and what stands for them."""
    crm.tenants.create(f"{tenant}-2")
    there = Importer(crm, actor="ada", tenant=f"{tenant}-2")
    assert there.run(exported(exporter, format=format_)).added == 4
    again = exported(Exporter(crm, actor="ada", tenant=f"{tenant}-2"), format=format_)
    assert told(again) == told(exported(exporter, format=format_))
    once_more = there.run(exported(exporter, format=format_))
    assert (once_more.unchanged, once_more.added) == (4, 0)


def told(file):
    if file.getvalue().startswith(b"BEGIN"):
        cards = file.getvalue().decode().replace("\r\n ", "").split("BEGIN:VCARD\r\n")
        return sorted(sorted(line for line in card.splitlines() if not line.startswith("UID")) for card in cards)
    import csv

    kept = csv.DictReader(file.getvalue().decode("utf-8-sig").splitlines(keepends=True))
    return sorted(
        sorted((k, v) for k, v in row.items() if v and k not in {"id", "identifier exchange.id"}) for row in kept
    )


def test_no_cell_of_an_export_is_run_by_a_spreadsheet(full, exporter):
    import csv

    text = exported(exporter, format="csv").getvalue().decode("utf-8-sig")
    cells = [cell for row in csv.reader(text.splitlines(keepends=True)) for cell in row]
    assert [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}] == []
    assert "'=HEAD(of, purchasing)" in cells
    assert "'+4722123456" in cells


def test_an_export_begins_with_who_it_is(full, exporter):
    header = exported(exporter, format="csv").getvalue().decode("utf-8-sig").splitlines()[0]
    assert header.startswith("id,kind,name,")


def test_only_what_fits_the_criteria_is_exported(full, exporter):
    out = exported(exporter, f.kind == "organisation", format="vcard").getvalue().decode()
    assert out.count("BEGIN:VCARD") == 1
    assert "KIND:org" in out


def test_an_order_is_kept(full, exporter):
    text = exported(exporter, f.kind == "person", format="vcard", order="sort_name").getvalue().decode()
    assert text.index("somebody@") < text.index("Åse") < text.index("Berg;Ida")


def test_what_the_actor_may_not_see_is_not_exported(full, crm):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Seen", owner_id="sam", team_id="sales"))
    text = exported(Exporter(crm, actor="sam"), format="csv").getvalue().decode()
    assert "Seen" in text
    assert "Ida" not in text


def test_changing_something_hidden_changes_no_byte_of_an_export(full, crm):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Seen", owner_id="sam", team_id="sales"))
    sam = Exporter(crm, actor="sam")
    before = [exported(sam, format=form).getvalue() for form in FORMATS]
    with crm.begin("ada") as uow:
        uow.parties.add_email(full.id, "other@berg.example")
        uow.parties.add(Person(given_name="Hidden"), urls=["https://hidden.example"])
    assert [exported(sam, format=form).getvalue() for form in FORMATS] == before


@pytest.mark.parametrize("format_", FORMATS)
def test_fields_that_the_actor_may_not_read_are_absent(format_, full, crm):
    with crm.begin("ada") as uow:
        rules = [
            Rule(effect="permit", permission="party.read", scope="all"),
            Rule(effect="permit", permission="exchange.party.export", scope="all"),
            Rule(effect="forbid", permission="party.read", fields=("birth_date", "birthday", "normalised", "raw")),
        ]
        uow.permissions.change_role("importer", rules=rules)
    text = exported(Exporter(crm, actor="sam"), f.kind == "person", format=format_).getvalue().decode()
    assert "Berg" in text
    for hidden in ("birth", "BDAY", "1978", "19780214", "4722123456", "berg.example"):
        assert hidden not in text


def test_who_may_not_export_gets_nothing_and_no_file_is_left(full, crm, tmp_path):
    with pytest.raises(ForbiddenError):
        Exporter(crm, actor="vic").run(tmp_path / "all.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_by_a_whole_one(full, exporter, tmp_path):
    file = tmp_path / "all.csv"
    file.write_text("before", "utf-8")
    with pytest.raises(UnknownFieldError):
        exporter.run(file, f.nmae == "x")
    assert file.read_text("utf-8") == "before"
    assert exporter.run(file).parties == 4
    assert "Berg" in file.read_text("utf-8")
    assert list(tmp_path.iterdir()) == [file]


def test_the_ending_of_the_file_tells_the_format(full, exporter, tmp_path):
    exporter.run(tmp_path / "all.vcf")
    assert (tmp_path / "all.vcf").read_bytes().startswith(b"BEGIN:VCARD\r\nVERSION:4.0\r\n")


def test_a_format_that_does_not_exist_is_refused(exporter):
    with pytest.raises(InvalidValueError, match="csv, vcard"):
        exporter.run(BytesIO(), format="xlsx")


def test_many_parties_are_exported_page_by_page(crm, exporter, importer, csv):
    importer.run(csv("given name,email\n" + "".join(f"P{n},p{n}@people.example\n" for n in range(1_203))))
    told = []
    report = exporter.run(BytesIO(), progress=told.append)
    assert report.parties == 1_203
    assert told == [500, 1_000]
