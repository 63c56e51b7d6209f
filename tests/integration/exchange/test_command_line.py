"""``crmkit import``, ``crmkit take-back`` and ``crmkit export``."""

import pytest
from attrs import evolve
from command_lines import running

from crmkit import Party
from crmkit.errors import UndoRefusedError
from crmkit.plugins.exchange.cli import group


@pytest.fixture
def run(crm):
    """Runs a command as Ada; gives its result."""
    return running(crm, group)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(
        "given name,family name,email,colour\nIda,Berg,ida@berg.example,red\nTom,Reid,no.mail,blue\n", "utf-8"
    )
    return path


def test_a_preview_is_printed_and_writes_nothing(run, file, rows):
    before = rows()
    said = run("import", file, "--preview")
    assert "people.csv: csv, encoding 'utf-8', delimiter ','" in said
    assert "given name  ->  given_name" in said
    assert "colour  ->  (left out)" in said
    assert "person Ida Berg | ida@berg.example" in said
    assert "2 rows: 1 added, 0 updated, 0 unchanged, 1 failed; nothing was written" in said
    assert "row 2, line 3, email: 'no.mail' is no e-mail address" in said
    assert rows() == before


def test_an_import_with_errors_ends_with_a_status_of_its_own_and_a_file(run, file, parties):
    said = run("import", file, status=3)
    assert "2 rows: 1 added, 0 updated, 0 unchanged, 1 failed" in said
    errors = file.with_name("people.errors.csv")
    assert f"Rows that failed are in {errors}" in said
    assert list(parties()) == ["Ida Berg"]
    errors.write_text(errors.read_text("utf-8-sig").replace("no.mail", "tom@reid.example"), "utf-8")
    assert "1 rows: 1 added" in run("import", errors)
    assert sorted(parties()) == ["Ida Berg", "Tom Reid"]


def test_a_column_is_mapped_and_the_mapping_kept_for_the_next_file(run, file, crm):
    run("import", file, "--map", "colour=nickname", "--save-mapping", "colourful", status=3)
    with crm.begin("ada", read_only=True) as uow:
        assert [party.nickname for party in uow.each(Party)] == ["red"]
    said = run("import", file, "--preview")
    assert "Columns as kept in the mapping 'colourful':" in said
    assert "colour  ->  nickname" in said
    assert "0 added, 0 updated, 1 unchanged" in run("import", file, "--mapping", "colourful", status=3)


def test_an_import_that_was_interrupted_says_that_it_goes_on(run, crm, tmp_path):
    from crmkit.plugins.exchange import Importer

    path = tmp_path / "many.csv"
    path.write_text("given name\n" + "".join(f"P{n}\n" for n in range(12)), "utf-8")

    class StopError(Exception):
        pass

    def stop(_):
        raise StopError

    with pytest.raises(StopError):
        Importer(crm, actor="ada").run(path, progress=stop)
    said = run("import", path)
    assert "Went on after row 5, where the import was interrupted" in said
    assert "12 rows: 12 added" in said


@pytest.mark.parametrize("name", ["all.csv", "all.vcf"])
def test_what_is_exported_can_be_imported_and_changes_nothing(run, data, tmp_path, name):
    run("import", data / "customers.csv", "--errors", tmp_path / "errors.csv", status=3)
    out = tmp_path / name
    assert f"29 parties written to {out}" in run("export", "-o", out)
    assert "29 rows: 0 added, 0 updated, 29 unchanged, 0 failed" in run("import", out)


def test_only_what_fits_is_exported(run, data, tmp_path):
    run("import", data / "customers.csv", "--errors", tmp_path / "errors.csv", status=3)
    out = tmp_path / "out.vcf"
    assert "6 parties" in run("export", "--where", "kind=organisation", "-o", out)
    assert "1 parties" in run("export", "--where", "kind=person", "--where", "family_name=Berg", "-o", out)
    criteria = '{"field": "family_name", "op": "starts_with", "value": "L"}'
    assert "2 parties" in run("export", "--where", criteria, "--format", "csv", "-o", out)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["import", "{file}", "--map", "colour"], "COLUMN=TARGET"),
        (["import", "{file}", "--format", "xlsx"], "'csv', 'vcard'"),
        (["import", "none.csv"], "does not exist"),
        (["export", "-o", "x.csv", "--where", "kind"], "FIELD=VALUE"),
        (["export", "-o", "x.csv", "--where", "{{"], "is no JSON"),
        (["export"], "--output"),
    ],
)
def test_a_wrong_option_is_named(args, said, run, file):
    args = [str(file) if arg == "{file}" else arg for arg in args]
    assert said in run(*args, status=2)


@pytest.mark.parametrize("command", ["import", "export"])
def test_every_command_has_help_with_an_example(run, command):
    assert f"Example: crmkit --actor ada {command}" in " ".join(run(command, "--help").split())


def test_progress_is_shown_on_a_terminal(run, file, monkeypatch):
    monkeypatch.setattr("click._termui_impl.isatty", lambda stream: True)
    said = run("import", file, status=3)
    assert "Importing people.csv" in said
    assert "100%" in said
    said = run("export", "--output", file.with_name("out.csv"))
    assert "Exporting to out.csv" in said
    assert "100%" in said


# -- taking back ------------------------------------------------------------------------------------------------------


@pytest.fixture
def imported(run, file, parties):
    """The id of an import that added Ida Berg, as the list of imports shows it."""
    run("import", file, status=3)
    assert list(parties()) == ["Ida Berg"]
    (line,) = run("take-back").splitlines()
    assert "people.csv  finished  1 added, 0 updated, 1 failed" in line
    return line.split()[0]


def test_a_dry_run_of_taking_back_prints_exactly_what_will_change(run, imported, rows, parties):
    before = rows()
    planned = run("take-back", "--dry-run", imported)
    assert rows() == before
    assert "(Ida Berg)" in planned
    done = run("take-back", imported)
    assert done.splitlines()[:-1] == planned.splitlines()[:-1]
    assert done.splitlines()[-1].startswith("Taken back by unit ")
    assert list(parties()) == []
    assert "taken back" in run("take-back")


def test_what_was_changed_since_an_import_is_listed_and_left_with_partial(crm, run, imported, rows):
    with crm.begin("ada") as uow:
        (ida,) = uow.each(Party)
        uow.parties.update(evolve(ida, language="nb"))
    before = rows()
    assert f"! party {ida.id}, language, has been changed since" in run("take-back", "--dry-run", imported, status=1)
    with pytest.raises(UndoRefusedError):
        run("take-back", imported)
    assert rows() == before
    assert "Nothing was changed" in run("take-back", "--dry-run", "--partial", imported)
    run("take-back", "--partial", imported)
    with crm.begin("ada") as uow:
        assert uow.parties.get(ida.id).language == "nb"
