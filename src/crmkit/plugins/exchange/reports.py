"""What an importer is asked for, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from attrs import field, frozen

from crmkit.plugins.exchange.failures import RowError
from crmkit.plugins.exchange.form import ImportedParty
from crmkit.plugins.exchange.model import ImportFormat

__all__ = ["ImportOptions", "ImportReport", "Preview", "Progress"]


@frozen(kw_only=True)
class ImportOptions:
    """How a file is read, and its rows recognised.

    Attributes:
        name: what to call the file; its own name by default.
        format: csv or vcard; told by the file itself by default.
        encoding: of a CSV file; found out by default.
        delimiter: of a CSV file; found out by default.
        mapping: the name of a mapping that was kept; by default that kept for files with the same headers, if any.
        targets: what columns are mapped to, by header; for columns where the mapping or the proposal is wrong.
        date_order: dmy or mdy, where the dates of a CSV file leave open which number is the month.
        match: by what rows are recognised, see `crmkit.plugins.exchange.rules.check_match`; as configured by default.
        region: where phone numbers in national form are dialled (ISO 3166-1 alpha-2); as configured by default.
        allow_invalid: keep malformed e-mail addresses, numbers and URLs as unverified text, not as errors of their row.
    """

    name: str | None = None
    format: ImportFormat | None = None
    encoding: str | None = None
    delimiter: str | None = None
    mapping: str | None = None
    targets: Mapping[str, str] = field(factory=dict)
    date_order: str | None = None
    match: tuple[str, ...] | None = None
    region: str | None = None
    allow_invalid: bool = False


@frozen(kw_only=True)
class Progress:
    """How far an import is.

    Attributes:
        rows: rows that were done.
        position: bytes of the file that were read.
        size: bytes of the file.
    """

    rows: int
    position: int
    size: int


@frozen(kw_only=True)
class Preview:
    """What an import would do; it wrote nothing. ``rows`` is the sum of the four numbers after it.

    Attributes:
        name: of the file.
        format: csv or vcard.
        reading: how it is read: of a CSV file the encoding and the delimiter.
        targets: what each column would be mapped to, by header; None if it would be left out.
        mapping: the name of the kept mapping that was used.
        signature: of the headers, by which files of this kind are recognised; None but for CSV.
        rows: how many there are.
        added: rows that would become new parties.
        updated: rows that would change parties that are there.
        unchanged: rows that say nothing new.
        failed: rows with an error.
        repeated: how many of the rows to be added are about the same party as another one before them, so that they
            would update it or say nothing new.
        first: the first rows as they would be imported.
        errors: the first errors.
        left_out: what rows say that nothing here can hold, and how many of them.
    """

    name: str
    format: ImportFormat
    reading: Mapping[str, Any]
    targets: Mapping[str, str | None]
    mapping: str | None
    signature: str | None
    rows: int
    added: int
    updated: int
    unchanged: int
    failed: int
    repeated: int
    first: tuple[ImportedParty, ...]
    errors: tuple[RowError, ...]
    left_out: Mapping[str, int]


@frozen(kw_only=True)
class ImportReport:
    """What an import did. ``rows`` is always the sum of the four numbers after it.

    Attributes:
        import_id: the import.
        name: of the file.
        rows: how many there are.
        added: rows that became new parties.
        updated: rows that changed parties that were there.
        unchanged: rows that said nothing new.
        failed: rows with an error, of which nothing was stored.
        employers: organisations that were added because a row named them as an employer.
        resumed_after: the last row that an interrupted run had done; 0 if there was none.
        units: the units of work that wrote, in order, by which the import is taken back.
        errors: the first errors.
        errors_file: where the rows that failed are, with their errors; None if none failed, or none was wanted.
        left_out: what rows say that nothing here can hold, and how many of them.
    """

    import_id: UUID
    name: str
    rows: int
    added: int
    updated: int
    unchanged: int
    failed: int
    employers: int
    resumed_after: int
    units: tuple[UUID, ...]
    errors: tuple[RowError, ...]
    errors_file: Path | None
    left_out: Mapping[str, int]
