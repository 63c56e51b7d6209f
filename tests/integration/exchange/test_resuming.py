"""Invariant 9: each source row is applied once, an import goes on after a crash, and its report adds up."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import event

import crmkit
from crmkit import Identifier, Mechanism, Party, f
from crmkit.plugins.exchange import Batch, Exchange, Importer

pytestmark = pytest.mark.usefixtures("verified")

ROWS = 23
TEXT = "external id,given name,family name,email\n" + "".join(
    f"c{n},Given{n},Family{n},{'no.mail' if n % 7 == 3 else f'p{n}@people.example'}\n" for n in range(ROWS)
)
UNITS = 1 + 5 + 1
"""Units of work of an import of so many rows: its start, batches of five rows, its end."""
FAILED = len([n for n in range(ROWS) if n % 7 == 3])


class CrashError(BaseException):
    """Ends the process, as far as crmkit can tell."""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(TEXT, "utf-8")
    return path


def everything(crm):
    with crm.begin("ada", read_only=True) as uow:
        ids = {i.party_id: i.value for i in uow.each(Identifier)}
        people = sorted((ids[p.id], p.name, p.version) for p in uow.each(Party))
        reached = sorted((ids[m.party_id], m.normalised) for m in uow.each(Mechanism))
    return people, reached


def expected():
    kept = [n for n in range(ROWS) if n % 7 != 3]
    people = sorted((f"c{n}", f"Given{n} Family{n}", 1) for n in kept)
    return people, sorted((f"c{n}", f"p{n}@people.example") for n in kept)


def check_ledger(crm, report):
    with crm.begin("ada", read_only=True) as uow:
        batches = list(uow.use(Exchange).batches(report.import_id))
    covered = [row for batch in batches for row in range(batch.first_row, batch.last_row + 1)]
    assert covered == list(range(1, ROWS + 1))
    assert (report.rows, report.added, report.failed) == (ROWS, ROWS - FAILED, FAILED)


@pytest.mark.parametrize("place", range(1, 12))
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_import_that_crashes_at_any_unit_goes_on_as_if_nothing_had_happened(place, when, crm, file, monkeypatch):
    """Crashes at every unit of work of the import, before it begins and after it has been committed."""
    importer = Importer(crm, actor="ada")
    count = 0
    run = crm.run

    def crashing(*args, **kwargs):
        nonlocal count
        count += 1
        if count == place and when == "before":
            raise CrashError
        answer = run(*args, **kwargs)
        if count == place:
            raise CrashError
        return answer

    monkeypatch.setattr(crm, "run", crashing)
    with suppress(CrashError):
        importer.run(file)
    monkeypatch.undo()
    report = importer.run(file)
    if place < UNITS:  # the import had not finished
        check_ledger(crm, report)
    assert everything(crm) == expected()


@pytest.mark.parametrize("place", range(1, 40, 3))
def test_an_import_that_fails_in_any_statement_goes_on(place, crm, file):
    count = 0

    def fail(_connection, _cursor, *sent):
        nonlocal count
        if sent[0].startswith(("INSERT", "COPY")):
            count += 1
            if count == place:
                raise CrashError

    importer = Importer(crm, actor="ada")
    event.listen(crm.engine, "before_cursor_execute", fail)
    try:
        try:
            report = importer.run(file)
        except CrashError:
            report = importer.run(file)
    finally:
        event.remove(crm.engine, "before_cursor_execute", fail)
    check_ledger(crm, report)
    assert everything(crm) == expected()


def test_errors_of_the_rows_before_a_crash_are_in_the_file_of_errors_too(crm, file, tmp_path):
    importer = Importer(crm, actor="ada")

    def stop(progress):
        if progress.rows >= 10:
            raise CrashError

    with pytest.raises(CrashError):
        importer.run(file, progress=stop)
    errors = tmp_path / "errors.csv"
    report = importer.run(file, errors=errors)
    assert report.resumed_after == 10
    lines = errors.read_text("utf-8-sig").splitlines()
    assert len(lines) == 1 + FAILED
    assert lines[0] == "external id,given name,family name,email,import row,import error"


def test_the_file_of_errors_is_mended_and_imported(crm, file, tmp_path):
    importer = Importer(crm, actor="ada")
    errors = tmp_path / "errors.csv"
    importer.run(file, errors=errors)
    mended = errors.read_text("utf-8-sig").replace("no.mail", "mended@people.example")
    errors.write_text(mended, "utf-8")
    report = importer.run(errors)
    assert (report.rows, report.added, report.failed) == (FAILED, FAILED, 0)
    assert len(everything(crm)[0]) == ROWS


def test_two_imports_of_one_file_at_the_same_time_apply_each_row_once(crm, file):
    """The second one finds what the first one has done, batch by batch."""
    first, second = Importer(crm, actor="ada"), Importer(crm, actor="ada")

    def step_in(progress):
        if progress.rows == 5:
            second.run(file)

    report = first.run(file, progress=step_in)
    check_ledger(crm, report)
    assert everything(crm) == expected()


PROGRAM = """
import json, sys
from crmkit import CRM, Actor, Config, make_engine
from crmkit.plugins.exchange import Importer
from crmkit.plugins.exchange.manifest import MANIFEST

url, tenant, file = sys.argv[1:]
settings = {"default_tenant": tenant, "plugins": ["exchange"]}
config = Config.of({"crmkit": settings, "plugins": {"exchange": {"batch_size": 20}}})
ada = Actor(id="ada", name="Ada", roles=("administrator",))
crm = CRM(config, engine=make_engine(url), actors=lambda tenant, ids: {"ada": ada}, manifests=[MANIFEST]).start()
report = Importer(crm, actor="ada").run(file, progress=lambda p: print(p.rows, flush=True))
print(json.dumps([report.rows, report.added, report.failed, report.resumed_after]), flush=True)
"""


@pytest.mark.slow
def test_an_import_that_is_killed_again_and_again_ends_with_every_row_applied_once(crm, database_url, tenant, tmp_path):
    """kill -9 of the importing process after each few batches, until it gets to the end."""
    count = 400
    file = tmp_path / "many.csv"
    text = "external id,given name,email\n" + "".join(f"c{n},Given{n},p{n}@people.example\n" for n in range(count))
    file.write_text(text, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(crmkit.__file__).parents[1])}
    command = [sys.executable, "-c", PROGRAM, database_url, tenant, str(file)]
    kills = 0
    while True:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if len(lines) == 4 and kills < 4:
                time.sleep(0.003 * kills)
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.close()
        if process.wait() == 0:
            break
        kills += 1
        assert kills <= 4
    rows, added, failed, resumed_after = json.loads(lines[-1])
    assert kills == 4
    assert resumed_after > 0
    assert (rows, added, failed) == (count, count, 0)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Party) == count
        assert uow.count(Identifier) == count
        batches = list(uow.each(Batch, f.number >= 1, order="number"))
    assert [row for batch in batches for row in range(batch.first_row, batch.last_row + 1)] == list(range(1, count + 1))
