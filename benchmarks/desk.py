"""The service desk: an agent's page among very many cases, opening and distributing them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, and_, event, insert, select

from benchmarks.contacts import ADMIN, TENANT
from benchmarks.databases import Dialect, database
from benchmarks.measuring import measure, typical
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Actor, Config, Person, new_id
from crmkit.plugins.service_desk import Case, ServiceDesk
from crmkit.plugins.service_desk.manifest import MANIFEST
from crmkit.plugins.service_desk.tables import ENTITIES
from crmkit.sdk import Permissions, Rule

__all__ = ["desk"]

CASES: Final = {"full": 1_000_000, "smoke": 2_000}
UNDER_WAY: Final = 20
"""One case in so many is under way; the others are closed."""
QUEUES, PARTIES, AGENTS = 20, 1_000, 10
BATCH: Final = 20_000
PAGE: Final = 50
OPENED: Final = datetime(2024, 1, 1, tzinfo=UTC)
TABLE: Final = next(one.table for one in ENTITIES if one.model is Case)
GOAL: Final = 4.0
"""The first issue's ratio for a filtered page."""

_actor: Any = Actor  # its converters take any iterables, which mypy takes for something else
_USERS: Final[dict[str, Actor]] = {
    ADMIN: _actor(id=ADMIN, roles=("administrator",)),
    **{f"a{n}": _actor(id=f"a{n}", roles=("team_agent",), teams=(f"t{n}",)) for n in range(AGENTS)},
}


def _users(_tenant: str, ids: Sequence[str]) -> dict[str, Actor]:
    return {id_: _USERS[id_] for id_ in ids if id_ in _USERS}


