"""Writing parties to files, with the rights of whoever asks."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from attrs import frozen

from crmkit.plugins.exchange.csv.cells import written_cell
from crmkit.plugins.exchange.csv.to_row import cells_of, in_order
from crmkit.plugins.exchange.form import ImportedParty
from crmkit.plugins.exchange.model import ImportFormat
from crmkit.plugins.exchange.service import Exchange
from crmkit.plugins.exchange.vcard.to_card import card_of
from crmkit.plugins.exchange.vcard.writing import write_card
from crmkit.sdk import ALWAYS, CRM, Criteria, InvalidValueError, Party

__all__ = ["ExportReport", "Exporter"]

Exported = Iterator[tuple[ImportedParty, Party]]
FORMATS: Final = ("csv", "vcard")
EVERY: Final = 500
"""Parties between two calls that tell the progress."""


@frozen(kw_only=True)
class ExportReport:
    """What an export wrote.

    Attributes:
        parties: how many.
    """

    parties: int


class Exporter:
    """Writes the parties that fit a criteria, as far as the actor may see them, field by field.

    Args:
        crm: the started CRM.
        actor: who exports; needs the permission ``exchange.party.export``.
        tenant: from which tenant; the configured one by default.
        on_behalf_of: for whom, under a delegation.
    """

    def __init__(self, crm: CRM, *, actor: str, tenant: str | None = None, on_behalf_of: str | None = None) -> None:
        self._crm, self._actor, self._tenant, self._on_behalf_of = crm, actor, tenant, on_behalf_of

    def run(
        self,
        out: str | os.PathLike[str] | BinaryIO,
        where: Criteria = ALWAYS,
        *,
        format: ImportFormat | None = None,  # noqa: A002  # the field's own word
        order: str | None = None,
        delimiter: str = ",",
        progress: Callable[[int], None] | None = None,
    ) -> ExportReport:
        """Write parties to a file, page by page, so that memory stays bounded.

        A path is written to only when everything could be read, so that no half file is taken for a whole one.

        Args:
            out: a path, or a binary file.
            where: which parties; all that the actor may see by default.
            format: csv or vcard; by the path's ending, or csv, by default.
            order: see `UnitOfWork.find`.
            delimiter: between the cells of a CSV file.
            progress: called with the number of parties now and then.

        Raises:
            ForbiddenError: if the actor may not export.
            UnknownFieldError: if ``where`` or ``order`` names a field that parties do not have.
            FieldForbiddenError: if it names a field that the actor may not read.
            InvalidValueError: if there is no such format.
        """
        is_vcard = isinstance(out, (str, os.PathLike)) and Path(out).suffix.lower() in {".vcf", ".vcard"}
        chosen = format or ("vcard" if is_vcard else "csv")
        if chosen not in FORMATS:
            raise InvalidValueError("format", format, f"is none of: {', '.join(FORMATS)}")
        unit = self._crm.begin(self._actor, self._tenant, on_behalf_of=self._on_behalf_of, read_only=True)
        with unit as uow, _written(out) as file:
            exported = _told(uow.use(Exchange).export(where, order=order), progress)
            count = (
                write_vcards(exported, file) if chosen == "vcard" else write_csv(exported, file, delimiter=delimiter)
            )
        return ExportReport(parties=count)


def write_vcards(parties: Exported, out: BinaryIO) -> int:
    """Write parties as cards of vCard 4.0; how many there were."""
    count = 0
    for form, party in parties:
        count += 1
        name = party.name if party.sort_name else ""
        out.write(write_card(card_of(form, full_name=name or "")))
    return count


def write_csv(parties: Exported, out: BinaryIO, *, delimiter: str = ",") -> int:
    """Write parties as rows, in UTF-8 with a mark, so that spreadsheets know; how many there were.

    There is a column for whatever any of them has, and none for what none has or the actor may not see. So rows go to a
    temporary file until all columns are known.
    """
    headers: set[str] = {"kind"}
    count = 0
    with TemporaryFile("w+", encoding="utf-8") as spool:
        for form, _ in parties:
            count += 1
            cells = cells_of(form)
            headers.update(cells)
            spool.write(json.dumps(cells, ensure_ascii=False) + "\n")
        spool.seek(0)
        text = io.TextIOWrapper(out, "utf-8-sig", newline="", write_through=True)
        writer = csv.DictWriter(text, in_order(headers), restval="", delimiter=delimiter)
        writer.writeheader()
        for line in spool:
            writer.writerow({header: written_cell(cell) for header, cell in json.loads(line).items()})
        text.detach()
    return count


def _told(parties: Exported, progress: Callable[[int], None] | None) -> Exported:
    for count, one in enumerate(parties, 1):
        yield one
        if progress is not None and count % EVERY == 0:
            progress(count)


@contextmanager
def _written(out: str | os.PathLike[str] | BinaryIO) -> Generator[BinaryIO]:
    """A file to write to; at a path, one beside it that takes its place when all is written."""
    if not isinstance(out, (str, os.PathLike)):
        yield out
        return
    path = Path(out)
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
