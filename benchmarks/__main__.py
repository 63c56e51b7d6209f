"""The command line: what to measure, at which size, on which databases."""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks import (
    agreement,
    bulk,
    comments,
    criteria,
    custom,
    dataset,
    desk,
    duplicates,
    erasing,
    extras,
    history,
    hooks,
    jobs,
    mailing,
    privacy,
    processes,
    quality,
    searching,
    sla,
    verifying,
)
from benchmarks.contacts import TENANT
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.library import Library
from benchmarks.operations import OPERATIONS, Inputs, compare
from benchmarks.orm import Orm
from benchmarks.raw import IMPORT_TENANT, Raw
from benchmarks.report import Table, save, show
from benchmarks.sizes import FULL, SMOKE, Size
from benchmarks.variants import Variant

ALONE: Final = (
    "importing",
    "hooks",
    "normalising",
    "dedupe",
    "jobs",
    "history",
    "erasing",
    "verifying",
    "comments",
    "quality",
    "search",
    "custom",
    "desk",
    "mail",
    "privacy",
    "sla",
)
BESIDE: Final = ("criteria", "import", "file", "plugins", "start")
NAMES: Final = (*[operation.name for operation in OPERATIONS], *BESIDE, *ALONE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the arguments say and print tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a size that only shows that everything works")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both", help="where to measure")
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=f"some of: {', '.join(NAMES)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    given = parser.parse_args(arguments)
    size = SMOKE if given.smoke else FULL
    wanted = frozenset(given.only or NAMES)
    dialects: tuple[Dialect, ...] = ("sqlite", "postgresql") if given.database == "both" else (given.database,)
    tables = []
    for table in _tables(size, wanted, dialects):
        show(table)
        tables.append(table)
    if given.json:
        save(tables, given.json, python=platform.python_version(), machine=platform.machine(), size=size.name)


def _tables(size: Size, wanted: frozenset[str], dialects: Sequence[Dialect]) -> Iterator[Table]:
    for name, measured in (
        ("importing", processes.importing),
        ("hooks", hooks.calling),
        ("normalising", extras.normalising),
    ):
        if name in wanted:
            yield measured(size)
    for name, measured_on in (
        ("dedupe", duplicates.duplicates),
        ("jobs", jobs.jobs),
        ("history", history.history),
        ("erasing", erasing.erasing),
        ("verifying", verifying.verifying),
        ("comments", comments.comments),
        ("quality", quality.quality),
        ("search", searching.searching),
        ("custom", custom.custom),
        ("mail", mailing.mailing),
        ("desk", desk.desk),
        ("privacy", privacy.privacy),
        ("sla", sla.sla),
    ):
        for dialect in dialects if name in wanted else ():
            yield from measured_on(size, dialect)
    if wanted <= set(ALONE):
        return
    for dialect in dialects:
        with database(dialect) as url:
            yield from _in_database(url, dialect, size, wanted)


def _in_database(url: str, dialect: Dialect, size: Size, wanted: frozenset[str]) -> Iterator[Table]:
    began = time.monotonic()
    prepare(url, tenants=(TENANT, IMPORT_TENANT))
    dataset.load(url, size)
    print(f"{dialect}: {size.people:,} people, {size.interactions:,} interactions and {size.deals:,} deals", end=" ")
    print(f"in {time.monotonic() - began:.0f} s", flush=True)
    if "criteria" in wanted:  # first, before somebody has heard of everybody
        yield criteria.segments(url, size, dialect)
    variants: dict[str, Variant] = {
        "raw": Raw(url),
        "orm": Orm(url),
        # What search costs has a table of its own; the other two would have nothing to compare.
        "crmkit": Library(start(url, search=False), start(url, (), tenant=IMPORT_TENANT, search=False)),
    }
    try:
        operations = [operation for operation in OPERATIONS if operation.name in wanted]
        inputs = Inputs(size)
        agreement.check(operations, variants, inputs, size, url)
        if operations:
            yield compare(operations, variants, inputs, size, dialect)
        if "import" in wanted:
            yield bulk.imports(variants, url, size, dialect)
    finally:
        for variant in variants.values():
            variant.close()
    if "file" in wanted:
        yield bulk.files(url, size, dialect)
    if "plugins" in wanted:
        yield extras.idle_plugins(url, size, dialect)
    if "start" in wanted:
        yield processes.starting(url, size, dialect)


if __name__ == "__main__":
    main()
