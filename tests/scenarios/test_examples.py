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
