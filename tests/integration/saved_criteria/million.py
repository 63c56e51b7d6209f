"""A database with a million interactions, written past crmkit as fast as each database takes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import make_url

__all__ = ["DEALS", "INTERACTIONS", "NOW", "OWNERS", "PARTIES", "TENANT", "fill", "party_id"]

TENANT: Final = "acme"
NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
INTERACTIONS: Final = 1_000_000
PARTIES: Final = 20_000
DEALS: Final = 20_000
OWNERS: Final = 50
_SECONDS: Final = 94  # from one interaction to the one before; a million of them are three years
_SPREAD: Final = 7_919  # a prime, so that neighbours in time are with parties far apart
_QUIET: Final = 21  # of so many parties one has had no interaction for half of the time

_PARTY: Final = (
    "tenant_id, id, kind, name, sort_name, given_name, owner_id, team_id, version, created_at, updated_at, custom"
)
_DEAL: Final = (
    "tenant_id, id, pipeline, stage, category, stage_entered_at, title, party_id, amount, amount_currency, owner_id, "
    "team_id, version, created_at, updated_at, custom"
)
_INTERACTION: Final = (
    "tenant_id, id, party_id, kind, channel, direction, occurred_at, summary, body, author_id, version, created_at, "
    "updated_at, custom"
)


def party_id(number: int) -> UUID:
    """The id of a party, 0 to 19,999."""
    return UUID(int=number + 1)


def fill(url: str) -> None:
    """Fill the tables of the tenant, and let the planner know."""
    (_fill_sqlite if url.startswith("sqlite") else _fill_postgresql)(url)


# Party n belongs to seller n modulo 50, and is one of a hundred teams' of no importance. Interaction n is with a party
# far from that of n - 1; of every 20th party the newer half is left out and given to the next one.


def _party_of(number: int) -> int:
    party = number * _SPREAD % PARTIES
    return party + 1 if party % _QUIET == 0 and number < INTERACTIONS // 2 else party


# -- SQLite -----------------------------------------------------------------------------------------------------------


def _text(at: datetime) -> str:
    return f"{at.isoformat(timespec='microseconds')[:26]}Z"


def _parties() -> Iterator[tuple[Any, ...]]:
    at = _text(NOW)
    for n in range(PARTIES):
        name = f"P{n:05}"
        yield (
            TENANT,
            party_id(n).bytes,
            "person",
            name,
            name.lower(),
            name,
            f"s{n % OWNERS}",
            "sales",
            1,
            at,
            at,
            "{}",
        )


def _deals() -> Iterator[tuple[Any, ...]]:
    at = _text(NOW)
    for n in range(DEALS):
        stage, owner = ("lead", "qualified", "won", "lost")[n % 4], f"s{n % OWNERS}"
        ids = (UUID(int=2**64 + n).bytes, "sales", stage, "open", at, f"Deal {n}", party_id(n).bytes)
        yield (TENANT, *ids, n * 10_000, "EUR", owner, "sales", 1, at, at, "{}")


def _interactions() -> Iterator[tuple[Any, ...]]:
    parties = [party_id(n).bytes for n in range(PARTIES + 1)]
    for n in range(INTERACTIONS):
        at, party = _text(NOW - timedelta(seconds=n * _SECONDS)), _party_of(n)
        id_, channel, author = (2**65 + n).to_bytes(16), "phone" if n % 3 else "email", f"s{party % OWNERS}"
        said = ("interaction", channel, "in", at, "call", "", author)
        yield TENANT, id_, parties[party], *said, 1, at, at, "{}"


def _fill_sqlite(url: str) -> None:
    connection = sqlite3.connect(make_url(url).database or "", isolation_level=None)
    for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    for table, columns, rows in (
        ("crm_party", _PARTY, _parties()),
        ("crm_deal", _DEAL, _deals()),
        ("crm_interaction", _INTERACTION, _interactions()),
    ):
        places = ", ".join("?" * (columns.count(",") + 1))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.close()


# -- PostgreSQL -------------------------------------------------------------------------------------------------------

_ID: Final = "lpad(to_hex({}), 32, '0')::uuid"
_SERIES: Final = f"""
INSERT INTO crm_party ({_PARTY})
SELECT '{TENANT}', {_ID.format("n + 1")}, 'person', name, lower(name), name, 's' || n % {OWNERS}, 'sales', 1, %(now)s,
    %(now)s, '{{}}'
FROM (SELECT n, 'P' || lpad(n::text, 5, '0') AS name FROM generate_series(0, {PARTIES - 1}) AS n) AS made;
INSERT INTO crm_deal ({_DEAL})
SELECT '{TENANT}', ('00000000-0000-0001-' || substr(lpad(to_hex(n), 16, '0'), 1, 4) || '-' ||
    substr(lpad(to_hex(n), 16, '0'), 5))::uuid, 'sales', (ARRAY['lead', 'qualified', 'won', 'lost'])[n % 4 + 1], 'open',
    %(now)s, 'Deal ' || n, {_ID.format("n + 1")}, n, 'EUR', 's' || n % {OWNERS}, 'sales', 1, %(now)s, %(now)s, '{{}}'
FROM generate_series(0, {DEALS - 1}) AS n;
INSERT INTO crm_interaction ({_INTERACTION})
SELECT '{TENANT}', ('00000000-0000-0002-' || substr(lpad(to_hex(n), 16, '0'), 1, 4) || '-' ||
    substr(lpad(to_hex(n), 16, '0'), 5))::uuid, {_ID.format("party + 1")}, 'interaction',
    CASE WHEN n % 3 = 0 THEN 'email' ELSE 'phone' END, 'in', at, 'call', '', 's' || party % {OWNERS}, 1, at, at, '{{}}'
FROM (
    SELECT n, %(now)s - n * interval '{_SECONDS} seconds' AS at,
        CASE WHEN hit % {_QUIET} = 0 AND n < {INTERACTIONS // 2} THEN hit + 1 ELSE hit END AS party
    FROM (
        SELECT n, (n::bigint * {_SPREAD} % {PARTIES})::int AS hit FROM generate_series(0, {INTERACTIONS - 1}) AS n
    ) AS spread
) AS made
"""


def _fill_postgresql(url: str) -> None:
    import psycopg  # here, since tests are collected without it, too

    place = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in (
            _SERIES.replace("%(now)s", f"timestamptz '{NOW.isoformat()}'").replace(" % ", " % ").split(";")
        ):
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE")
