"""Jobs: how fast they run, how soon, what it costs to write one, and what a worker costs that has nothing to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from statistics import median, quantiles
from typing import Any, Final

from sqlalchemy import event

from benchmarks.contacts import ADMIN, TENANT
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.measuring import measure, typical
from benchmarks.plugins import OUTBOX
from benchmarks.raw import job_payload
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Person, new_id
from crmkit.core.kernel.jobs.queries import DUE, INSERT, blank

__all__ = ["jobs"]

QUEUED: Final = {"full": 100_000, "smoke": 500}
RUN: Final = {"full": 2_000, "smoke": 50}
LATE: Final = {"full": 200, "smoke": 5}
IDLE: Final = {"full": 60.0, "smoke": 1.0}  # seconds
TENANTS: Final = {"full": 10_000, "smoke": 100}
_BLOCK: Final = 5_000
_WORKER: Final = """
import sys, time
from benchmarks.deployment import start
crm = start({url!r})
crm.jobs.run_once(limit=10)
print("ready", flush=True)
sys.stdin.readline()
began = time.perf_counter()
ran = crm.jobs.run_once(limit={limit})
print(ran / (time.perf_counter() - began), flush=True)
"""
_HOST: Final = """
from benchmarks.deployment import start
crm = start({url!r})
crm.jobs.start()
print("ready", flush=True)
input()
"""


def jobs(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure the embedded runner, in a database of its own, with jobs that do nothing."""

    def table(title: str, *rows: tuple[str, list[Figure]]) -> Table:
        return Table(title=f"Jobs on {dialect}: {title}", rows=rows, place=dialect)

    queued, tenants = QUEUED[size.name], TENANTS[size.name]
    with database(dialect) as url:
        prepare(url)
        crm = start(url)
        yield table("a durable subscriber to a party that is added costs", ("one more", _writing(url, size)))
        yield table("an idle worker", ("nothing due", _idle(crm, size)))
        late = [("a thread of the host", None), ("another process", url)]
        yield table("from commit to beginning", *((place, _latency(crm, size, other=other)) for place, other in late))
        crm.jobs.run_once()
        looks = [("1 tenant", _looking(crm))]
        _queue(crm, queued)
        yield table(
            f"{queued:,} queued", *((f"{workers} at work", _throughput(url, workers, size)) for workers in (1, 2))
        )
        _many_tenants(crm, tenants)
        looks.append((f"{tenants:,} tenants", _looking(crm)))
        yield table("one look at all tenants", *looks)
        crm.close()


def _writing(url: str, size: Size) -> list[Figure]:
    """Adding a party with and without a durable subscriber to it."""
    ways = {"with": start(url), "without": start(url, ())}
    numbers = count()

    def add(crm: CRM) -> None:
        with crm.begin(ADMIN) as uow:
            uow.parties.add(Person(given_name=f"n{next(numbers)}"))

    samples = measure({n: partial(add, c) for n, c in ways.items()}, repeat=int(100 * size.effort), rounds=size.rounds)
    for crm in ways.values():
        crm.close()
    spent = {name: typical(found) for name, found in samples.items()}
    return [
        Figure(label="CPU", value=(spent["with"].cpu - spent["without"].cpu) * 1e6, unit="us"),
        Figure(label="wall", value=(spent["with"].wall - spent["without"].wall) * 1e6, unit="us"),
        Figure(label="CPU, times without", value=spent["with"].cpu / spent["without"].cpu),
    ]


def _looking(crm: CRM) -> list[Figure]:
    transact = crm.jobs._workshop.transact  # noqa: SLF001  # what a runner does
    took = []
    for _ in range(20):
        began = time.perf_counter()
        transact(lambda db: db.rows(DUE, {}), read_only=True)
        took.append(time.perf_counter() - began)
    return [Figure(label="wall", value=median(took) * 1e6, unit="us")]


