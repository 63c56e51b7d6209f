"""A CSV file as a source of rows."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO, Final

from attrs import evolve

from crmkit.plugins.exchange.csv.cells import read_cell, written_cell
from crmkit.plugins.exchange.csv.dates import DATE_ORDERS, proposed_order
from crmkit.plugins.exchange.csv.dialects import delimiter_of, stated_delimiter
from crmkit.plugins.exchange.csv.encodings import encoding_of
from crmkit.plugins.exchange.csv.from_row import RowReader
from crmkit.plugins.exchange.csv.headers import folded, proposed_targets
from crmkit.plugins.exchange.csv.rows import LONGEST_ROW, RawRow, raw_rows
from crmkit.plugins.exchange.failures import RowError, row_error
from crmkit.plugins.exchange.model import ImportFormat
from crmkit.plugins.exchange.source import File, ReadRow
from crmkit.sdk import ConflictError, CrmkitError, ImportFileError, InvalidValueError, LimitExceededError

__all__ = ["ERROR_HEADERS", "CsvSource"]

ERROR_HEADERS: Final = ("import row", "import error")
"""The columns of a file of errors beside those of the file that was imported; they are not imported themselves."""

SAMPLE: Final = 1 << 16
"""Characters that are looked at to tell the delimiter."""
SAMPLE_ROWS: Final = 1_000
"""Rows that are looked at to tell the order of day and month."""


class CsvSource:
    """A CSV file.

    Args:
        file: the file.
        max_columns: columns that it may have.
        encoding: what it is written in; found out by default.
        delimiter: between cells; found out by default.

    Attributes:
        headers: of the columns, as they stand in the file.
        targets: what each column is mapped to; proposed from the headers until `map` says otherwise.
        date_order: dmy or mdy, where the dates leave that open.

    Raises:
        ImportFileError: if it is empty, binary, wrongly encoded, or has duplicate headers.
        LimitExceededError: if it has too many columns.
    """

    format: ImportFormat = "csv"

    def __init__(
        self, file: File, *, max_columns: int, encoding: str | None = None, delimiter: str | None = None
    ) -> None:
        self.file = file
        self._encoding = encoding_of(file.stream, file.name, stated=encoding)
        with self._text() as text:
            first = text.readline(SAMPLE)
            stated = stated_delimiter(first)
            rest = first + text.read(SAMPLE)
        self._skipped = int(stated is not None)
        self.delimiter = delimiter or stated or delimiter_of(_whole_lines(rest))
        self.headers = self._headers(max_columns)
        self.targets: tuple[str | None, ...] = proposed_targets(self.headers)
        self.date_order: str | None = None

    # -- mapping ------------------------------------------------------------------------------------------------------

    @property
    def encoding(self) -> str:
        """What the file is written in, as Python's codecs call it."""
        return self._encoding.name

    @property
    def signature(self) -> str:
        """The same for all files with these headers in any order, for files of their errors too."""
        own = sorted(folded(header) for header in self.headers if header and header not in ERROR_HEADERS)
        return hashlib.sha256("\n".join(own).encode()).hexdigest()

    def map(self, targets: Mapping[str, str], *, date_order: str | None = None) -> None:
        """Say what columns are mapped to; those not named stay as proposed.

        Args:
            targets: by header.
            date_order: dmy or mdy.

        Raises:
            ImportFileError: if a header is not in the file.
            InvalidValueError: if a target or the order is none.
        """
        places = {header.strip(): place for place, header in enumerate(self.headers)}
        chosen = list(self.targets)
        for header, target in targets.items():
            if header.strip() not in places:
                known = ", ".join(places)[:300]
                raise ImportFileError(self.file.name, f"has no column {header!r}; it has: {known}")
            chosen[places[header.strip()]] = target
        if date_order is not None and date_order not in DATE_ORDERS:
            raise InvalidValueError("date_order", date_order, f"is none of: {', '.join(DATE_ORDERS)}")
        self.targets = tuple(chosen)
        self.date_order = date_order
        self._reader()

    def options(self) -> dict[str, Any]:
        """See `Source.options`."""
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "targets": [[header, target or "-"] for header, target in zip(self.headers, self.targets, strict=True)],
            "date_order": self.date_order,
        }

    # -- reading ------------------------------------------------------------------------------------------------------

    def rows(self) -> Iterator[ReadRow]:
        """See `Source.rows`.

        Raises:
            ImportFileError: if no column is mapped to what makes a party.
        """
        reader = self._reader()
        if not reader.says_anything:
            headers = ", ".join(self.headers)[:200]
            way = f"map one, as in --map '{self.headers[0][:40]}=given_name' or targets= of ImportOptions"
            reason = f"has no column that says who or how to reach them (headers: {headers}); {way}"
            raise ImportFileError(self.file.name, reason)
        self._propose_date_order()
        reader = self._reader()
        with self._text() as text:
            for number, row in enumerate(self._raw(text)):
                if number:
                    yield self._read(reader, number, row)

    def _read(self, reader: RowReader, number: int, row: RawRow) -> ReadRow:
        given = failure = None
        try:
            if row.error is not None:
                failure = RowError(row=number, line=row.line, code="unreadable", reason=row.error)
            else:
                given = reader.party(row.cells)
        except CrmkitError as error:
            failure = self._failure(reader, number, row, error)
        return ReadRow(number=number, given=given, failure=failure, raw=row, position=self.file.stream.tell())

    def failure(self, row: ReadRow, error: CrmkitError) -> RowError:
        """See `Source.failure`."""
        return self._failure(self._reader(), row.number, row.raw, error)

    def located(self, failure: RowError, row: ReadRow) -> RowError:
        """See `Source.located`."""
        column, _ = self._reader().column_of(failure.column or "", failure.value, row.raw.cells)
        return evolve(failure, line=row.raw.line, column=column or failure.column)

    def write_failures(self, out: BinaryIO, failures: Iterable[tuple[ReadRow, RowError]]) -> None:
        """See `Source.write_failures`. No spreadsheet runs the cells, whatever they were before."""
        name = "utf-8-sig" if self.encoding in {"utf-8", "utf-8-sig"} else self.encoding
        own = [place for place, header in enumerate(self.headers) if header not in ERROR_HEADERS]
        text = io.TextIOWrapper(out, name, errors=self._encoding.errors, newline="", write_through=True)
        writer = csv.writer(text, delimiter=self.delimiter)
        writer.writerow([*(written_cell(self.headers[place]) for place in own), *ERROR_HEADERS])
        for row, error in failures:
            cells = row.raw.cells
            kept = [written_cell(read_cell(cells[place])) if place < len(cells) else "" for place in own]
            said = str(error)
            writer.writerow([*kept, str(row.number), written_cell(_in(said, name))])
        text.detach()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _text(self) -> _Opened:
        self.file.stream.seek(0)
        return _Opened(self.file.stream, self._encoding.name, errors=self._encoding.errors, newline="")

    def _raw(self, text: io.TextIOWrapper) -> Iterator[RawRow]:
        for _ in range(self._skipped):
            text.readline()
        try:
            yield from raw_rows(text, delimiter=self.delimiter)
        except UnicodeError:
            raise ConflictError(f"{self.file.name} has changed while it was read; import it again") from None

    def _headers(self, limit: int) -> tuple[str, ...]:
        with self._text() as text:
            row = next(self._raw(text), None)
        if row is not None and row.is_too_long:
            raise LimitExceededError("characters in the header of a file", LONGEST_ROW)
        if row is None or row.error is not None:
            raise ImportFileError(self.file.name, f"has no header: its first row {row.error if row else 'is blank'}")
        headers = [read_cell(cell).strip() for cell in row.cells]
        if len(headers) > limit:
            raise LimitExceededError(
                f"columns in {self.file.name} (max_columns in [plugins.exchange])", limit, got=len(headers)
            )
        twice = [header for header, count in Counter(filter(None, headers)).items() if count > 1]
        if twice:
            raise ImportFileError(
                self.file.name, f"has columns with the same header: {', '.join(twice)[:200]}; rename them"
            )
        return tuple(headers)

    def _reader(self) -> RowReader:
        order: Any = self.date_order
        return RowReader(self.headers, self.targets, date_order=order)

    def _propose_date_order(self) -> None:
        if self.date_order is None and "birth_date" in self.targets:
            place = self.targets.index("birth_date")
            with self._text() as text:
                rows = islice(self._raw(text), 1, SAMPLE_ROWS)
                self.date_order = proposed_order(row.cells[place].strip() for row in rows if place < len(row.cells))

    @staticmethod
    def _failure(reader: RowReader, number: int, row: RawRow, error: CrmkitError) -> RowError:
        field = getattr(error, "kind", None) or getattr(error, "field", None) or getattr(error, "what", "")
        field = str(field).rsplit(" ", 1)[-1]  # a limit speaks of "characters in name"
        column, value = reader.column_of(field, getattr(error, "value", None), row.cells)
        return row_error(number, error, line=row.line, column=column, value=value)


class _Opened(io.TextIOWrapper):
    """A text over a file that stays open when the text is done with."""

    def __exit__(self, *_: object) -> None:
        if not self.buffer.closed:  # as when rows are given up halfway, and collected after the file was closed
            self.detach()


def _whole_lines(sample: str) -> str:
    end = max(sample.rfind("\n"), sample.rfind("\r"))
    return sample[: end + 1] if end >= 0 and len(sample) > SAMPLE else sample


def _in(text: str, encoding: str) -> str:
    """``text`` as far as ``encoding`` can say it."""
    return text.encode(encoding, "backslashreplace").decode(encoding)
