"""``crmkit demo``: the whole story runs, and what it tells one to type afterwards works."""

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crmkit.cli.demo import status_of
from crmkit.demo.stage import Stage, free_folder
from crmkit.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def program(tmp_path):
    """Runs ``crmkit ...`` as a program that finds the bundled plugins, in the folder given."""
    information = tmp_path / "installed" / "crmkit-0.1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: crmkit\nVersion: 0.1.0\n", "utf-8")
    bundled = ("exchange", "privacy", "feedback", "service_desk")
    points = "[crmkit.plugins]\n" + "".join(f"{id_} = crmkit.plugins.{id_}.manifest:MANIFEST\n" for id_ in bundled)
    (information / "entry_points.txt").write_text(points, "utf-8")
    path = os.pathsep.join([str(information.parent), str(ROOT / "src")])

    def program(*args, cwd=tmp_path):
        return subprocess.run(
            [sys.executable, "-m", "crmkit.cli", *args],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    return program


@pytest.mark.slow
def test_the_story_is_told_and_what_it_ends_with_can_be_typed(program, tmp_path):
    ran = program("demo")
    assert ran.returncode == 0, ran.stdout
    for told in (
        "Applying core: 0001_core",
        "exchange      enabled",
        "contacts.csv\n    8 rows: 7 added, 0 updated, 0 unchanged, 1 failed",
        "old.friend(at)mail.example",
        "contacts.vcf\n    3 rows: 2 added, 1 updated, 0 unchanged, 0 failed",
        "Where we stopped",
        "email: sent pictures",
        "planned     measure the east wing by",
        "New roof, east wing  sales: qualified, 48,000.00 GBP",
        "MoveNotAllowedError: deal",
        "from 'lead' the pipeline allows: qualified, lost",
        "NotFoundError: deal",
        "partnership    now  entered",
        "Gutters (sales, lead, owner sam)",
        "Ada sees 14 parties and 3 deals, Sam 1 and 2",
        "allowed\n      + role administrator: permit * (scope all)",
        "denied; no permit applies\n      - role seller: permit deal.* in scope own (the owner is ada)",
        'search find "IDA harbour"',
        "Ida-Marie Berg",
        "party.merge, by",
        "Undone by unit",
        "no_consent: no consent to Newsletter over email",
        "given: consented to Newsletter",
        "withdrawn: objects to Newsletter since",
        "sue        It drips in the kitchen",
        "resolved by sue",
        "https://acme.example/feedback/",
        "service_desk.case_resolved: Case 1 resolved: It drips in the kitchen",
        "Before contact (plugin feedback)",
        "5 of 5 on",
        "Cases (plugin service_desk)",
        "Added membership to the plugins",
        "holders of a valid card (card_needed)",
        "Membership (plugin membership)",
        "Disabled membership",
        "Error: plugin 'membership' is not enabled for tenant 'acme'; enable it: crmkit plugins enable membership",
        "history: insert to version 1, update to version 2",
        "Enabled membership for all tenants.",
        "Everything agrees.",
    ):
        assert told in ran.stdout, told
    folder, *commands = re.findall(r"^    (.+)$", ran.stdout.partition("Go on by hand:")[2], re.MULTILINE)
    assert folder == f"cd {tmp_path / 'crmkit-demo'}"
    for command in commands:
        name, *args = shlex.split(command)
        assert name == "crmkit"
        typed = program(*args, cwd=tmp_path / "crmkit-demo")
        assert typed.returncode == 0, f"{command}\n{typed.stdout}"
    assert (tmp_path / "crmkit-demo" / "parties.csv").stat().st_size > 0
    with closing(sqlite3.connect(tmp_path / "crmkit-demo" / "crm.db")) as database:
        denials = database.execute("SELECT actor_id, permission, entity FROM crm_denial").fetchall()
    assert denials == [("sam", "deal.update", "deal")]


def test_a_folder_that_is_not_empty_is_left_alone(deployment):
    before = sorted(p.name for p in deployment.folder.iterdir())
    line = deployment.refused("demo", ".")
    assert line == ". is not empty; name another folder: crmkit demo FOLDER"
    assert sorted(p.name for p in deployment.folder.iterdir()) == before


def test_told_again_it_takes_another_folder(tmp_path):
    assert free_folder(None) == Path("crmkit-demo")
    assert free_folder(None) == Path("crmkit-demo-2")
    (tmp_path / "mine").mkdir()
    assert free_folder(Path("mine")) == Path("mine")
    (tmp_path / "mine" / "note.txt").touch()
    with pytest.raises(ConfigError, match="is not empty"):
        free_folder(Path("mine"))


def test_commands_of_the_demo_run_in_its_process_and_folder_and_leave_both_as_they_were(tmp_path, monkeypatch, capsys):
    """Thirty processes that each import crmkit would take most of its time."""
    monkeypatch.setenv("CRMKIT_TENANT", "elsewhere")
    monkeypatch.setattr(subprocess, "Popen", None)
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "crmkit.toml").write_text('[crmkit]\ndefault_tenant = "acme"\n', "utf-8")
    here, stage = Path.cwd(), Stage(folder, status_of)
    stage.crmkit("config", "show")
    stage.crmkit("config", "shown", status=2)
    printed = capsys.readouterr().out
    assert "    $ crmkit config show\n" in printed
    assert "acme" in printed
    assert "elsewhere" not in printed
    assert "No such command 'shown'" in printed
    with pytest.raises(ConfigError, match="ended with status 2, not 0"):
        stage.crmkit("config", "shown")
    assert (Path.cwd(), os.environ["CRMKIT_TENANT"]) == (here, "elsewhere")
