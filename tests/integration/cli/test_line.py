"""The command line as a whole: options, help, and how it fails."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from crmkit.cli.root import COMMANDS, root

SOURCES = str(Path(__file__).resolve().parents[3] / "src")


def every_command(group=root, at=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        if at or name in COMMANDS:
            command = group.get_command(context, name)
            yield (*at, name), command
            if isinstance(command, click.Group):
                yield from every_command(command, (*at, name))


def test_every_command_has_help_with_an_example_of_itself():
    for path, command in every_command():
        assert f"Example: crmkit {'' if path[0] not in {'show', 'explain'} else '--actor '}" in (command.help or ""), (
            path
        )
        assert path[-1] in command.help.partition("Example:")[2], path


def test_every_first_line_of_help_fits_the_list_of_commands():
    assert [path for path, command in every_command() if command.get_short_help_str(70).endswith("...")] == []


def test_help_lists_the_commands_and_needs_no_configuration(deployment):
    deployment.file.write_text("not toml", "utf-8")
    shown = deployment.done("--help", actor=None)
    for name in (*COMMANDS, "import", "export"):
        assert f"  {name} " in shown


def test_help_is_given_without_importing_what_only_commands_need():
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom crmkit.cli.root import root\n"
        "CliRunner().invoke(root, ['--help'])\n"
        "print([m for m in ('tomlkit', 'alembic', 'sqlalchemy.orm', 'psycopg') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment())
    assert ran.stdout.strip() == "[]"


def environment(**more):
    return {**os.environ, "PYTHONPATH": SOURCES, "COVERAGE_PROCESS_START": "", **more}


def test_a_misspelt_command_is_answered_with_the_nearest_one(deployment):
    ran = deployment.run("shwo")
    assert ran.exit_code == 2
    assert "there is no command 'shwo'; did you mean 'show'?" in ran.stderr


def test_an_unknown_setting_is_one_clear_line(deployment):
    deployment.file.write_text('[database]\nulr = "sqlite:///crm.db"\n', "utf-8")
    ran = deployment.run("db", "status")
    assert (ran.exit_code, ran.stderr) == (
        1,
        "Error: unknown setting 'database.ulr' (from crmkit.toml line 2); did you mean 'database.url'?\n",
    )


def test_the_traceback_is_shown_with_debug_only(deployment):
    assert "Traceback" not in deployment.run("plugins", "enable", "nobody").output
    ran = deployment.run("--debug", "--config", "nowhere.toml", "db", "status")
    assert "Traceback" in ran.stderr
    assert ran.stderr.endswith("Error: nowhere.toml does not exist; create it: crmkit init\n")
    assert ran.exit_code == 1


def test_a_tenant_that_is_not_there_is_told_with_the_way_to_create_it(deployment):
    assert deployment.refused("--tenant", "nobody", "show", "x") == (
        "no tenant 'nobody'; create it: crmkit tenants create nobody"
    )


def test_who_acts_must_be_said(deployment):
    ran = deployment.run("show", "x", actor=None)
    assert ran.exit_code == 2
    assert "crmkit --actor ID" in ran.stderr


def test_variables_stand_for_the_global_options(deployment, ida, monkeypatch):
    monkeypatch.setenv("CRMKIT_ACTOR", "ada")
    monkeypatch.setenv("CRMKIT_TENANT", "acme")
    monkeypatch.setenv("CRMKIT_CONFIG", str(deployment.file))
    monkeypatch.chdir("/")
    assert "Ida Berg" in deployment.done("show", str(ida.id), actor=None)


def test_a_schema_behind_the_code_is_told_with_the_command_that_mends_it(empty):
    ran = empty.run("show", "x")
    assert ran.exit_code == 1
    assert "crmkit cannot start, 1 problem:" in ran.stderr
    assert "Run: crmkit db upgrade" in ran.stderr


def test_the_directory_of_the_application_is_imported_from_the_folders_named(deployment, ida):
    (deployment.folder / "users_of_app.py").write_text(
        "from crmkit import Actor\n\n"
        "def directory(tenant, ids):\n"
        "    return {id_: Actor(id=id_, name='Zed', roles=['viewer']) for id_ in ids if id_ == 'zed'}\n",
        "utf-8",
    )
    text = deployment.file.read_text("utf-8").replace('membership = "database"', 'membership = "directory"')
    text = text.replace("[crmkit]", '[crmkit]\nactors = "users_of_app:directory"\npath = ["."]')
    deployment.file.write_text(text, "utf-8")
    assert "Ida Berg" in deployment.done("show", str(ida.id), actor="zed")
    assert "no active actor 'ada'" in deployment.refused("show", str(ida.id))


def test_a_directory_that_cannot_be_imported_is_named(deployment):
    text = deployment.file.read_text("utf-8").replace("[crmkit]", '[crmkit]\nactors = "no_such_app:directory"')
    deployment.file.write_text(text, "utf-8")
    assert "'no_such_app:directory' cannot be imported" in deployment.refused("show", "x")


@pytest.mark.slow
def test_it_runs_as_a_program(deployment, ida):
    command = [sys.executable, "-m", "crmkit.cli", "--actor", "ada", "show", "ida@berg.example"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=deployment.folder, env=environment())
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Ida Berg" in ran.stdout
    command[-1] = "nobody@berg.example"
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=deployment.folder, env=environment())
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "Error: no party fits 'nobody@berg.example'\n")
