"""The two drivers behind one face, as thin as it can be: what differs is how values look and how one begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

__all__ = ["Driver", "instant_text"]


class Driver:
    """One connection of a driver, with the settings that crmkit gives its own.

    Attributes:
        cursor: the only one; statements are sent through it.
        id: a UUID as the driver takes it.
        at: an instant as the driver takes it.
        money: an amount as the driver takes it.
    """

    def __init__(self, url: str) -> None:
        scheme, _, place = url.partition("://")
        self.dialect = scheme.partition("+")[0]
        self.connection: Any
        self.id: Callable[[UUID], Any]
        self.at: Callable[[datetime], Any]
        self.money: Callable[[Decimal], Any]
        if self.dialect == "sqlite":
            import sqlite3

            self.connection = sqlite3.connect(place.removeprefix("/"), isolation_level=None)
            for pragma in ("foreign_keys=ON", "synchronous=FULL"):
                self.connection.execute(f"PRAGMA {pragma}")
            self.id, self.at, self.money = _id_bytes, instant_text, _in_units
        else:
            import psycopg

            self.connection = psycopg.connect(f"postgresql://{place}")
            self.id, self.at, self.money = _same, _same, _same
        self.cursor = self.connection.cursor()

    def sql(self, text: str) -> str:
        """A statement in the driver's style of parameters."""
        return text if self.dialect == "sqlite" else text.replace("?", "%s")

    def begin(self, *, write: bool = True) -> None:
        """Begin a transaction; psycopg does so by itself."""
        if self.dialect == "sqlite":
            self.cursor.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a select."""
        self.cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = self.cursor.fetchall()
        return found

    def commit(self) -> None:
        """End the transaction."""
        if self.dialect == "sqlite":
            self.cursor.execute("COMMIT")
        else:
            self.connection.commit()

    def close(self) -> None:
        """Give up the connection."""
        self.connection.close()


def instant_text(value: datetime) -> str:
    """The text form in which SQLite and JSON have instants."""
    return f"{value.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z"


def _id_bytes(value: UUID) -> bytes:
    return value.bytes


def _in_units(value: Decimal) -> int:
    return int(value * 10_000)


def _same(value: Any) -> Any:
    return value
