"""Input that was not made for crmkit: what standards, libphonenumber and CPython have as examples, imported whole."""

import importlib
import warnings

import phonenumbers
import pytest

from crmkit import Identifier, Mechanism, Organisation, Person, Relationship, f
from crmkit.plugins.exchange import ImportOptions

AUTHOR = """\
BEGIN:VCARD
VERSION:4.0
FN:Simon Perreault
N:Perreault;Simon;;;ing. jr,M.Sc.
BDAY:--0203
ANNIVERSARY:20090808T1430-0500
GENDER:M
LANG;PREF=1:fr
LANG;PREF=2:en
ORG;TYPE=work:Viagenie
ADR;TYPE=work:;Suite D2-630;2875 Laurier;
 Quebec;QC;G1V 2M2;Canada
TEL;VALUE=uri;TYPE="work,voice";PREF=1:tel:+1-418-656-9254;ext=102
TEL;VALUE=uri;TYPE="work,cell,voice,video,text":tel:+1-418-262-6501
EMAIL;TYPE=work:simon.perreault@viagenie.ca
GEO;TYPE=work:geo:46.772673,-71.282945
KEY;TYPE=work;VALUE=uri:
 http://www.viagenie.ca/simon.perreault/simon.asc
TZ:-0500
URL;TYPE=home:http://nomis80.org
END:VCARD
"""
"""RFC 6350, section 8."""
OLDER = {
    "3.0": "BEGIN:VCARD\nVERSION:3.0\nFN:Frank Dawson\nN:Dawson;Frank;;;\nORG:Lotus Development Corporation\n"
    "TEL;TYPE=VOICE,MSG,WORK:+1-919-676-9515\nEMAIL;TYPE=INTERNET,PREF:Frank_Dawson@Lotus.com\nEND:VCARD\n",
    "2.1": "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Dawson;Fr=C3=A5nk\nFN:Frank Dawson\n"
    "TEL;WORK;VOICE:+1-919-676-9515\nEMAIL;INTERNET:Frank_Dawson@Lotus.com\nEND:VCARD\n",
}
"""After the author's card of RFC 2426, and the same in the older form."""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_authors_card_of_the_rfc_is_imported_with_everything_that_has_a_place(end, importer, csv, crm):
    report = importer.run(csv(AUTHOR.replace("\n", end), name="author.vcf"))
    assert (report.added, report.failed, report.employers) == (1, 0, 1)
    assert report.left_out == {"ANNIVERSARY": 1, "GEO": 1, "KEY": 1}
    with crm.begin("ada", read_only=True) as uow:
        (simon,) = uow.find(Person)
        reached = {(m.kind, m.label, m.is_primary, m.normalised) for m in uow.each(Mechanism, f.party_id == simon.id)}
        (link,) = uow.find(Relationship, f.party_id == simon.id, order="id")
        assert uow.get(Organisation, link.other_id).name == "Viagenie"
        assert [party.id for party in uow.parties.find_by("(418) 262-6501", region="CA")] == [simon.id]
    assert (simon.given_name, simon.family_name, simon.suffix) == ("Simon", "Perreault", "ing. jr, M.Sc.")
    assert (simon.birthday, simon.birth_date, simon.gender) == ("02-03", None, "M")
    assert (simon.language, simon.time_zone) == ("fr", "-05:00")
    assert reached == {
        ("postal", "work", True, "2875 laurier suite d2 630 g1v 2m2 quebec qc canada"),
        ("phone", "work", True, "+14186569254;ext=102"),
        ("phone", "work mobile", False, "+14182626501"),
        ("email", "work", True, "simon.perreault@viagenie.ca"),
        ("url", "home", True, "http://nomis80.org/"),
    }


def test_the_authors_card_that_was_imported_and_exported_changes_nothing(importer, exporter, csv, tmp_path, rows):
    importer.run(csv(AUTHOR, name="author.vcf"))
    before = rows()["crm_party"], rows()["crm_mechanism"]
    exporter.run(tmp_path / "all.vcf")
    again = importer.run(tmp_path / "all.vcf")
    assert (again.unchanged, again.rows) == (2, 2)
    assert (rows()["crm_party"], rows()["crm_mechanism"]) == before


