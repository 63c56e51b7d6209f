"""The programs that teach: each runs as it stands, says something, and is short enough to be read at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))
LONGEST = 60  # lines


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_an_example_runs_and_shows_something(program, tmp_path):
    paths = os.pathsep.join(str(Path(path).resolve()) for path in sys.path if path)  # relative ones end at cwd=
    done = subprocess.run(
        [sys.executable, "-W", "error", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_an_example_can_be_read_at_once(program):
    assert len(program.read_text("utf-8").splitlines()) <= LONGEST


def test_the_readme_shows_the_first_steps_as_they_are():
    example = next(program for program in PROGRAMS if program.stem == "first_steps").read_text("utf-8")
    readme = (PROGRAMS[0].parents[1] / "README.md").read_text("utf-8")
    shown = readme.partition("```python\n")[2].partition("```")[0]
    assert shown in example


def test_the_readme_begins_with_what_it_is_and_two_commands_that_do_all():
    """One sentence, one command for the demo, one for the tests; both are sessions that nox knows."""
    root = PROGRAMS[0].parents[1]
    title, sentence, *_ = [p for p in (root / "README.md").read_text("utf-8").split("\n\n") if p]
    assert title == "# crmkit"
    assert sentence.count(".") == 1
    commands = [
        line.strip() for line in (root / "README.md").read_text("utf-8").splitlines() if line.startswith("    ")
    ]
    assert commands[:2] == [f"python -m pip install nox && python -m nox -s {session}" for session in ("demo", "tests")]
    sessions = (root / "noxfile.py").read_text("utf-8")
    assert all(f"\ndef {session}(session: nox.Session)" in sessions for session in ("demo", "tests"))
