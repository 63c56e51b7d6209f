"""History: what it costs to bring a record back, to take an import back, and to merge parties and take them apart."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from attrs import evolve

from benchmarks.bulk import write_people
from benchmarks.contacts import ADMIN, contacts
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Person, Ref
from crmkit.plugins.exchange import Exchange, Importer
from crmkit.plugins.exchange.manifest import MANIFEST as EXCHANGE

__all__ = ["history"]

ROWS: Final = {"full": 10_000, "smoke": 200}
INTERACTIONS: Final = {"full": 10_000, "smoke": 100}
ROUNDS: Final = {"full": 3, "smoke": 1}
VERSIONS: Final = 50
TAKE_BACK_GOAL: Final = 2.0
"""Times that the import took."""
_BLOCK: Final = 51
R = TypeVar("R")


class Spent(NamedTuple):
    """Seconds that went by, and seconds that this process computed."""

    wall: float
    cpu: float


def history(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure restore, import take-back and merge, in a database of its own."""

    def table(title: str, *rows: tuple[str, list[Figure]], note: str = "") -> Table:
        return Table(title=f"History on {dialect}: {title}", rows=rows, note=note, place=dialect)

    with database(dialect) as url:
        prepare(url, (EXCHANGE,))
        with start(url, (EXCHANGE,)) as crm:
            yield table(f"restoring a party with {VERSIONS} versions", ("restore", _restoring(crm, size)))
            note = "Wall-clock time. Taking back counts the rows of the file, each a person with e-mail and phone."
            yield table(f"an import of {ROWS[size.name]:,} rows", ("import", _taking_back(crm, size)), note=note)
            title = f"two parties with {INTERACTIONS[size.name]:,} interactions each"
            yield table(title, ("merge", _merging(crm, size)))


def _timed(do: Callable[[], R]) -> tuple[Spent, R]:
    """What it took, and what it answered."""
    gc.collect()
    began, computed = time.perf_counter(), time.process_time()
    answer = do()
    return Spent(time.perf_counter() - began, time.process_time() - computed), answer


# -- restore ----------------------------------------------------------------------------------------------------------


def _restoring(crm: CRM, size: Size) -> list[Figure]:
    """A party whose name, mechanisms and roles were changed in turn, brought back to each of its first versions."""
    with crm.begin(ADMIN) as uow:
        party = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    for number in range(1, VERSIONS):
        with crm.begin(ADMIN) as uow:
            if number % 3:
                uow.parties.update(evolve(uow.get(Person, party.id), nickname=f"n{number}"))
            else:
                uow.parties.add_email(party.id, f"ida{number}@berg.example")
    ref = Ref("party", party.id)
    took = [_timed(partial(_restore, crm, ref, version))[0] for version in range(1, 3 + int(20 * size.effort))]
    return [
        Figure(label="wall", value=median(spent.wall for spent in took) * 1e3, unit="ms"),
        Figure(label="CPU", value=median(spent.cpu for spent in took) * 1e3, unit="ms"),
    ]


def _restore(crm: CRM, ref: Ref, version: int) -> None:
    with crm.begin(ADMIN) as uow:
        assert uow.history.restore(ref, version).changes


# -- import take-back -------------------------------------------------------------------------------------------------


def _taking_back(crm: CRM, size: Size) -> list[Figure]:
    rows, importer = ROWS[size.name], Importer(crm, actor=ADMIN)
    forth, back, planned = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        for number in range(1 + ROUNDS[size.name]):  # the first one warms up
            write_people(path, contacts(number * rows, rows, block=_BLOCK))
            there, report = _timed(partial(importer.run, path))
            assert report.added == rows
            forth.append(there)
            planned.append(_timed(partial(_plan, crm, report.import_id))[0])
            back.append(_timed(partial(_take_back, crm, report.import_id))[0])
    pairs = list(zip(forth, back, planned, strict=True))[1:]
    return [
        Figure(label="import", value=median(rows / there.wall for there, _, _ in pairs), unit="rows/s"),
        Figure(label="taking back", value=median(rows / undone.wall for _, undone, _ in pairs), unit="rows/s"),
        Figure(
            label="times the import",
            value=median(undone.wall / there.wall for there, undone, _ in pairs),
            goal=TAKE_BACK_GOAL,
        ),
        Figure(label="times its CPU", value=median(undone.cpu / there.cpu for there, undone, _ in pairs)),
        Figure(label="dry run", value=median(rows / plan.wall for _, _, plan in pairs), unit="rows/s"),
    ]


def _plan(crm: CRM, import_: UUID) -> None:
    with crm.begin(ADMIN, read_only=True) as uow:
        assert uow.use(Exchange).plan_take_back(import_).changes


def _take_back(crm: CRM, import_: UUID) -> None:
    with crm.begin(ADMIN) as uow:
        uow.use(Exchange).take_back(import_)


# -- merge ------------------------------------------------------------------------------------------------------------


def _merging(crm: CRM, size: Size) -> list[Figure]:
    count, merges, undos = INTERACTIONS[size.name], [], []
    with crm.begin(ADMIN) as uow:
        two = [uow.parties.add(Person(given_name="Ida", family_name="Berg")).id for _ in range(2)]
        for party in two:
            for number in range(count):
                uow.interactions.record(party=party, channel="phone", summary=f"call {number}")
    for _ in range(ROUNDS[size.name]):  # once they are taken apart, they are as they were
        merge, unit = _timed(partial(_merge, crm, *two))
        merges.append(merge)
        undos.append(_timed(partial(_undo, crm, unit))[0])
    return [
        Figure(label="merge", value=median(spent.wall for spent in merges), unit="s"),
        Figure(label="rows re-pointed", value=median(count / spent.wall for spent in merges), unit="/s"),
        Figure(label="merge CPU", value=median(spent.cpu for spent in merges), unit="s"),
        Figure(label="un-merge", value=median(spent.wall for spent in undos), unit="s"),
        Figure(label="un-merge CPU", value=median(spent.cpu for spent in undos), unit="s"),
    ]


def _merge(crm: CRM, loser: UUID, winner: UUID) -> UUID:
    with crm.begin(ADMIN) as uow:
        uow.parties.merge(loser, winner)
        return uow.id


def _undo(crm: CRM, unit: UUID) -> None:
    with crm.begin(ADMIN) as uow:
        uow.history.undo(unit)