@pytest.mark.parametrize("version", OLDER)
def test_an_older_card_is_imported(version, importer, csv, crm):
    report = importer.run(csv(OLDER[version], name="frank.vcf"))
    assert (report.added, report.failed) == (1, 0)
    with crm.begin("ada", read_only=True) as uow:
        (frank,) = uow.find(Person)
        known = {m.kind: m.normalised for m in uow.each(Mechanism, f.party_id == frank.id)}
    assert frank.family_name == "Dawson"
    assert known == {"email": "frank_dawson@lotus.com", "phone": "+19196769515"}


def test_the_example_number_of_every_region_is_imported_and_found_in_national_format(importer, csv, crm):
    """Libphonenumber's own examples, written as they are dialled from abroad, sought as they are dialled there."""
    numbers = {region: phonenumbers.example_number(region) for region in sorted(phonenumbers.SUPPORTED_REGIONS)}
    form = phonenumbers.PhoneNumberFormat
    abroad = {r: phonenumbers.format_number(n, form.INTERNATIONAL) for r, n in numbers.items()}
    report = importer.run(csv("given name,phone\n" + "".join(f"{r},{text}\n" for r, text in abroad.items())))
    assert (report.added, report.failed) == (len(numbers), 0)
    assert report.added >= 245
    with crm.begin("ada", read_only=True) as uow:
        names = {person.id: person.given_name for person in uow.each(Person)}
        stored = {names[m.party_id]: m.normalised for m in uow.each(Mechanism)}
        assert stored == {r: phonenumbers.format_number(n, form.E164) for r, n in numbers.items()}
        for region, number in numbers.items():
            dialled = phonenumbers.format_number(number, form.NATIONAL)
            assert region in {p.name for p in uow.parties.find_by(dialled, region=region)}, dialled


def odd_people():
    """The names and addresses that CPython tests its own parser of mail headers with."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tests = importlib.import_module("test.test_email.test_headerregistry")
    except ImportError:
        return []
    return sorted({(example[3] or "", example[4]) for example in tests.TestAddressHeader.example_params.values()})


@pytest.mark.skipif(not odd_people(), reason="this Python came without its own tests")
def test_the_odd_names_and_addresses_of_cpython_survive_or_are_errors_of_their_rows(importer, csv, crm):
    people = odd_people()
    cells = [[f"o{n}", *pair] for n, pair in enumerate(people)]
    text = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in cells)
    report = importer.run(csv("external id,full name,email\n" + text), ImportOptions(match=("identifier",)))
    assert report.rows == report.added + report.failed == len(people)
    failed = {error.row for error in report.errors}
    assert {error.column for error in report.errors} == {"email"}
    assert len(failed) == report.failed
    with crm.begin("ada", read_only=True) as uow:
        numbers = {i.party_id: i.value for i in uow.each(Identifier)}
        kept = {numbers[person.id]: person for person in uow.each(Person)}
        assert kept.keys() == {f"o{n}" for n in range(len(people)) if n + 1 not in failed}
        for n, (name, address) in enumerate(people):
            if person := kept.get(f"o{n}"):
                assert person.display_name == (" ".join(name.split()) or None)
                assert not address or person.id in {p.id for p in uow.parties.find_by(address, kind="email")}


def test_the_file_of_errors_of_a_vcard_file_is_mended_and_imported(importer, csv, tmp_path, parties):
    errors = tmp_path / "errors.vcf"
    reached = ("p0@people.example", "no.mail", "p2@people.example")
    lines = [("BEGIN:VCARD", "VERSION:4.0", f"FN:P{n}", f"EMAIL:{to}", "END:VCARD", "") for n, to in enumerate(reached)]
    cards = "".join("\r\n".join(card) for card in lines)
    report = importer.run(csv(cards, name="three.vcf"), errors=errors)
    assert (report.added, report.failed, report.errors_file) == (2, 1, errors)
    text = errors.read_text("utf-8")
    assert "X-CRMKIT-ERROR:" in text
    errors.write_bytes(text.replace("no.mail", "p1@people.example").encode())
    assert importer.run(errors).added == 1
    assert sorted(parties()) == ["P0", "P1", "P2"]
