"""Custom fields: what a filter over one costs beside one over a real column, and what they add to creating a party."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any, Final

from benchmarks.contacts import ADMIN, TENANT
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.measuring import measure, median_ratio, typical
from benchmarks.raw import IMPORT_TENANT
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Criteria, Money, Person, f

__all__ = ["custom"]

PEOPLE: Final = {"full": 100_000, "smoke": 500}
BATCH: Final = 2_000
FIELDS: Final[dict[str, tuple[Any, Any]]] = {
    "size": ("number", 42),
    "rate": ("decimal", Decimal("12.5")),
    "budget": ("money", Money("12000", "EUR")),
    "colour": ("choice", "red"),
    "note": ("text", "roof"),
}
"""Key to kind and value of the five fields that a party is created with."""


def custom(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure filters and creation, in a database of its own."""
    with database(dialect) as url:
        prepare(url, (), tenants=(TENANT, IMPORT_TENANT))
        with start(url, ()) as crm, start(url, (), tenant=IMPORT_TENANT) as other:
            people = PEOPLE[size.name]
            yield Table(
                title=f"Finding one of {people:,} parties by a text on {dialect}",
                rows=[("find", _filtering(crm, size, people))],
                note="The real column is sort_name, which has an index; the custom field holds the same texts.",
                place=dialect,
            )
            yield Table(
                title=f"Creating a party with custom fields on {dialect}",
                rows=[("create", _creating(other, crm, size))],
                note="The tenant has no definitions, or five; then a party is given no value, or five.",
                place=dialect,
            )


def _filtering(crm: CRM, size: Size, people: int) -> list[Figure]:
    with crm.begin(ADMIN) as uow:
        for key in ("code", "bare"):
            uow.custom_fields.define("party", key, "text", index=key == "code")
    for first in range(0, people, BATCH):
        with crm.begin(ADMIN) as uow:
            uow.parties.add_many([_person(n) for n in range(first, min(first + BATCH, people))])
    crm.custom_fields.index("party", "code")
    numbers = count()

    def find(field: str) -> None:
        wanted = f"p{next(numbers) * 7919 % people}"
        where: Criteria = {"column": f.sort_name, "index": f.custom.code, "scan": f.custom.bare}[field] == wanted
        with crm.begin(ADMIN, read_only=True) as uow:
            assert len(uow.find(Person, where, order="id", limit=10)) == 1

    repeat = max(2, int(100 * size.effort))
    ways = {way: partial(find, way) for way in ("column", "index")}
    samples = measure(ways, repeat=repeat, rounds=size.rounds, warm=5)
    scan = measure({"scan": partial(find, "scan")}, repeat=1, rounds=size.rounds)
    column, index = typical(samples["column"]), typical(samples["index"])
    return [
        Figure(label="real column", value=column.wall * 1e3, unit="ms"),
        Figure(label="custom, index", value=index.wall * 1e3, unit="ms"),
        Figure(label="times", value=index.wall / column.wall, unit="x"),
        Figure(label="custom, no index", value=typical(scan["scan"]).wall * 1e3, unit="ms"),
    ]


def _person(n: int) -> Person:
    return Person(given_name=f"P{n}", custom={"code": f"p{n}", "bare": f"p{n}"})


def _creating(without: CRM, with_fields: CRM, size: Size) -> list[Figure]:
    with with_fields.begin(ADMIN) as uow:
        for key in ("code", "bare"):
            uow.custom_fields.remove("party", key)
        for key, (kind, _) in FIELDS.items():
            uow.custom_fields.define("party", key, kind, choices=["red", "blue"] if kind == "choice" else ())

    def create(crm: CRM, values: dict[str, Any]) -> None:
        with crm.begin(ADMIN) as uow:
            uow.parties.add(Person(given_name="Ida", family_name="Berg", custom=values))

    ways = {
        "none": partial(create, without, {}),
        "unused": partial(create, with_fields, {}),
        "five": partial(create, with_fields, {key: value for key, (_, value) in FIELDS.items()}),
    }
    repeat = max(2, int(60 * size.effort))
    samples = measure(ways, repeat=repeat, rounds=size.rounds, warm=5)
    return [
        Figure(label="no definitions CPU", value=typical(samples["none"]).cpu * 1e6, unit="us"),
        Figure(label="five, unused", value=(median_ratio(samples["unused"], samples["none"]) - 1) * 100, unit="% more"),
        Figure(label="five values", value=(median_ratio(samples["five"], samples["none"]) - 1) * 100, unit="% more"),
    ]
