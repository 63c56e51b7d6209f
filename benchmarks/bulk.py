"""Importing many people whose values are normalised already, and what memory that takes; importing them from a file."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.contacts import ADMIN, Contact, contacts
from benchmarks.databases import Dialect
from benchmarks.deployment import prepare, start
from benchmarks.library import Library
from benchmarks.measuring import measure, typical
from benchmarks.raw import IMPORT_TENANT
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from benchmarks.variants import BATCH, Variant
from crmkit.plugins.exchange import Importer, Settings
from crmkit.plugins.exchange.drafting import Drafter
from crmkit.plugins.exchange.manifest import MANIFEST as EXCHANGE
from crmkit.plugins.exchange.opening import opened

__all__ = ["files", "imports", "peak", "write_people"]

RATE_GOALS = {"sqlite": 0.4, "postgresql": 0.6}
MEMORY_GOAL = 20.0
_WARM, _BLOCK, _MEMORY_BLOCK, _FILE_BLOCK = 2, 23, 24, 25


def imports(variants: dict[str, Variant], url: str, size: Size, dialect: Dialect) -> Table:
    """Measure the import: people per second, and the growth of memory in a process of its own."""
    numbers = count()
    amounts = {name: size.imported // (5 if name == "orm" else 1) for name in variants}  # the ORM takes its time

    waiting: list[Contact] = []

    def ready(name: str) -> None:
        waiting[:] = contacts(next(numbers) * size.imported, amounts[name], block=_BLOCK)

    rounds = max(2, size.rounds // 2)
    ways = {name: partial(variant.import_people, waiting) for name, variant in variants.items()}
    samples = measure(ways, repeat=1, rounds=rounds, warm=1, ready=ready)
    rates = {name: amounts[name] / typical(samples[name]).cpu for name in variants}
    wall = amounts["crmkit"] / typical(samples["crmkit"]).wall
    shares = [
        (amounts["crmkit"] / ours.cpu) / (amounts["raw"] / raw.cpu)
        for ours, raw in zip(samples["crmkit"], samples["raw"], strict=True)
    ]
    figures = [
        *[Figure(label=f"{name} people / s of CPU", value=rate, unit="/s") for name, rate in rates.items()],
        Figure(label="crmkit people / s", value=wall, unit="/s"),
        Figure(label="crmkit / raw", value=median(shares), goal=RATE_GOALS[dialect], better="more"),
        Figure(label="crmkit / ORM", value=rates["crmkit"] / rates["orm"], goal=2.0, better="more"),
        Figure(label="memory growth", value=_growth(url, size.memory), unit="MB", goal=MEMORY_GOAL),
    ]
    title = f"Import of people with e-mail and phone on {dialect}, {size.name} size"
    note = (
        f"Batches of {BATCH:,}; values are normalised beforehand. Memory is that of importing {size.memory:,} people."
    )
    return Table(title=title, rows=[("import", figures)], note=note, place=dialect)


# -- a file, with all that an importer does ---------------------------------------------------------------------------


def files(url: str, size: Size, dialect: Dialect) -> Table:
    """Measure the import of a CSV file by `Importer`; beside it how much of that is reading and normalising it."""
    prepare(url, (EXCHANGE,), tenants=())
    rates, reading, drafting = [], [], []
    with start(url, (EXCHANGE,), tenant=IMPORT_TENANT) as crm, tempfile.TemporaryDirectory() as folder:
        importer, path = Importer(crm, actor=ADMIN), Path(folder) / "people.csv"
        for number in range(1 + max(2, size.rounds // 2)):
            write_people(path, contacts(number * size.imported, size.imported, block=_FILE_BLOCK))
            began = time.process_time()
            importer.run(path)
            rates.append(size.imported / (time.process_time() - began))
            read, drafted = _before_applying(path)
            reading.append(read / size.imported)
            drafting.append(drafted / size.imported)
    figures = [
        Figure(label="people / s of CPU", value=median(rates[1:]), unit="/s"),
        Figure(label="of that reading", value=median(reading[1:]) * 1e6, unit="us"),
        Figure(label="of that normalising", value=median(drafting[1:]) * 1e6, unit="us"),
    ]
    title = f"Import of a CSV file on {dialect}, {size.name} size"
    note = "Every row is looked for among the people that are there. Normalising includes making the records."
    return Table(title=title, rows=[("file", figures)], note=note, place=dialect)


def write_people(path: Path, people: Iterable[Contact]) -> None:
    """Write a CSV file of people with e-mail and phone."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("given name,family name,email,phone\n")
        file.writelines(f"{one.given_name},{one.family_name},{one.email},{one.phone}\n" for one in people)


def _before_applying(path: Path) -> tuple[float, float]:
    """Seconds of CPU that reading the rows of a file, and making records of them, take by themselves."""
    began = time.process_time()
    with opened(path, Settings()) as source:
        rows = list(source.rows())
        read = time.process_time()
        Drafter(source, region=None, allow_invalid=False).drafts(rows)
    return read - began, time.process_time() - read


# -- memory, in a process of its own ----------------------------------------------------------------------------------


def _growth(url: str, people: int) -> float:
    """By how many MB the memory of a process that imports ``people`` grows after its first batches."""
    command = [sys.executable, "-m", "benchmarks.bulk", url, str(people)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # our own module
    growth: float = json.loads(done.stdout)
    return growth


def _import_here(url: str, people: int) -> float:
    crm = start(url, (), tenant=IMPORT_TENANT)
    library = Library(crm, crm)
    library.import_people(contacts(0, _WARM * BATCH, block=_MEMORY_BLOCK))
    before = peak()
    library.import_people(contacts(_WARM * BATCH, people, block=_MEMORY_BLOCK))
    library.close()
    return peak() - before


def peak() -> float:
    """The most memory that this process ever had, in MB.

    Linux is asked for the mark of this program, since getrusage goes on counting from that of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        marks = [line.split()[1] for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM:")]
        return int(marks[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024)  # bytes on macOS


if __name__ == "__main__":
    print(json.dumps(_import_here(sys.argv[1], int(sys.argv[2]))))