def desk(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure the plugin `service_desk`, in a database of its own."""
    cases = CASES[size.name]
    with database(dialect) as url:
        settings = {
            "database": {"url": url},
            "crmkit": {"default_tenant": TENANT, "plugins": [MANIFEST.id]},
            "search": {"enabled": False},
        }
        crm = CRM(Config.of(settings), manifests=[MANIFEST], actors=_users)
        crm.schema.upgrade()
        with crm:
            crm.tenants.create(TENANT)
            queues = _fill(crm, cases)
            yield _pages(crm, queues, size, dialect, cases)
            yield _opening(crm, size, dialect, cases)


def _fill(crm: CRM, cases: int) -> list[UUID]:
    """Queues, each of a team, and cases in them; written past the gate, since so many take their time."""
    with crm.begin(ADMIN) as uow:
        service = uow.use(ServiceDesk)
        teams = [uow.permissions.add_team(f"t{n}").key for n in range(AGENTS)]
        queues = [
            service.add_queue(f"q{n}", label=f"Queue {n}", team=teams[n % AGENTS], strategy="round_robin").id
            for n in range(QUEUES)
        ]
        parties = [uow.parties.add(Person(given_name="No.", family_name=str(n))).id for n in range(PARTIES)]
        rules = [
            Rule(effect="permit", permission=name, scope="team" if ".case." in name else "all")
            for name in ("service_desk.case.read", "service_desk.queue.read", "party.read")
        ]
        uow.use(Permissions).define_role("team_agent", rules)
    began = time.monotonic()
    with crm.engine.begin() as connection:
        for first in range(1, cases + 1, BATCH):
            rows = [_row(n, queues, parties) for n in range(first, min(first + BATCH, cases + 1))]
            connection.execute(insert(TABLE), rows)
    crm.schema.analyze()
    print(f"{cases:,} cases in {time.monotonic() - began:.0f} s", flush=True)
    with crm.begin(ADMIN) as uow:
        for n in range(AGENTS):
            uow.use(ServiceDesk).set_agent("q0", f"a{n}")
    return queues


def _row(number: int, queues: Sequence[UUID], parties: Sequence[UUID]) -> dict[str, Any]:
    opened = OPENED + timedelta(minutes=number)
    is_open = number % UNDER_WAY == 0
    queue = (number // UNDER_WAY) % QUEUES
    row: dict[str, Any] = {column.name: None for column in TABLE.columns}
    return row | {
        "tenant_id": TENANT,
        "id": new_id(),
        "number": number,
        "party_id": parties[number % PARTIES],
        "kind": "question",
        "subject": f"Case {number}",
        "body": "",
        "details": {},
        "status": "open" if is_open else "closed",
        "priority": "normal",
        "queue_id": queues[queue],
        "team_id": f"t{queue % AGENTS}",
        "assignee_id": f"a{number // UNDER_WAY % AGENTS}" if number % 3 else None,
        "opened_at": opened,
        "resolved_at": None if is_open else opened,
        "closed_at": None if is_open else opened,
        "next_due_at": opened if is_open else None,
        "alerts": (),
        "reopened": 0,
        "version": 1,
        "created_at": opened,
        "updated_at": opened,
        "custom": {},
    }


# -- pages ------------------------------------------------------------------------------------------------------------


def _pages(crm: CRM, queues: Sequence[UUID], size: Size, dialect: Dialect, cases: int) -> Table:
    columns = TABLE.c
    raw = (
        select(TABLE)
        .where(and_(columns.tenant_id == TENANT, columns.queue_id == queues[3], columns.merged_into.is_(None)))
        .where(columns.status.in_(["new", "open", "waiting"]), columns.next_due_at.is_not(None))
        .order_by(columns.next_due_at, columns.id)
        .limit(PAGE + 1)
    )

    def by_hand() -> None:
        with crm.engine.connect() as connection:
            assert len(connection.execute(raw).all()) > min(PAGE, cases // UNDER_WAY // QUEUES) - 1

    def page(actor: str, **said: Any) -> None:
        with crm.begin(actor, read_only=True) as uow:
            assert uow.use(ServiceDesk).page(limit=PAGE, **said).items

    ways: dict[str, Callable[[], object]] = {
        "one queue, by hand": by_hand,
        "one queue, an administrator": lambda: page(ADMIN, queue="q3"),
        "one queue, an agent of its team": lambda: page("a3", queue="q3"),
        "all that an agent may see": lambda: page("a3"),
        "what is assigned to an agent": lambda: page("a4", assignee="a4"),
    }
    samples = measure(ways, repeat=max(2, int(20 * size.effort)), rounds=size.rounds, warm=6)
    hand = typical(samples["one queue, by hand"]).wall
    rows = []
    for name in ways:
        wall = typical(samples[name]).wall
        goal = None if name == "one queue, by hand" else GOAL
        rows.append((name, [Figure(label="wall", value=wall * 1e3, unit="ms"), _ratio(wall / hand, goal)]))
    return Table(title=f"Service desk on {dialect}: a page of {PAGE} of {cases:,} cases", rows=rows, place=dialect)


def _ratio(value: float, goal: float | None) -> Figure:
    return Figure(label="by hand", value=value, goal=goal)


# -- writing ----------------------------------------------------------------------------------------------------------


def _opening(crm: CRM, size: Size, dialect: Dialect, cases: int) -> Table:
    with crm.begin(ADMIN, read_only=True) as uow:
        party = uow.find(Person, limit=1)[0].id
        start = uow.use(ServiceDesk).page(limit=1)[0].number

    def open_one() -> None:
        with crm.begin(ADMIN) as uow:
            uow.use(ServiceDesk).open_case(party=party, subject="Leaking roof", channel="phone", queue="q1")

    def find_one() -> None:
        with crm.begin(ADMIN, read_only=True) as uow:
            uow.use(ServiceDesk).case(start)

    _count_from(crm.engine, cases)
    ways: dict[str, Callable[[], object]] = {"open a case": open_one, "find one by its number": find_one}
    statements = {name: _statements(crm.engine, way) for name, way in ways.items()}
    samples = measure(ways, repeat=max(2, int(20 * size.effort)), rounds=size.rounds, warm=6)
    rows = []
    for name in ways:
        wall = typical(samples[name]).wall
        figures = [
            Figure(label="wall", value=wall * 1e3, unit="ms"),
            Figure(label="statements", value=float(statements[name]), unit="SQL"),
        ]
        rows.append((name, figures))
    return Table(title=f"Service desk on {dialect}: one case among {cases:,}", rows=rows, place=dialect)


def _count_from(engine: Engine, cases: int) -> None:
    """Let numbers go on behind those that were written past the gate."""
    from crmkit.core.kernel.storage.tables import counter_table  # what the gate would have written

    row = {"tenant_id": TENANT, "entity": "service_desk.case", "value": cases}
    with engine.begin() as connection:
        connection.execute(insert(counter_table), [row])


def _statements(engine: Engine, way: Callable[[], object]) -> int:
    """How many statements it sends, once everything is prepared."""
    seen: list[str] = []

    def note(*sent: Any) -> None:
        seen.append(sent[2])

    way()
    event.listen(engine, "before_cursor_execute", note)
    try:
        way()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)
