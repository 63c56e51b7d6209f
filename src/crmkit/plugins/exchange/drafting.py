"""From rows that were read to rows that can be applied; what cannot becomes an error of its row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from crmkit.plugins.exchange.drafts import Draft, draft
from crmkit.plugins.exchange.failures import RowError
from crmkit.plugins.exchange.source import ReadRow, Source
from crmkit.sdk import ConfigError, CrmkitError

__all__ = ["Drafter", "in_chunks"]

T = TypeVar("T")


class Drafter:
    """Turns rows of a source into drafts.

    Args:
        source: whose rows they are.
        region: where phone numbers in national form are dialled (ISO 3166-1 alpha-2).
        allow_invalid: keep malformed mechanisms as unverified text.

    Attributes:
        left_out: what the rows so far say that nothing here can hold, and how many of them.
    """

    def __init__(self, source: Source, *, region: str | None, allow_invalid: bool) -> None:
        self._source, self._region, self._allow_invalid = source, region, allow_invalid
        self.left_out: Counter[str] = Counter()

    def drafts(self, rows: Iterable[ReadRow]) -> tuple[list[Draft], list[RowError]]:
        """The rows that can be applied, and the errors of the others.

        Raises:
            ConfigError: if something is not installed, or a region is none.
        """
        drafts: list[Draft] = []
        failures: list[RowError] = []
        for row in rows:
            if row.given is None:
                failures += [row.failure] if row.failure is not None else []
                continue
            self.left_out.update(row.given.left_out)
            try:
                drafts.append(draft(row.number, row.given, region=self._region, allow_invalid=self._allow_invalid))
            except ConfigError:
                raise
            except CrmkitError as error:
                failures.append(self._source.failure(row, error))
        return drafts, failures


def in_chunks(values: Iterator[T], size: int) -> Iterator[Sequence[T]]:
    """``values``, at most ``size`` at a time."""
    while chunk := tuple(islice(values, size)):
        yield chunk
