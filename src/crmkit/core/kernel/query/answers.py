"""What the compiler gives: a statement with its parameters, and how its rows become records, groups and medians."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.query.pages import Order, cursor_of
from crmkit.core.kernel.storage.statements import Statement
from crmkit.errors import LimitExceededError
from crmkit.values.page import Page

__all__ = ["MedianQuery", "PageQuery", "Query", "Tally", "TallyQuery"]

M = TypeVar("M", bound=Record)


@frozen
class Query:
    """A statement and its parameters, for ``db.rows``.

    Attributes:
        statement: shared by all queries of the same structure.
        params: Python values by name.
    """

    statement: Statement
    params: Mapping[str, Any]


@frozen
class PageQuery(Query, Generic[M]):
    """Selects the columns of `RowCodec.columns` of one page, and one row more to know whether another page follows."""

    entity: EntityType[M]
    order: Order
    limit: int

    def page(self, records: Sequence[M]) -> Page[M]:
        """The page that the loaded rows make."""
        items = tuple(records[: self.limit])
        more = len(records) > self.limit
        return Page(items, cursor_of(self.entity, self.order, items[-1]) if more else None)


@frozen(kw_only=True)
class Tally:
    """One group of records.

    Attributes:
        key: the values of the fields grouped by.
        count: how many records.
        sums: by field, 0 where every value is empty; sums of money are amounts in the currency of the key.
        medians: by field, of an even number of values the mean of the middle two; absent where every value is empty.
    """

    key: tuple[Any, ...]
    count: int
    sums: Mapping[str, Decimal] = field(factory=dict)
    medians: Mapping[str, Decimal] = field(factory=dict)


@frozen
class TallyQuery(Query):
    """Counts and sums by groups."""

    keys: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    sums: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    limit: int

    def groups(self, rows: Sequence[Sequence[Any]]) -> list[Tally]:
        """The groups that the driver's rows stand for.

        Raises:
            LimitExceededError: if there are more groups than were asked for; a part of them would be a wrong answer.
        """
        if len(rows) > self.limit:
            raise LimitExceededError("groups in a tally", self.limit)
        return [self.read(row) for row in rows]

    def read(self, row: Sequence[Any]) -> Tally:
        """The group that a driver's row stands for."""
        width = len(self.keys)
        key = tuple(_read(convert, raw) for (_, convert), raw in zip(self.keys, row, strict=False))
        sums = {
            name: Decimal(0) if raw is None else Decimal(_read(convert, raw))
            for (name, convert), raw in zip(self.sums, row[width + 1 :], strict=True)
        }
        return Tally(key=key, count=row[width], sums=sums)


@frozen
class MedianQuery(Query):
    """Medians of one field by groups."""

    keys: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    convert: Callable[[Any], Any] | None

    def read(self, row: Sequence[Any]) -> tuple[tuple[Any, ...], Decimal]:
        """The group that a driver's row stands for, and its median: the sum of the middle values by their number."""
        key = tuple(_read(convert, raw) for (_, convert), raw in zip(self.keys, row, strict=False))
        return key, Decimal(_read(self.convert, row[-2])) / row[-1]


def _read(convert: Callable[[Any], Any] | None, raw: Any) -> Any:
    return raw if raw is None or convert is None else convert(raw)
