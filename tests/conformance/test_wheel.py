"""The example plugin passes its own tests where it and crmkit are installed from wheels, far from this tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "crmkit-membership"

pytestmark = pytest.mark.slow


def run(*command, cwd):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COVERAGE", "CRMKIT", "PYTEST"))}
    ran = subprocess.run(
        [str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{' '.join(map(str, command))}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    return ran.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with an environment in which both wheels are installed."""
    place = tmp_path_factory.mktemp("wheels")
    for source in (ROOT, EXAMPLE):
        run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", place / "dist", source, cwd=place)
    venv.create(place / "env", with_pip=True)
    ours, theirs = sorted((place / "dist").glob("*.whl"))
    python = place / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", f"{ours}[testing]", theirs, cwd=place)
    shutil.copytree(EXAMPLE / "tests", place / "tests")
    shutil.copy(EXAMPLE / "pyproject.toml", place)
    return place


def test_the_example_plugin_s_tests_pass_from_wheels(place):
    said = run(place / "env" / "bin" / "python", "-m", "pytest", "-q", "tests", cwd=place)
    assert " passed" in said
    assert "skipped" not in said


def test_the_command_line_lists_the_plugin_from_wheels(place):
    (place / "crmkit.toml").write_text('[database]\nurl = "sqlite:///crm.db"\n\n[crmkit]\nplugins = ["membership"]\n')
    program = place / "env" / "bin" / "crmkit"
    run(program, "db", "upgrade", cwd=place)
    assert "membership" in run(program, "plugins", "list", cwd=place)
