"""A preview tells what an import would do, and writes nothing."""

import pytest

from crmkit.plugins.exchange import ImportOptions

TEXT = """\
Kundennummer;Vorname;Nachname;E-Mail;Geburtsdatum;Lieblingsfarbe
1;Ida;Berg;ida@berg.example;14.02.1978;grün
2;Tom;Reid;no.mail;;rot
3;Åse;Lind;;;
3;Åse;Lind;aase@lind.example;;
"""


def test_a_preview_counts_shows_and_writes_nothing(importer, csv, rows):
    before = rows()
    preview = importer.preview(csv(TEXT))
    assert (preview.rows, preview.added, preview.updated, preview.unchanged, preview.failed) == (4, 3, 0, 0, 1)
    assert preview.repeated == 1
    assert preview.reading == {"encoding": "utf-8", "delimiter": ";", "date_order": "dmy"}
    assert dict(preview.targets) == {
        "Kundennummer": "identifier.customer_number",
        "Vorname": "given_name",
        "Nachname": "family_name",
        "E-Mail": "email",
        "Geburtsdatum": "birth_date",
        "Lieblingsfarbe": None,
    }
    assert [party.given_name for party in preview.first] == ["Ida", "Tom", "Åse", "Åse"]
    assert [(error.row, error.line, error.column, error.value) for error in preview.errors] == [
        (2, 3, "E-Mail", "no.mail")
    ]
    assert rows() == before


def test_a_preview_says_what_the_import_then_does(importer, csv):
    importer.run(csv("customer number,given name,family name\n1,Ida,Berg\n9,Eva,Lie\n"))
    text = TEXT + "9;Eva;Lie;;;\n"
    preview = importer.preview(csv(text))
    report = importer.run(csv(text))
    assert (preview.updated, preview.unchanged, preview.failed) == (1, 1, 1)
    assert (preview.added - preview.repeated, preview.updated) == (report.added, report.updated - preview.repeated)


@pytest.mark.parametrize("file", ["customers.csv", "customers.vcf", "kunden.csv"])
def test_the_example_files_are_imported_as_their_preview_says(file, importer, data):
    preview = importer.preview(data / file)
    report = importer.run(data / file)
    assert (report.rows, report.added, report.failed) == (
        preview.rows,
        preview.added - preview.repeated,
        preview.failed,
    )
    again = importer.run(data / file)
    assert (again.added, again.updated, again.failed) == (0, 0, report.failed)


def test_the_example_files_have_one_bad_row_of_each_kind(importer, data):
    errors = {
        file: [(error.row, error.column) for error in importer.preview(data / file).errors]
        for file in ("customers.csv", "customers.vcf", "kunden.csv")
    }
    assert errors == {
        "customers.csv": [
            (10, "E-mail"),
            (16, "Phone"),
            (21, "Date of birth"),
            (33, "Type"),
            (34, "name"),
            (35, "row"),
        ],
        "customers.vcf": [(7, "BDAY"), (8, "EMAIL"), (9, "VERSION"), (10, "KIND"), (11, None), (12, None)],
        "kunden.csv": [],
    }


def test_what_cannot_be_kept_is_named(importer, data):
    assert importer.preview(data / "customers.vcf").left_out == {"PHOTO": 1, "X-FAVOURITE-COLOUR": 1}


def test_both_spellings_of_the_same_people_are_recognised(importer, data, parties):
    importer.run(data / "customers.csv")
    before = parties()
    report = importer.run(data / "kunden.csv")
    assert (report.added, report.updated, report.unchanged) == (0, 0, 17)
    assert parties() == before


def test_the_mended_errors_of_the_example_files_are_imported(importer, data, tmp_path):
    errors = tmp_path / "errors.csv"
    importer.run(data / "customers.csv", errors=errors)
    text = (
        errors
        .read_text("utf-8-sig")
        .replace("bad.mail(at)example", "bad@mail.example")
        .replace("call me", "+47 22123456")
    )
    errors.write_text(text.replace("1981-02-30", "1981-02-28").replace("robot", "person"), "utf-8")
    report = importer.run(errors)
    assert (report.added, report.failed) == (5, 1)


def test_the_ways_to_match_are_checked_when_previewing_too(importer, csv):
    preview = importer.preview(csv(TEXT), ImportOptions(match=("email",)))
    assert preview.repeated == 0
