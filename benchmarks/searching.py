"""Search against a scan, making what is searched anew, and what keeping it costs whoever adds a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

from attrs import evolve
from sqlalchemy import Connection, bindparam, func, select

from benchmarks import dataset
from benchmarks.contacts import ADMIN, TENANT, contact
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.measuring import measure, typical
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Person, UnitOfWork
from crmkit.core.kernel.search.tables import search_table

__all__ = ["searching"]

_BLOCK: Final = 47
_SCAN: Final = select(func.count()).where(
    search_table.c.tenant_id == bindparam("tenant"), search_table.c.text.like(bindparam("pattern"))
)
"""Looks at the very same texts, one after the other."""


def searching(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure search over all people of the size; there are few interactions and deals, which take part in it."""
    with database(dialect) as url:
        prepare(url)
        dataset.load(url, evolve(size, interactions=size.people // 100, deals=size.people // 100))
        crm = start(url)
        began = time.perf_counter()
        written = crm.search.rebuild(tenant=TENANT)
        rate = written / (time.perf_counter() - began)
        if dialect == "postgresql":
            with crm.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        with crm.begin(ADMIN, read_only=True) as uow, crm.engine.connect() as connection:
            rows = [(label, _compared(uow, connection, text, size)) for label, text in _terms(size)]
        yield Table(title=f"Search of {size.people:,} people on {dialect}, against LIKE", rows=rows, place=dialect)
        crm.close()
        rebuilding = [Figure(label="documents", value=written, unit=""), Figure(label="rate", value=rate, unit="per s")]
        yield Table(title=f"Rebuilding search on {dialect}", rows=[("all", rebuilding)], place=dialect)
        yield Table(title=f"Adding a person on {dialect}", rows=[("one by one", _added(url, size))], place=dialect)


def _terms(size: Size) -> Iterator[tuple[str, str]]:
    someone = contact(size.people // 3)
    yield "a name", someone.name
    yield "a part of an address", someone.email[2:-3]
    yield "a phone number", someone.phone[3:]
    yield "a part of a number", someone.phone[5:]
    yield "a family name of thousands", someone.family_name
    yield "a part of a family name of thousands", someone.family_name[1:]
    yield "a name and the beginning of another", f"{someone.given_name} {someone.family_name[:3]}"
    yield "what all addresses end with", someone.email.partition("@")[2]
    yield "one letter", someone.given_name[0]
    yield "a part of numbers of thousands, all old", f"{contact(0).phone[3:5]}00"
    yield "nobody", "qxzzyq"


def _compared(uow: UnitOfWork, connection: Connection, text: str, size: Size) -> list[Figure]:
    pattern = f"%{text.lower().split()[-1].replace('@', ' ').replace('.', ' ')}%"

    def search() -> object:
        return uow.search.find(text, limit=20)

    def scan() -> object:
        return connection.execute(_SCAN, {"tenant": TENANT, "pattern": pattern}).scalar_one()

    ways: dict[str, Callable[[], object]] = {"search": search, "scan": scan}
    samples = measure(ways, repeat=2, rounds=size.rounds)
    found, scanned = typical(samples["search"]).wall, typical(samples["scan"]).wall  # of which a server does much
    return [
        Figure(label="search", value=found * 1e3, unit="ms"),
        Figure(label="LIKE", value=scanned * 1e3, unit="ms"),
        Figure(label="faster", value=scanned / found, goal=20, better="more"),
    ]


def _added(url: str, size: Size) -> list[Figure]:
    """A person with an e-mail address and a phone number, in a unit of its own, with and without search."""
    numbers = count()
    with_search, without = start(url), start(url, search=False)

    def adding(crm: CRM) -> Callable[[], Any]:
        def add() -> None:
            one = contact(next(numbers), block=_BLOCK)
            with crm.begin(ADMIN) as uow:
                person = Person(id=one.id, given_name=one.given_name, family_name=one.family_name)
                uow.parties.add(person, emails=[one.email], phones=[one.phone])

        return add

    repeat = max(3, int(40 * size.effort))
    ways = {"with": adding(with_search), "without": adding(without)}
    samples = measure(ways, repeat=repeat, rounds=size.rounds)
    took, less = typical(samples["with"]).wall, typical(samples["without"]).wall
    with_search.close()
    without.close()
    return [
        Figure(label="with search", value=took * 1e6, unit="us"),
        Figure(label="without", value=less * 1e6, unit="us"),
        Figure(label="wall", value=took / less, goal=1.5),
    ]
