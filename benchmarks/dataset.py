"""The people, interactions and deals that are there before anything is measured, written in bulk by the raw driver.

They have the form that crmkit gives them, but no history: no measured operation reads what it did not write itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from benchmarks.contacts import SELLERS, TEAMS, TENANT, contact, made_id, seller_of
from benchmarks.drivers import Driver
from benchmarks.sizes import Size

__all__ = ["DEAL", "PARTY", "SEARCHED", "STAGES", "load", "when"]

PARTY: Final = 22
"""The block of the people that are there; their parties' ids have it, too."""
DEAL: Final = 2
SEARCHED: Final = "gaard dahl"
"""What the substring search looks for: a part of few names."""
STAGES: Final = ("lead", "qualified", "proposal", "negotiation")
_INTERACTION, _ENTRY, _EMAIL, _PHONE = 3, 4, 5, 6
_START: Final = datetime(2024, 1, 1, tzinfo=UTC)
_RARE: Final = 2_000

Row = tuple[Any, ...]


def load(url: str, size: Size) -> None:
    """Fill the tables of the benchmarks' tenant; the same rows for the same size."""
    driver = Driver(url)
    tables: Sequence[tuple[str, str, Iterator[Row]]] = (
        (
            "crm_party",
            "id kind name sort_name owner_id team_id given_name family_name",
            _parties(driver, size),
        ),
        (
            "crm_mechanism",
            "id party_id kind raw normalised search_key is_primary country",
            _mechanisms(driver, size),
        ),
        (
            "crm_interaction",
            "id party_id kind channel direction occurred_at summary body author_id",
            _interactions(driver, size),
        ),
        (
            "crm_deal",
            "id pipeline stage category stage_entered_at title party_id amount amount_currency owner_id team_id",
            _deals(driver, size),
        ),
        (
            "crm_deal_stage_entry",
            "id record_id pipeline stage entered_at entered_by first went_on left_at left_to seconds",
            _entries(driver, size),
        ),
    )
    _hurry(driver)
    for table, columns, rows in tables:
        _write(driver, table, columns.split(), rows)
    driver.commit()
    _settle(driver)
    driver.close()


# -- rows -------------------------------------------------------------------------------------------------------------
# Each ends with created_at and updated_at, which follow the number, so that pages are in an order that means something.


def when(number: int) -> datetime:
    """The instant that belongs to a number."""
    return _START + timedelta(seconds=number * 37)


def _parties(driver: Driver, size: Size) -> Iterator[Row]:
    for number in range(size.people):
        one, at = contact(number, block=PARTY), driver.at(when(number))
        family = "Nygaard Dahl" if number % _RARE == 0 else one.family_name
        name, sort_name = f"{one.given_name} {family}", f"{family} {one.given_name}".lower()
        team = f"t{number % SELLERS % TEAMS}"
        given = one.given_name
        yield driver.id(one.id), "person", name, sort_name, seller_of(number), team, given, family, at, at


def _mechanisms(driver: Driver, size: Size) -> Iterator[Row]:
    for number in range(size.people):
        one, at = contact(number, block=PARTY), driver.at(when(number))
        party = driver.id(one.id)
        for kind, block, text, country in (("email", _EMAIL, one.email, None), ("phone", _PHONE, one.phone, "NO")):
            yield driver.id(made_id(block, number)), party, kind, text, text, text, True, country, at, at


def _interactions(driver: Driver, size: Size) -> Iterator[Row]:
    """Half of them with a fiftieth of the people, as it is in life."""
    chance = random.Random(1)
    for number in range(size.interactions):
        among = size.people if number % 2 else max(size.people // 50, SELLERS)
        party, at = chance.randrange(among), driver.at(when(number))
        way = "in" if number % 3 else "out"
        ids = (driver.id(made_id(_INTERACTION, number)), driver.id(made_id(PARTY, party)))
        yield *ids, "interaction", "phone", way, at, f"call number {number}", "", seller_of(party), at, at


def _deals(driver: Driver, size: Size) -> Iterator[Row]:
    for number in range(size.deals):
        at, amount = driver.at(when(number)), driver.money(Decimal(1000 + number % 50_000))
        ids = (driver.id(made_id(DEAL, number)), driver.id(made_id(PARTY, number % size.people)))
        owner, team = seller_of(number), f"t{number % SELLERS % TEAMS}"
        stage = _stage(number)
        yield ids[0], "sales", stage, "open", at, f"Deal {number}", ids[1], amount, "EUR", owner, team, at, at


def _stage(number: int) -> str:
    """Half of each seller's deals are leads."""
    turn = number // SELLERS
    return STAGES[0] if turn % 2 == 0 else STAGES[1 + turn // 2 % 3]


def _entries(driver: Driver, size: Size) -> Iterator[Row]:
    """Each deal's stay at the stage where it is, and of all but leads the one before, of an hour or two."""
    for number in range(size.deals):
        deal, owner, stage = driver.id(made_id(DEAL, number)), seller_of(number), _stage(number)
        entered = when(number)
        at = driver.at(entered)
        if stage != STAGES[0]:
            seconds = 3600 + number % 3600
            began = driver.at(entered - timedelta(seconds=seconds))
            id_ = driver.id(made_id(_ENTRY, 2 * number))
            yield id_, deal, "sales", STAGES[0], began, owner, True, True, at, stage, seconds, began, at
        id_ = driver.id(made_id(_ENTRY, 2 * number + 1))
        yield id_, deal, "sales", stage, at, owner, True, False, None, None, None, at, at


# -- writing ----------------------------------------------------------------------------------------------------------


def _write(driver: Driver, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    names = ("tenant_id", "version", "custom", *columns, "created_at", "updated_at")
    head = (TENANT, 1, "{}")
    if driver.dialect == "sqlite":
        places = ", ".join("?" * len(names))
        driver.cursor.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", (head + r for r in rows)
        )
        return
    with driver.cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(head + row)


def _hurry(driver: Driver) -> None:
    """What is safe for made-up data: no checks of references, no waiting for the disk."""
    if driver.dialect == "sqlite":
        for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-400000"):
            driver.cursor.execute(f"PRAGMA {pragma}")
        driver.begin()
    else:
        driver.cursor.execute("SET session_replication_role = replica")


def _settle(driver: Driver) -> None:
    """Let the planner know what is there."""
    if driver.dialect == "sqlite":
        driver.cursor.execute("ANALYZE")
        driver.cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        driver.connection.autocommit = True
        driver.cursor.execute("VACUUM ANALYZE")
