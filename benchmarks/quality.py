"""Data quality: what rules cost whoever creates a party, and how fast scores are rebuilt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Final

from attrs import evolve

from benchmarks.contacts import ADMIN, TENANT, contact
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.measuring import measure, median_ratio, typical
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Person

__all__ = ["quality"]

GOAL: Final = 1.5
REBUILT: Final = {"full": 20_000, "smoke": 200}
_NEITHER: Final = "neither search nor rules"
_TENANTS: Final = {
    _NEITHER: TENANT,
    "search": TENANT,
    "search, and four rules": "ruled",
    "search, and four rules that block": "strict",
}
_UNIT: Final = 1_000
_BLOCK: Final = 47


def quality(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure creating a person with an e-mail address and a phone number, with and without search and rules."""
    numbers = count()
    with database(dialect) as url:
        prepare(url, tenants=tuple(dict.fromkeys(_TENANTS.values())))
        crms = {name: start(url, tenant=tenant, search=name != _NEITHER) for name, tenant in _TENANTS.items()}
        for name, crm in crms.items():
            if "rules" in name and name != _NEITHER:
                _activate(crm, block="block" in name)

        def create(crm: CRM) -> None:
            one = contact(next(numbers), block=_BLOCK)
            with crm.begin(ADMIN) as uow:
                person = Person(id=one.id, given_name=one.given_name, family_name=one.family_name, language="nb")
                uow.parties.add(person, emails=[one.email], phones=[one.phone])

        ways = {name: partial(create, crm) for name, crm in crms.items()}
        samples = measure(ways, repeat=max(2, int(100 * size.effort)), rounds=max(size.rounds, 5), warm=5)
        rows = []
        for name, found in samples.items():
            ratio = median_ratio(found, samples[_NEITHER])
            figures = [
                Figure(label="CPU", value=typical(found).cpu * 1e6, unit="us"),
                Figure(label="wall", value=typical(found).wall * 1e6, unit="us"),
                Figure(label="times without", value=ratio, unit="", goal=GOAL),
            ]
            rows.append((name, figures))
        yield Table(title=f"Creating a party with search and rules of quality on {dialect}", rows=rows, place=dialect)
        yield _rebuilding(crms["search, and four rules"], REBUILT[size.name], numbers, dialect)
        for crm in crms.values():
            crm.close()


def _activate(crm: CRM, *, block: bool) -> None:
    with crm.begin(ADMIN) as uow:
        for rule in uow.quality.rules("party"):
            uow.quality.change_rule(evolve(rule, active=True, level="block" if block else "warn"))


def _rebuilding(crm: CRM, many: int, numbers: Iterator[int], dialect: Dialect) -> Table:
    for _ in range(0, many, _UNIT):
        with crm.begin(ADMIN) as uow:
            for _ in range(min(_UNIT, many)):
                one = contact(next(numbers), block=_BLOCK)
                uow.parties.add(Person(id=one.id, given_name=one.given_name, family_name=one.family_name))
    began = time.perf_counter()
    scored = crm.rebuild_quality(tenant=_TENANTS["search, and four rules"])
    took = time.perf_counter() - began
    figures = [Figure(label="wall", value=took, unit="s"), Figure(label="rate", value=scored / took, unit="/s")]
    return Table(title=f"Scoring anew on {dialect}", rows=[(f"{scored:,} parties", figures)], place=dialect)
