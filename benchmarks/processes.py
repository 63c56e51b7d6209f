"""What a new process pays: importing crmkit, and getting to the answer of its first query."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from statistics import median
from typing import Any

from benchmarks.databases import Dialect
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size

__all__ = ["importing", "starting"]

IMPORT_GOAL = 1.3
_NEEDED = "import sqlalchemy, attrs, cattrs, pluggy, blinker, importlib_metadata"
_WAYS = (
    "import crmkit",
    "from crmkit import CRM",
)  # the second imports all of it, the first what nobody can do without
_ABSENT = (
    "sqlalchemy.orm",
    "alembic",
    "sqlite3",
    "psycopg",
    "crmkit.plugins",
    "phonenumbers",
    "email_validator",
    "babel",
)
_TIMED = """
import json, sys, time
began, computed = time.perf_counter(), time.process_time()
{code}
print(json.dumps([time.process_time() - computed, time.perf_counter() - began,
                  [name for name in {absent!r} if name in sys.modules]]))
"""
_STARTS = {
    "raw": "from benchmarks.raw import Raw; Raw({url!r}).page()",
    "orm": "from benchmarks.orm import Orm; Orm({url!r}, only_deals=True).page()",
    "crmkit": "from benchmarks.deployment import start; from benchmarks.library import Library\n"
    "crm = start({url!r}); Library(crm, crm).page()",
}


def importing(size: Size) -> Table:
    """Measure ``import crmkit`` beside importing what it stands on."""
    answers = _taking_turns({"libraries": _NEEDED, **{way: way for way in _WAYS}}, size.starts)
    loaded = answers[_WAYS[-1]][0][2]
    rows = [(way, _imported(answers[way], answers["libraries"])) for way in _WAYS]
    note = f"Libraries: {_NEEDED.removeprefix('import ')}. Not to be loaded: {', '.join(_ABSENT)}."
    return Table(title="Importing", rows=rows, note=note + (f" Loaded: {loaded}." if loaded else ""))


def _imported(ours: list[Any], libraries: list[Any]) -> list[Figure]:
    pairs = list(zip(ours, libraries, strict=True))
    return [
        Figure(label="libraries CPU", value=median(b[0] for b in libraries) * 1e3, unit="ms"),
        Figure(label="crmkit CPU", value=median(a[0] for a in ours) * 1e3, unit="ms"),
        Figure(label="crmkit / libraries", value=median(a[0] / b[0] for a, b in pairs), goal=IMPORT_GOAL),
        Figure(label="wall ratio", value=median(a[1] / b[1] for a, b in pairs)),
        Figure(label="not to be loaded, but is", value=len(ours[0][2]), unit="modules", goal=0),
    ]


def starting(url: str, size: Size, dialect: Dialect) -> Table:
    """Measure from the start of the interpreter's first line to the answer of the first query, a page of deals."""
    answers = _taking_turns({name: code.format(url=url) for name, code in _STARTS.items()}, size.starts)
    figures = [
        Figure(label=f"{name} {what}", value=median(a[place] for a in found) * 1e3, unit="ms")
        for name, found in answers.items()
        for place, what in ((0, "CPU"), (1, "wall"))
    ]
    ratio = median(a[0] / b[0] for a, b in zip(answers["orm"], answers["crmkit"], strict=True))
    note = "The ORM maps two tables only and reads their columns from the database."
    rows = [("first page of deals", [*figures, Figure(label="ORM / crmkit", value=ratio)])]
    return Table(title=f"Cold start on {dialect}", rows=rows, note=note, place=dialect)


def _taking_turns(ways: dict[str, str], rounds: int) -> dict[str, list[Any]]:
    answers: dict[str, list[Any]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(prefix="crmkit-bench-") as folder:  # so that all of it is compiled, or none
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        for _ in range(rounds + 1):
            for name, code in ways.items():
                answers[name].append(_run(code, environment))
    return {name: found[1:] for name, found in answers.items()}  # the first one compiled and read from disk


def _run(code: str, environment: dict[str, str]) -> Any:
    command = [sys.executable, "-c", _TIMED.format(code=code, absent=_ABSENT)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603  # a program of our own
    return json.loads(done.stdout)
