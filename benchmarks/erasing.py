"""Erasure: what it costs to forget a person with many interactions, to plan that, and to tell all that is known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from benchmarks.contacts import ADMIN
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Person, Ref

__all__ = ["erasing"]

INTERACTIONS: Final = {"full": 10_000, "smoke": 100}
OTHERS: Final = {"full": 20_000, "smoke": 100}
"""Interactions of somebody else, which are left alone."""


def erasing(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure it in a database of its own."""
    count = INTERACTIONS[size.name]
    with database(dialect) as url:
        prepare(url, ())
        with start(url, ()) as crm:
            figures = _figures(crm, _person(crm, count), count, OTHERS[size.name])
    title = f"Erasing on {dialect}: a person with {count:,} interactions"
    yield Table(title=title, rows=[("erase", figures)], note="", place=dialect)


def _person(crm: CRM, count: int) -> UUID:
    with crm.begin(ADMIN) as uow:
        party = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"]).id
        for number in range(count):
            uow.interactions.record(party=party, channel="phone", summary=f"call {number}", body=f"said {number}")
    return party


def _figures(crm: CRM, party: UUID, count: int, others: int) -> list[Figure]:
    _person(crm, others)
    ref = Ref("party", party)
    took = []
    for what in (_plan, _tell, _erase):
        began = time.perf_counter()
        what(crm, ref, count)
        took.append(time.perf_counter() - began)
    plan, tell, erase = took
    return [
        Figure(label="plan", value=plan, unit="s"),
        Figure(label="tell all", value=tell, unit="s"),
        Figure(label="erase", value=erase, unit="s"),
        Figure(label="records erased", value=count / erase, unit="/s"),
    ]


def _plan(crm: CRM, ref: Ref, count: int) -> None:
    with crm.begin(ADMIN, read_only=True) as uow:
        assert uow.erasure.plan(ref).records > count


def _tell(crm: CRM, ref: Ref, count: int) -> None:
    with crm.begin(ADMIN, read_only=True) as uow:
        assert sum(1 for _ in uow.erasure.subject(ref)) > count


def _erase(crm: CRM, ref: Ref, count: int) -> None:
    with crm.begin(ADMIN) as uow:
        assert uow.erasure.erase(ref, "measured").plan.records > count
