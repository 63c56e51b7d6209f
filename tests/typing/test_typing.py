"""Both type checkers accept what fits and refuse what does not, each by itself.

In the files ``*_refused.py`` every mistake is silenced for both checkers, and both report a silencer that silences
nothing. So a file without errors is a file in which every marked line was refused. `nox -s types` checks the same.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = sorted(path for path in HERE.glob("*.py") if path != Path(__file__))
MARKED = re.compile(r"# type: ignore\[[\w, -]+\]  # pyright: ignore\[\w+\]")


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_the_checker_agrees_with_every_line(checker: str) -> None:
    pytest.importorskip(checker)
    ran = subprocess.run(
        [sys.executable, "-m", checker, *map(str, FILES)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    here = [line for line in ran.stdout.splitlines() if "tests/typing/" in line]
    assert not here, "\n".join(here)
    assert re.search(r"checked \d+ source files|in \d+ source files|^\d+ errors, ", ran.stdout, re.MULTILINE), (
        ran.stderr or ran.stdout
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_mistake_is_silenced_for_both_checkers_or_for_none(path: Path) -> None:
    """Else one of the checkers would prove nothing."""
    lines = path.read_text("utf-8").splitlines()
    assert [line for line in lines if "ignore[" in line and not MARKED.search(line)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_mistakes_are_only_where_the_name_of_the_file_says_so(path: Path) -> None:
    marks = len(MARKED.findall(path.read_text("utf-8")))
    assert marks >= 10 if path.stem.endswith("_refused") else marks == 0