def _idle(crm: CRM, size: Size) -> list[Figure]:
    """Statements a minute of a worker with nothing to do."""
    crm.jobs.run_once()
    crm.jobs.start()
    time.sleep(IDLE[size.name] / 4)  # until it has come to rest
    sent: list[str] = []

    def note(*said: Any) -> None:
        sent.append(said[2])

    event.listen(crm.engine, "before_cursor_execute", note)
    began = time.process_time()
    time.sleep(IDLE[size.name])
    spent = time.process_time() - began
    event.remove(crm.engine, "before_cursor_execute", note)
    crm.jobs.stop()
    minutes = IDLE[size.name] / 60
    return [
        Figure(label="statements a minute", value=len(sent) / minutes, unit=""),
        Figure(label="CPU a minute", value=spent / minutes * 1e3, unit="ms"),
    ]


def _latency(crm: CRM, size: Size, *, other: str | None) -> list[Figure]:
    """From the commit of an event to the beginning of its job, one at a time."""
    crm.jobs.run_once()
    host = None
    if other is None:
        crm.jobs.start()
    else:
        host = _process(_HOST.format(url=other))
    time.sleep(2)
    took = []
    for _ in range(LATE[size.name]):
        with crm.begin(ADMIN) as uow:
            uow.parties.add(Person(given_name="Late"))
        committed = crm.runtime.clock.now()
        while (job := crm.jobs.list(limit=1)[0]).finished_at is None:
            time.sleep(0.001)
        took.append((job.finished_at - committed).total_seconds() * 1e3)
        time.sleep(0.02)
    crm.jobs.stop()
    if host is not None:
        host.communicate("\n")
    return [
        Figure(label="median", value=median(took), unit="ms"),
        Figure(label="95 %", value=quantiles(took, n=20)[-1], unit="ms"),
    ]


def _throughput(url: str, workers: int, size: Size) -> list[Figure]:
    """Jobs a second of so many processes, together."""
    running = [_process(_WORKER.format(url=url, limit=RUN[size.name])) for _ in range(workers)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    rates = [float(process.communicate()[0]) for process in running]
    return [
        Figure(label="rate", value=sum(rates), unit="/s"),
        Figure(label="a job", value=1e3 * workers / sum(rates), unit="ms"),
    ]


def _process(code: str) -> subprocess.Popen[str]:
    """A process that has said that it is ready."""
    process = subprocess.Popen(  # noqa: S603  # a program of our own
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _queue(crm: CRM, many: int) -> None:
    """Write so many jobs, each about a record of its own."""
    now, stamp = crm.runtime.clock.now(), "2026-03-02T09:00:00.000000Z"
    said = {"kind": "event", "name": "PartyAdded", "plugin": OUTBOX.id, "handler": "benchmarks.plugins:forward"}
    for first in range(0, many, _BLOCK):
        rows = []
        for _ in range(min(_BLOCK, many - first)):
            party, unit = new_id(), new_id()
            payload = job_payload(unit, {"party": str(party), "kind": "person"}, stamp)
            about = {"record_id": party, "record_version": 1, "unit_id": unit, "actor_id": ADMIN}
            rows.append({**blank(TENANT, new_id(), now), **said, **about, "payload": json.loads(json.dumps(payload))})
        crm.jobs._workshop.transact(partial(_write, rows))  # noqa: SLF001  # what units do, many at a time
    if crm.engine.dialect.name == "postgresql":
        with crm.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE crm_job")


def _write(rows: list[dict[str, Any]], db: Any) -> None:
    db.run_many(INSERT, rows)


def _many_tenants(crm: CRM, many: int) -> None:
    with crm.engine.begin() as connection:
        stamp = "2026-03-02T09:00:00.000000Z"
        flag = "true" if connection.dialect.name == "postgresql" else "1"
        for n in range(many):
            connection.exec_driver_sql(
                "INSERT INTO crm_tenant (tenant_id, name, active, created_at, policy_generation, plugin_generation) "
                f"VALUES ('many-{n}', 'many', {flag}, '{stamp}', 1, 1)"
            )
