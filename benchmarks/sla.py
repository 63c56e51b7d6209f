"""Promised times: counting all open cases anew after a policy or a calendar has changed, and counting one of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from attrs import evolve
from sqlalchemy import insert

from benchmarks.contacts import ADMIN, TENANT
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Person, new_id
from crmkit.plugins.service_desk import Case, Promises
from crmkit.plugins.service_desk.cases.tables import case_table, stay_table
from crmkit.plugins.service_desk.manifest import MANIFEST
from crmkit.plugins.service_desk.sla.counting import Terms, counted
from crmkit.plugins.service_desk.sla.rules import Pause

__all__ = ["sla"]

CASES: Final = {"full": 100_000, "smoke": 500}
COUNTED: Final = 20_000
_BLOCK: Final = 5_000
_OFFICE: Final = [["08:00-12:00", "12:30-16:00"]] * 5 + [[], []]
_MINUTE: Final = timedelta(minutes=1)


def sla(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure a recount of open cases, of which every fourth has waited for its party once."""
    many = CASES[size.name]
    with database(dialect) as url:
        prepare(url, (MANIFEST,))
        crm = start(url, (MANIFEST,))
        _fill(crm, many)
        rows = [("promised for the first time", _recount(crm))]
        with crm.begin(ADMIN) as uow:
            policy = uow.use(Promises).policies()[0]
            uow.use(Promises).edit_policy(evolve(policy, resolution=60 * 12))
        rows.append(("after a policy has changed", _recount(crm)))
        with crm.begin(ADMIN) as uow:
            calendar = uow.use(Promises).calendars()[0]
            uow.use(Promises).edit_calendar(evolve(calendar, days={"1999-12-24": ""}))
        rows.append(("after a day off long ago", _recount(crm)))
        yield Table(title=f"Recounting {many:,} open cases on {dialect}", rows=rows, place=dialect)
        if dialect == "sqlite":
            yield Table(title="Counting one case, without a database", rows=[("counted", _counting(crm))])
        crm.close()


def _fill(crm: CRM, many: int) -> None:
    """Open cases of one party over the last months, every fourth with a pause; and what is promised to them."""
    with crm.begin(ADMIN) as uow:
        party = uow.parties.add(Person(given_name="Ida", family_name="Berg")).id
        promises = uow.use(Promises)
        promises.add_calendar("office", label="Office", week=_OFFICE, timezone="Europe/Oslo", country="NO")
        promises.add_policy("All", first_response=4 * 60 * _MINUTE, resolution=40 * 60 * _MINUTE)
    now = datetime.now(UTC)
    for first in range(0, many, _BLOCK):
        numbers = range(first + 1, min(first + _BLOCK, many) + 1)
        cases = [_case(number, party, now) for number in numbers]
        stays = [_stay(case["id"], case["opened_at"]) for case in cases if case["number"] % 4 == 0]
        with crm.engine.begin() as connection:
            connection.execute(insert(case_table), cases)
            connection.execute(insert(stay_table), stays)


def _case(number: int, party: UUID, now: datetime) -> dict[str, Any]:
    opened = now - (number * 7 % 90_000) * _MINUTE
    common = dict.fromkeys((c.name for c in case_table.columns), None)
    said = {"tenant_id": TENANT, "id": new_id(), "number": number, "party_id": party, "kind": "question", "body": ""}
    said |= {"subject": f"Case {number}", "details": {}, "status": "open", "priority": "normal", "opened_at": opened}
    stamps = {"version": 1, "created_at": opened, "updated_at": opened, "custom": {}, "reopened": 0, "alerts": []}
    return {**common, **said, **stamps}


def _stay(case: UUID, opened: datetime) -> dict[str, Any]:
    said = {"tenant_id": TENANT, "id": new_id(), "case_id": case, "status": "waiting", "entered_by": ADMIN}
    times = {"entered_at": opened + 30 * _MINUTE, "left_at": opened + 300 * _MINUTE, "reason": None}
    return {**said, **times, "version": 1, "created_at": opened, "updated_at": opened, "custom": {}}


def _recount(crm: CRM) -> list[Figure]:
    began, longest, done = time.perf_counter(), 0.0, None
    while done is None:
        unit = time.perf_counter()
        with crm.begin(ADMIN) as uow:
            state = uow.use(Promises).recount()
        longest, done = max(longest, time.perf_counter() - unit), state.done_at
    took = time.perf_counter() - began
    return [
        Figure(label="wall", value=took, unit="s"),
        Figure(label="rate", value=state.cases / took, unit="/s"),
        Figure(label="changed", value=state.changed, unit=""),
        Figure(label="longest unit", value=longest, unit="s"),
    ]


def _counting(crm: CRM) -> list[Figure]:
    with crm.begin(ADMIN, read_only=True) as uow:
        terms = Terms.of(uow.use(Promises).policies(), uow.use(Promises).calendars())
    now = datetime.now(UTC)
    opened = [now - (number * 7 % 90_000) * _MINUTE for number in range(COUNTED)]
    cases = [Case(number=1, party_id=new_id(), subject="Case", opened_at=at) for at in opened]
    pauses = [(Pause(at + 30 * _MINUTE, at + 300 * _MINUTE),) for at in opened]
    began = time.perf_counter()
    for case, off in zip(cases, pauses, strict=True):
        counted(case, terms, off, now)
    return [Figure(label="wall", value=(time.perf_counter() - began) / COUNTED * 1e6, unit="us")]
