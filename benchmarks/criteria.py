"""A segment of three conditions over all interactions: by crmkit's criteria, by hand-written SQL, and by the ORM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from benchmarks import mapping as m
from benchmarks.contacts import ACTOR, ADMIN, TENANT
from benchmarks.databases import Dialect
from benchmarks.dataset import when
from benchmarks.deployment import start
from benchmarks.drivers import Driver
from benchmarks.measuring import Sample, measure
from benchmarks.raw import PARTY_COLUMNS
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Money, f, make_engine

__all__ = ["segments"]

AMOUNT: Final = Decimal(5_000)
NEWEST: Final = 0.1
"""The part of all interactions that is newer than the instant since which there was none."""
PAGE: Final = 50
_REPEAT: Final = {"page": 6, "page of a seller": 20, "count": 1}

Ask = Callable[[], object]


def segments(url: str, size: Size, dialect: Dialect) -> Table:
    """Measure a page and the count of those who have a large lead and of whom nothing was heard lately."""
    since = when(int(size.interactions * (1 - NEWEST)))
    ways: list[tuple[str, _Raw | _Orm | _Crmkit]] = [
        ("raw", _Raw(url, since)),
        ("orm", _Orm(url, since)),
        ("crmkit", _Crmkit(start(url), since)),
    ]
    rows = []
    try:
        for question, repeat in _REPEAT.items():
            asked = {name: way.asking(question) for name, way in ways}
            answers = [ask() for ask in asked.values()]
            assert answers[0]
            assert answers == [answers[0]] * len(answers), (question, answers)
            samples = measure(asked, repeat=max(1, int(repeat * size.effort)), rounds=size.rounds)
            rows.append((question, _figures(samples)))
    finally:
        for _, way in ways:
            way.close()
    title = f"A segment of three conditions over {size.interactions:,} interactions on {dialect}"
    note = (
        "Wall-clock time: people with a lead of 5,000 EUR or more and no interaction since the newest tenth began. "
        "Ratios are medians of each round's ratio."
    )
    return Table(title=title, rows=rows, note=note, place=dialect)


def _figures(samples: dict[str, list[Sample]]) -> list[Figure]:
    walls = {name: [sample.wall for sample in found] for name, found in samples.items()}
    figures = [Figure(label=name, value=median(found) * 1e3, unit="ms") for name, found in walls.items()]
    ratios = {
        name: median(a / b for a, b in zip(walls[above], walls[below], strict=True))
        for name, above, below in (("crmkit / raw", "crmkit", "raw"), ("ORM / crmkit", "orm", "crmkit"))
    }
    return [*figures, *(Figure(label=name, value=ratio) for name, ratio in ratios.items())]


class _Crmkit:
    def __init__(self, crm: CRM, since: datetime) -> None:
        self._crm = crm
        large_lead = f.deals.exists((f.stage == "lead") & (f.amount >= Money(AMOUNT, "EUR")))
        where = large_lead & ~f.interactions.exists(f.occurred_at >= since)
        with crm.begin(ADMIN) as uow:
            self._saved = uow.saved_criteria.save(
                "Quiet", "party", where & (f.kind == "person"), order="-updated_at"
            ).id
            uow.permissions.share("saved_criteria", self._saved, actor=ACTOR)

    def asking(self, question: str) -> Ask:
        return {
            "page": lambda: self._page(ADMIN),
            "page of a seller": lambda: self._page(ACTOR),
            "count": self._count,
        }[question]

    def _page(self, actor: str) -> Sequence[UUID]:
        with self._crm.begin(actor, read_only=True) as uow:
            return [party.id for party in uow.saved_criteria.find(self._saved, limit=PAGE)]

    def _count(self) -> int:
        with self._crm.begin(ADMIN, read_only=True) as uow:
            return uow.saved_criteria.count(self._saved)

    def close(self) -> None:
        self._crm.close()


class _Raw:
    def __init__(self, url: str, since: datetime) -> None:
        self._driver = Driver(url)
        where = (
            "FROM crm_party AS p WHERE p.tenant_id = ? AND p.kind = 'person' AND EXISTS (SELECT 1 FROM crm_deal AS d "
            "WHERE d.tenant_id = p.tenant_id AND d.party_id = p.id AND d.stage = 'lead' AND d.amount >= ? "
            "AND d.amount_currency = 'EUR') AND NOT EXISTS (SELECT 1 FROM crm_interaction AS i "
            "WHERE i.tenant_id = p.tenant_id AND i.party_id = p.id AND i.occurred_at >= ?)"
        )
        self._page_sql = self._driver.sql(
            f"SELECT {PARTY_COLUMNS} {where} ORDER BY p.updated_at DESC, p.id DESC LIMIT {PAGE + 1}"
        )
        own = where.replace("p.kind = 'person'", f"p.kind = 'person' AND p.owner_id = '{ACTOR}'")
        self._own_sql = self._page_sql.replace(self._driver.sql(where), self._driver.sql(own))
        self._count_sql = self._driver.sql(f"SELECT count(*) {where}")
        self._values = (TENANT, self._driver.money(AMOUNT), self._driver.at(since))

    def asking(self, question: str) -> Ask:
        return {
            "page": lambda: self._page(self._page_sql),
            "page of a seller": lambda: self._page(self._own_sql),
            "count": lambda: self._rows(self._count_sql)[0][0],
        }[question]

    def _page(self, sql: str) -> Sequence[UUID]:
        return [i if isinstance(i, UUID) else UUID(bytes=i) for i, *_ in self._rows(sql)[:PAGE]]

    def _rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        self._driver.begin(write=False)
        found = self._driver.rows(sql, self._values)
        self._driver.commit()
        return found

    def close(self) -> None:
        self._driver.close()


class _Orm:
    def __init__(self, url: str, since: datetime) -> None:
        self._engine = make_engine(url)
        self._reading = self._engine.execution_options(crmkit_begin="deferred")
        mapping = m.Mapping(self._engine, m.ALL)
        self._party: Any = mapping[m.Party]
        party, deal, interaction = self._party, mapping[m.Deal], mapping[m.Interaction]
        lead = select(deal.id).where(
            deal.tenant_id == TENANT,
            deal.party_id == party.id,
            deal.stage == "lead",
            deal.amount >= AMOUNT,
            deal.amount_currency == "EUR",
        )
        heard = select(interaction.id).where(
            interaction.tenant_id == TENANT, interaction.party_id == party.id, interaction.occurred_at >= since
        )
        self._where: tuple[ColumnElement[bool], ...] = (
            party.tenant_id == TENANT,
            party.kind == "person",
            lead.exists(),
            ~heard.exists(),
        )

    def asking(self, question: str) -> Ask:
        return {
            "page": self._page,
            "page of a seller": lambda: self._page(self._party.owner_id == ACTOR),
            "count": self._count,
        }[question]

    def _page(self, *more: ColumnElement[bool]) -> Sequence[UUID]:
        party = self._party
        latest = (party.updated_at.desc(), party.id.desc())
        with Session(self._reading) as session:
            found = session.scalars(select(party).where(*self._where, *more).order_by(*latest).limit(PAGE + 1))
            return [one.id for one in found.all()[:PAGE]]

    def _count(self) -> int:
        with Session(self._reading) as session:
            return session.scalar(select(func.count()).select_from(self._party).where(*self._where)) or 0

    def close(self) -> None:
        self._engine.dispose()
