"""What an import is, the batches that it is made in, and the mappings that are kept for the next time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen
from attrs.validators import ge, in_, max_len, min_len, optional

from crmkit.sdk import Record

__all__ = ["LONGEST_NAME", "Batch", "Import", "ImportFormat", "ImportState", "SavedMapping"]

ImportFormat = Literal["csv", "vcard"]
ImportState = Literal["running", "finished", "abandoned", "taken_back"]

LONGEST_NAME: Final = 200
"""Characters in the name of a file or a mapping."""


def _unchangeable(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(given))


def _as_tuple(given: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(given)


@frozen(kw_only=True)
class SavedMapping(Record):
    """What the columns of a kind of CSV file are, kept so that nobody has to say it again.

    Attributes:
        name: by which people ask for it; unique.
        signature: of the headers, by which a file of the same kind is recognised.
        targets: what each header is mapped to, as `crmkit.plugins.exchange.csv.columns.target` reads it.
        date_order: whether day or month comes first in its dates, where that is open.
    """

    name: str = field(validator=[min_len(1), max_len(LONGEST_NAME)])
    signature: str
    targets: Mapping[str, Any] = field(converter=_unchangeable)
    date_order: str | None = None


@frozen(kw_only=True)
class Import(Record):
    """One file that was imported, or is being imported.

    Attributes:
        name: of the file; the source of what it wrote is ``import:`` and this name.
        digest: SHA-256 of the file, by which an import that was interrupted is recognised and resumed.
        size: of the file, in bytes.
        format: csv or vcard.
        options: how rows are read and recognised, in JSON form; an import is resumed with the same ones only.
        state: running (also if it was interrupted), finished, abandoned or taken back.
        owner_id: the actor who imports.
        finished_at: when the last row was done, UTC.
        rows: how many there are; these and the following numbers are empty until it is finished.
        added: rows that became new parties.
        updated: rows that changed parties that were there.
        unchanged: rows that said nothing new.
        failed: rows with an error, of which nothing was stored.
    """

    name: str = field(validator=[min_len(1), max_len(LONGEST_NAME)])
    digest: str
    size: int = field(validator=ge(0))
    format: ImportFormat = field(validator=in_(get_args(ImportFormat)))
    options: Mapping[str, Any] = field(factory=dict, converter=_unchangeable)
    state: ImportState = field(default="running", validator=in_(get_args(ImportState)))
    owner_id: str | None = None
    finished_at: datetime | None = None
    rows: int | None = field(default=None, validator=optional(ge(0)))
    added: int | None = field(default=None, validator=optional(ge(0)))
    updated: int | None = field(default=None, validator=optional(ge(0)))
    unchanged: int | None = field(default=None, validator=optional(ge(0)))
    failed: int | None = field(default=None, validator=optional(ge(0)))


@frozen(kw_only=True)
class Batch(Record):
    """The rows of an import that one unit of work applied. It is written in that unit, so it is there if they are.

    Batches are the ledger of an import: they cover its rows without gap or overlap, so that each row is applied once
    however often the import is interrupted. ``unit_id`` is what an import is taken back by.

    Attributes:
        import_id: the import.
        number: its place in the import, from 1.
        first_row: number of its first row in the file, from 1.
        last_row: number of its last row.
        added: rows that became new parties.
        updated: rows that changed parties that were there.
        unchanged: rows that said nothing new.
        failed: rows with an error, of which nothing was stored.
        employers: organisations that were added because a row named them as an employer; no rows of their own.
        unit_id: the unit of work.
        failures: the errors, in JSON form (see `crmkit.plugins.exchange.failures.RowError`).
    """

    import_id: UUID
    number: int = field(validator=ge(1))
    first_row: int = field(validator=ge(1))
    last_row: int = field(validator=ge(1))
    added: int = field(default=0, validator=ge(0))
    updated: int = field(default=0, validator=ge(0))
    unchanged: int = field(default=0, validator=ge(0))
    failed: int = field(default=0, validator=ge(0))
    employers: int = field(default=0, validator=ge(0))
    unit_id: UUID
    failures: tuple[Any, ...] = field(default=(), converter=_as_tuple)
