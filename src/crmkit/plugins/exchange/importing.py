"""Leading a file through its import: reading, applying in batches, resuming, and reporting."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar
from uuid import UUID

from attrs import evolve

from crmkit.plugins.exchange.config import Settings
from crmkit.plugins.exchange.csv.source import CsvSource
from crmkit.plugins.exchange.drafting import Drafter, in_chunks
from crmkit.plugins.exchange.failures import RowError
from crmkit.plugins.exchange.model import Batch, Import
from crmkit.plugins.exchange.opening import opened
from crmkit.plugins.exchange.previewing import look_at, map_columns
from crmkit.plugins.exchange.reports import ImportOptions, ImportReport, Preview, Progress
from crmkit.plugins.exchange.rules import check_match
from crmkit.plugins.exchange.service import Exchange
from crmkit.plugins.exchange.source import ReadRow, Source
from crmkit.plugins.exchange.vcard.source import VcardSource
from crmkit.sdk import CRM, PartySettings, UnitOfWork

__all__ = ["Importer"]

T = TypeVar("T")
Given = str | os.PathLike[str] | BinaryIO

SHOWN: Final = 20
"""Errors that a report shows; all of them are in the file of errors, and in the ledger."""


class Importer:
    """Imports files, each batch of rows in a unit of work of its own.

    An import that is interrupted, however rudely, goes on where it was when the same file is imported again by the same
    actor with the same options; no row is applied twice, and none is left out.

    Args:
        crm: the started CRM.
        actor: who imports; what the actor may not do fails row by row.
        tenant: into which tenant; the configured one by default.
        on_behalf_of: for whom, under a delegation.
    """

    def __init__(self, crm: CRM, *, actor: str, tenant: str | None = None, on_behalf_of: str | None = None) -> None:
        self._crm, self._actor, self._tenant, self._on_behalf_of = crm, actor, tenant, on_behalf_of

    def preview(self, file: Given, options: ImportOptions | None = None) -> Preview:
        """What importing a file would do; writes nothing.

        Args:
            file: a path, or a seekable binary file.
            options: how it is read.

        Raises:
            ImportFileError: if the file cannot be read as what it is.
            LimitExceededError: if it has too many columns.
            NotFoundError: if there is no mapping of the name in the options.
        """
        options = options or ImportOptions()
        with self._reading() as uow:
            settings = _settings(uow)
            with self._opened(file, settings, options) as source:
                return look_at(source, uow.use(Exchange), settings, options)

    def run(
        self,
        file: Given,
        options: ImportOptions | None = None,
        *,
        errors: str | os.PathLike[str] | None = None,
        progress: Callable[[Progress], None] | None = None,
        restart: bool = False,
    ) -> ImportReport:
        """Import a file, or go on with an import of it that was interrupted.

        Args:
            file: a path, or a seekable binary file.
            options: how it is read.
            errors: where to write the rows that fail, in the same format, with their errors; nowhere by default.
            progress: called after each batch.
            restart: begin anew, instead of going on with an import that was interrupted.

        Raises:
            ImportFileError: if the file cannot be read as what it is; nothing is changed then.
            LimitExceededError: if it has too many columns.
            ConflictError: if the import was interrupted and had other options, or somebody else is at it.
            ForbiddenError: if the actor may not import, or not add parties at all.
            NotFoundError: if there is no mapping of the name in the options.
        """
        options = options or ImportOptions()
        with self._reading() as uow:
            settings = _settings(uow)
        with self._opened(file, settings, options) as source:
            with self._reading() as uow:
                map_columns(source, uow.use(Exchange), options)
            region = options.region or settings.region
            drafter = Drafter(source, region=region, allow_invalid=options.allow_invalid)
            rows = source.rows()
            first = next(rows, None)  # a file of which nothing can be read shows that here, before anything is written
            import_, done = self._start(source, settings, options, restart=restart)
            every = chain([first] if first else [], rows)
            size = settings.batch_size
            count = self._apply(import_, every, drafter, done=done, batch_size=size, progress=progress)
            finished = self._unit(lambda uow: uow.use(Exchange).finish(import_.id, rows=count), import_.name)
            return self._report(finished, source, Path(errors) if errors else None, done, drafter.left_out)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _start(
        self, source: CsvSource | VcardSource, settings: Settings, options: ImportOptions, *, restart: bool
    ) -> tuple[Import, int]:
        """The import, and the last row that is done already."""
        file, match = source.file, options.match or settings.match
        check_match(None, None, match)
        said = {
            **source.options(),
            "match": list(match),
            "region": options.region or settings.region,
            "allow_invalid": options.allow_invalid,
        }

        def start(uow: UnitOfWork) -> tuple[Import, int]:
            exchange = uow.use(Exchange)
            import_ = exchange.start(
                name=file.name, digest=file.digest, size=file.size, format=source.format, options=said, restart=restart
            )
            return import_, max((batch.last_row for batch in exchange.batches(import_.id)), default=0)

        return self._unit(start, file.name)

    def _apply(
        self,
        import_: Import,
        rows: Iterator[ReadRow],
        drafter: Drafter,
        *,
        done: int,
        batch_size: int,
        progress: Callable[[Progress], None] | None,
    ) -> int:
        """Apply all rows that are not done yet, batch by batch; the number of rows in the file."""
        count, batches = 0, 0
        for chunk in in_chunks(rows, batch_size):
            count = chunk[-1].number
            fresh = [row for row in chunk if row.number > done]
            if fresh:
                self._batch(import_, fresh, drafter)
                batches += 1
                if batches.bit_count() == 1:  # after 1, 2, 4, 8 … batches: tables that have doubled need other plans
                    self._crm.schema.analyze()
            if progress is not None:
                progress(Progress(rows=count, position=chunk[-1].position, size=import_.size))
        return count

    def _batch(self, import_: Import, rows: Sequence[ReadRow], drafter: Drafter) -> Batch:
        drafts, failures = drafter.drafts(rows)
        first, last = rows[0].number, rows[-1].number
        return self._unit(
            lambda uow: uow.use(Exchange).apply(
                import_.id, first_row=first, last_row=last, drafts=drafts, failures=failures
            ),
            import_.name,
        )

    def _report(
        self, done: Import, source: Source, errors: Path | None, resumed_after: int, left_out: Mapping[str, int]
    ) -> ImportReport:
        units: list[UUID] = []
        failures: dict[int, RowError] = {}
        employers = 0
        with self._reading() as uow:
            for batch in uow.use(Exchange).batches(done.id):
                units.append(batch.unit_id)
                employers += batch.employers
                failures.update((error["row"], RowError.from_json(error)) for error in batch.failures)
        shown: list[RowError] = []
        if failures:
            failed = _failed(source, failures, shown)
            _write(source, failed, errors)
        return ImportReport(
            import_id=done.id,
            name=done.name,
            rows=done.rows or 0,
            added=done.added or 0,
            updated=done.updated or 0,
            unchanged=done.unchanged or 0,
            failed=done.failed or 0,
            employers=employers,
            resumed_after=resumed_after,
            units=tuple(units),
            errors=tuple(shown),
            errors_file=errors if failures else None,
            left_out=dict(left_out),
        )

    def _opened(
        self, file: Given, settings: Settings, options: ImportOptions
    ) -> AbstractContextManager[CsvSource | VcardSource]:
        return opened(
            file,
            settings,
            name=options.name,
            format=options.format,
            encoding=options.encoding,
            delimiter=options.delimiter,
        )

    def _reading(self) -> AbstractContextManager[UnitOfWork]:
        return self._crm.begin(self._actor, self._tenant, on_behalf_of=self._on_behalf_of, read_only=True)

    def _unit(self, fn: Callable[[UnitOfWork], T], name: str) -> T:
        given: dict[str, Any] = {"on_behalf_of": self._on_behalf_of, "source": f"import:{name}"}
        return self._crm.run(fn, self._actor, self._tenant, **given)


def _settings(uow: UnitOfWork) -> Settings:
    """The settings of this deployment; the region is that of ``[parties]`` where this plugin has none of its own."""
    settings = uow.settings(Settings)
    return evolve(settings, region=settings.region or uow.settings(PartySettings).default_region)


def _failed(
    source: Source, failures: Mapping[int, RowError], shown: list[RowError]
) -> Iterator[tuple[ReadRow, RowError]]:
    """The rows that failed, read once more, with their errors placed in the file."""
    for row in source.rows():
        failure = failures.get(row.number)
        if failure is not None:
            located = source.located(failure, row)
            if len(shown) < SHOWN:
                shown.append(located)
            yield row, located


def _write(source: Source, failed: Iterator[tuple[ReadRow, RowError]], errors: Path | None) -> None:
    if errors is None:
        for _ in failed:  # only to see what they are
            pass
        return
    with errors.open("wb") as out:
        source.write_failures(out, failed)
