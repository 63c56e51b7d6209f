"""A file that still names who was erased does not bring them back."""

from __future__ import annotations

import pytest

from crmkit import Person
from crmkit.plugins.exchange import Importer
from crmkit.plugins.privacy import Privacy

FILE = "name,email\nIda Berg,ida@berg.example\nOle Berg,ole@berg.example\n"


@pytest.fixture
def importing(crm_with, clock):
    return crm_with("privacy", "exchange", clock=clock)


def test_of_the_same_file_all_rows_are_imported_but_those_of_who_was_erased(importing, tmp_path):
    first, second = tmp_path / "people.csv", tmp_path / "again.csv"
    first.write_text(FILE, "utf-8")
    second.write_text(FILE + "Eva Berg,eva@berg.example\n", "utf-8")
    assert Importer(importing, actor="ada").run(first).added == 2
    with importing.begin("ada") as uow:
        (ida,) = [party for party in uow.each(Person) if party.name == "Ida Berg"]
        uow.use(Privacy).erase(ida.id, reason="asked for it")
    report = Importer(importing, actor="ada").run(second)
    assert (report.added, report.unchanged, report.failed) == (1, 1, 1)
    with importing.begin("ada") as uow:
        assert sorted(party.name for party in uow.each(Person)) == ["(erased)", "Eva Berg", "Ole Berg"]
