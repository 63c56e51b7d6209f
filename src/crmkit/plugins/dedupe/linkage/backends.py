"""Where many parties are compared. What is compared, and how, is in `settings`, which every backend takes alike.

`DuckDB` runs in the process, and on one machine. For more than one machine, a backend over Spark needs the same few
methods over ``splink.backends.spark.SparkAPI``; nothing else knows which one is at work.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Protocol, Self
from uuid import UUID

from attrs import frozen

from crmkit.plugins.dedupe.comparing.traits import KEYS, SHARED, Traits
from crmkit.plugins.dedupe.linkage.settings import BLOCK, CERTAIN, ID, WHAT, Population
from crmkit.plugins.dedupe.requiring import required
from crmkit.sdk import PartyKind

if TYPE_CHECKING:
    from splink import Linker, SettingsCreator, SplinkDataFrame

__all__ = ["Backend", "DuckDB", "Match", "linker"]

_TEXTS: Final = ("kind", "given", "family", *KEYS, "place", "postcode")
_PAGE: Final = 10_000


@frozen
class Match:
    """Two parties that a linkage found.

    Attributes:
        left: id of one of them.
        right: id of the other.
        probability: that they are one, 0 to 1.
        outcomes: by the column of a comparison, the number of its level from the last one, which is 0; -1 where nothing
            could be compared.
    """

    left: UUID
    right: UUID
    probability: float
    outcomes: dict[str, int]


class Backend(Protocol):
    """Holds what of parties is compared, and does the comparing."""

    def add(self, traits: Sequence[tuple[Traits, int]]) -> None:
        """Take in parties, each with its version."""
        ...

    def prepare(self, kind: PartyKind, *, most_alike: int) -> Population:
        """Make ready to compare the parties of a kind.

        Args:
            kind: of parties.
            most_alike: how many parties may share a value for it to say anything.
        """
        ...

    def parties(self) -> SplinkDataFrame:
        """The parties that are ready to be compared, as splink takes them."""
        ...

    def matches(self, predictions: SplinkDataFrame) -> Iterator[Match]:
        """What was found, the most probable first."""
        ...

    def clusters(self, clustered: SplinkDataFrame) -> int:
        """How many clusters have more than one party."""
        ...

    def versions(self) -> Iterator[dict[UUID, int]]:
        """All parties that were taken in, with their versions, in portions."""
        ...


def linker(settings: SettingsCreator, backend: Backend) -> Linker:
    """What compares: the one place where settings and a backend meet.

    Args:
        settings: see `crmkit.plugins.dedupe.linkage.settings.settings`.
        backend: with its parties ready to be compared.
    """
    # It warns of levels that were never seen, of which there are some in any data; beliefs stand for them.
    logging.getLogger("splink").setLevel(logging.ERROR)
    made: Linker = required("splink", what=WHAT).Linker(backend.parties(), settings, log_level=None)
    return made


class DuckDB:
    """Compares in the process, in a temporary file; a context manager, which removes it.

    Args:
        memory: what it may use, such as ``1GB``; what does not fit goes to disk.
        threads: how many; one for each processor by default.

    Raises:
        ConfigError: if the extra is not installed.
    """

    def __init__(self, *, memory: str = "1GB", threads: int | None = None) -> None:
        self._duckdb, self._api = required("duckdb", what=WHAT), required("splink.backends.duckdb", what=WHAT).DuckDBAPI
        self._arrow = required("pyarrow", what=WHAT)
        self._config: dict[str, Any] = {"memory_limit": memory, **({"threads": threads} if threads else {})}
        self._stack = ExitStack()
        self._connection: Any = None
        self._registered: Any = None

    def __enter__(self) -> Self:
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="crmkit-dedupe-")))
        config = {**self._config, "temp_directory": str(folder / "spill")}
        self._connection = self._duckdb.connect(str(folder / "parties.duckdb"), config=config)
        self._stack.callback(self._connection.close)
        columns = [f"{ID} VARCHAR", "version BIGINT", *(f"{name} VARCHAR" for name in _TEXTS)]
        columns += [f"{name} VARCHAR[]" for name in SHARED]
        self._run(f"CREATE TABLE party ({', '.join(columns)})")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, traits: Sequence[tuple[Traits, int]]) -> None:
        """See `Backend`."""
        arrow = self._arrow
        texts = {name: arrow.array([getattr(one, name) for one, _ in traits], arrow.string()) for name in _TEXTS}
        lists = {
            name: arrow.array([list(getattr(one, name)) or None for one, _ in traits], arrow.list_(arrow.string()))
            for name in SHARED
        }
        batch = arrow.table({
            ID: [str(one.party_id) for one, _ in traits],
            "version": arrow.array([version for _, version in traits], arrow.int64()),
            **texts,
            **lists,
        })
        self._connection.register("batch", batch)
        self._run("INSERT INTO party BY NAME SELECT * FROM batch")
        self._connection.unregister("batch")

    def prepare(self, kind: PartyKind, *, most_alike: int) -> Population:
        """See `Backend`."""
        common = {name: self._common(name, kind, most_alike) for name in SHARED}
        keys = [
            f"CASE WHEN count(*) OVER (PARTITION BY {key}) <= {int(most_alike)} THEN {key} END AS {BLOCK}{key}"
            for key in KEYS
        ]
        lists = [
            f"list_filter({name}, lambda one: NOT list_contains($common_{name}::VARCHAR[], one)) AS {BLOCK}{name}"
            for name in SHARED
        ]
        self._run(
            f"CREATE OR REPLACE TABLE {kind} AS SELECT *, {', '.join((*keys, *lists))} FROM party "  # noqa: S608  # names of our own
            f"WHERE kind = $kind ORDER BY {ID}",
            {"kind": kind, **{f"common_{name}": values for name, values in common.items()}},
        )
        counted = [*(name for name in _TEXTS if name != "kind"), *SHARED]
        ((parties, *present),) = self._run(f"SELECT count(*), {', '.join(f'count({c})' for c in counted)} FROM {kind}")  # noqa: S608  # names of our own
        self._registered = self._api(self._connection).register(kind)
        return Population(
            parties=parties,
            present=frozenset(name for name, count in zip(counted, present, strict=True) if count),
            certain=self._certain(kind),
        )

    def parties(self) -> SplinkDataFrame:
        """See `Backend`."""
        found: SplinkDataFrame = self._registered
        return found

    def matches(self, predictions: SplinkDataFrame) -> Iterator[Match]:
        """See `Backend`."""
        table = predictions.physical_name
        gammas = [c for (c, *_) in self._run(f"DESCRIBE {table}") if c.startswith("gamma_")]
        columns = ", ".join([f"{ID}_l", f"{ID}_r", "match_probability", *gammas])
        rows = self._pages(f"SELECT {columns} FROM {table} ORDER BY match_probability DESC, {ID}_l, {ID}_r")  # noqa: S608  # names of our own
        for left, right, probability, *found in rows:
            outcomes = {name.removeprefix("gamma_"): n for name, n in zip(gammas, found, strict=True)}
            yield Match(UUID(left), UUID(right), min(max(probability, 0.0), 1.0), outcomes)

    def clusters(self, clustered: SplinkDataFrame) -> int:
        """See `Backend`."""
        table = clustered.physical_name
        ((count,),) = self._run(
            f"SELECT count(*) FROM (SELECT cluster_id FROM {table} GROUP BY cluster_id HAVING count(*) > 1)"  # noqa: S608  # names of our own
        )
        found: int = count
        return found

    def versions(self) -> Iterator[dict[UUID, int]]:
        """See `Backend`."""
        rows = enumerate(self._pages(f"SELECT {ID}, version FROM party ORDER BY {ID}"))  # noqa: S608  # names of our own
        for _, portion in groupby(rows, key=lambda row: row[0] // 1_000):
            yield {UUID(id_): version for _, (id_, version) in portion}

    # -- inside -------------------------------------------------------------------------------------------------------

    def _run(self, sql: str, values: Any = None) -> list[tuple[Any, ...]]:
        """All rows of a statement: DuckDB runs no other while some are left."""
        rows: list[tuple[Any, ...]] = self._connection.execute(sql, values or {}).fetchall()
        return rows

    def _pages(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, on a connection of its own, some at a time."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
            while rows := cursor.fetchmany(_PAGE):
                yield from rows
        finally:
            cursor.close()

    def _common(self, name: str, kind: PartyKind, most_alike: int) -> list[str]:
        """The values that so many parties have that they say nothing."""
        rows = self._run(
            f"SELECT one FROM (SELECT unnest({name}) AS one FROM party WHERE kind = $kind) "  # noqa: S608  # names of our own
            f"GROUP BY one HAVING count(*) > {int(most_alike)}",
            {"kind": kind},
        )
        return [value for (value,) in rows]

    def _certain(self, kind: PartyKind) -> int:
        rules = " OR ".join(" AND ".join(_both(column) for column in rule) for rule in CERTAIN)
        # All rules name the key by which pairs are found first, which keeps this from being a loop in a loop.
        key = BLOCK + CERTAIN[0][0]
        ((count,),) = self._run(
            f"SELECT count(*) FROM {kind} l JOIN {kind} r ON l.{key} = r.{key} AND l.{ID} < r.{ID} WHERE {rules}"  # noqa: S608  # names of our own
        )
        found: int = count
        return found


def _both(column: str) -> str:
    return f"list_has_any(l.{column}, r.{column})" if column in SHARED else f"l.{column} = r.{column}"
