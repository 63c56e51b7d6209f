"""The commands and queries that imports and exports consist of. `Importer` and `Exporter` lead them through a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from attrs import evolve

from crmkit.plugins.exchange.applying import Applier, Outcome
from crmkit.plugins.exchange.config import Settings
from crmkit.plugins.exchange.csv.columns import target
from crmkit.plugins.exchange.drafts import Draft
from crmkit.plugins.exchange.events import ImportFinished, ImportStarted, ImportTakenBack
from crmkit.plugins.exchange.failures import RowError
from crmkit.plugins.exchange.form import ImportedParty
from crmkit.plugins.exchange.gathering import gathered
from crmkit.plugins.exchange.model import Batch, Import, ImportFormat, SavedMapping
from crmkit.sdk import ALWAYS, ConflictError, Criteria, Party, Reversal, Service, Target, command, f, query

__all__ = ["Exchange"]

ImportId = Annotated[UUID, Target("exchange.import")]


class Exchange(Service):
    """Import and export: ``uow.use(Exchange)``."""

    # -- importing ----------------------------------------------------------------------------------------------------

    @command("exchange.import.start", permission="exchange.import.create")
    def start(
        self,
        *,
        name: str,
        digest: str,
        size: int,
        format: ImportFormat,  # noqa: A002  # the field's own word
        options: Mapping[str, Any],
        restart: bool = False,
    ) -> Import:
        """Begin to import a file, or go on with an import of the same file that was interrupted.

        Args:
            name: of the file.
            digest: SHA-256 of the file.
            size: of the file, in bytes.
            format: csv or vcard.
            options: how rows are read and recognised, in JSON form.
            restart: abandon an interrupted import of the file, and begin anew.

        Raises:
            ConflictError: if the file was being imported with other options.
        """
        unfinished = self._unfinished(digest)
        if unfinished is not None and not restart:
            if dict(unfinished.options) != dict(options):
                raise ConflictError(
                    f"the import of {name!r} was interrupted and cannot go on with other options than it began with; "
                    "use the same ones, or restart it (--restart): what was applied is then recognised as known"
                )
            return unfinished
        if unfinished is not None:
            self.records.update(unfinished, evolve(unfinished, state="abandoned"))
        made = self.records.add(
            Import(name=name, digest=digest, size=size, format=format, options=options, owner_id=self.uow.actor.id)
        )
        self.emit(ImportStarted(import_id=made.id, name=made.name))
        return made

    @command("exchange.import.apply", permission="exchange.import.update")
    def apply(
        self,
        import_: ImportId,
        *,
        first_row: int,
        last_row: int,
        drafts: Sequence[Draft],
        failures: Sequence[RowError] = (),
    ) -> Batch:
        """Apply the next rows of an import, and enter them into its ledger, in one unit.

        A row that cannot be applied is entered as failed, and nothing of it is stored; the others are. Rows that have
        been applied before are left alone, and their batch is returned.

        Args:
            import_: the import.
            first_row: number of the first row.
            last_row: number of the last row.
            drafts: the rows that could be read.
            failures: the errors of those that could not.

        Raises:
            ConflictError: if these are not the next rows, or do not add up.
        """
        found = self.uow.get(Import, import_)
        last = self._last_batch(import_)
        if last is not None and last_row <= last.last_row:
            return last
        due = last.last_row + 1 if last else 1
        if found.state != "running" or first_row != due or last_row - first_row + 1 != len(drafts) + len(failures):
            raise ConflictError(
                f"rows {first_row} to {last_row} are not what import {found.name!r} needs after row {due - 1}"
            )
        outcome = Applier(self, found.options.get("match", self.settings(Settings).match)).apply(drafts)
        errors = sorted((*failures, *outcome.failures), key=lambda error: error.row)
        return self.records.add(
            Batch(
                import_id=import_,
                number=last.number + 1 if last else 1,
                first_row=first_row,
                last_row=last_row,
                added=outcome.added,
                updated=outcome.updated,
                unchanged=outcome.unchanged,
                failed=len(errors),
                employers=outcome.employers,
                unit_id=self.uow.id,
                failures=[error.to_json() for error in errors],
            )
        )

    @command("exchange.import.finish", permission="exchange.import.update")
    def finish(self, import_: ImportId, *, rows: int) -> Import:
        """Close an import whose rows are all in its ledger.

        Args:
            import_: the import.
            rows: how many rows the file has.

        Raises:
            ConflictError: if rows are missing, so that nobody takes the import for complete.
        """
        found = self.uow.get(Import, import_)
        if found.state == "finished":
            return found
        if found.state != "running":
            raise ConflictError(f"import {found.name!r} was {found.state.replace('_', ' ')}; import the file again")
        sums = _sums(self.batches(import_))
        if sum(sums.values()) != rows:
            raise ConflictError(
                f"import {found.name!r} has {sum(sums.values())} of {rows} rows in its ledger; run it again"
            )
        numbers: dict[str, Any] = {"rows": rows, **sums}
        done = self.records.update(found, evolve(found, state="finished", finished_at=self.uow.now, **numbers))
        self.emit(ImportFinished(import_id=done.id, name=done.name, **numbers))
        return done

    @query("exchange.import.batches", permission="exchange.import.read")
    def batches(self, import_: ImportId) -> Iterator[Batch]:
        """The ledger of an import, in the order of its rows."""
        return self.uow.each(Batch, f.import_id == import_, order="number")

    @command("exchange.import.take_back", permission="exchange.import.update")
    def take_back(self, import_: ImportId, *, partial: bool = False) -> Reversal:
        """Undo all that an import did: parties that it added go, those that it updated are what they were before.

        One unit of work, which can itself be undone. The import stays, without its ledger, as taken back.

        Args:
            import_: the import, be it finished or interrupted.
            partial: leave what has moved on since as it is, and list it, instead of refusing.

        Raises:
            ConflictError: if there is nothing to take back.
            UndoRefusedError: if something has moved on since; lists all of it.
            ForbiddenError: if the actor may not do all of it by hand, or may not undo units of others.
        """  # raised by what this calls; callers want to know
        units = self._units_of(import_)
        done = self.uow.history.undo_all(units, partial=partial)
        found = self.uow.get(Import, import_)
        self.records.update(found, evolve(found, state="taken_back"))
        self.emit(ImportTakenBack(import_id=import_, name=found.name, whole=not done.conflicts))
        return done

    @query("exchange.import.plan_take_back", permission="exchange.import.update")
    def plan_take_back(self, import_: ImportId, *, partial: bool = False) -> Reversal:
        """What taking an import back would change, and what has moved on since; writes nothing. See `take_back`."""
        return self.uow.history.plan(self._units_of(import_), partial=partial)

    @query("exchange.import.compare", permission="exchange.import.create")
    def compare(self, drafts: Sequence[Draft], *, match: Sequence[str] | None = None) -> Outcome:
        """What applying rows would do; writes nothing.

        Args:
            drafts: the rows, at most a batch.
            match: by what they are recognised; as configured by default.
        """
        return Applier(self, match if match is not None else self.settings(Settings).match).compare(drafts)

    # -- mappings -----------------------------------------------------------------------------------------------------

    @command("exchange.mapping.save", permission="exchange.mapping.update")
    def save_mapping(
        self, name: str, *, signature: str, targets: Mapping[str, str], date_order: str | None = None
    ) -> SavedMapping:
        """Keep what the columns of a kind of file are, under a name; one of that name is replaced.

        Args:
            name: by which people ask for it.
            signature: of the headers.
            targets: what each header is mapped to.
            date_order: dmy or mdy, if its dates leave that open.

        Raises:
            InvalidValueError: if a target is none.
        """  # raised by target
        for text in targets.values():
            target(text)
        before = self.mapping(name)
        if before is None:
            return self.records.add(
                SavedMapping(name=name, signature=signature, targets=targets, date_order=date_order)
            )
        return self.records.update(before, evolve(before, signature=signature, targets=targets, date_order=date_order))

    @query("exchange.mapping.get", permission="exchange.import.create")
    def mapping(self, name: str) -> SavedMapping | None:
        """The mapping of that name; None if there is none."""
        return next(iter(self.uow.find(SavedMapping, f.name == name, limit=1)), None)

    @query("exchange.mapping.recognise", permission="exchange.import.create")
    def mapping_for(self, signature: str) -> SavedMapping | None:
        """The mapping that was kept last for files with these headers; None if there is none."""
        return next(iter(self.uow.find(SavedMapping, f.signature == signature, order="-updated_at", limit=1)), None)

    # -- exporting ----------------------------------------------------------------------------------------------------

    @query("exchange.party.export")
    def export(self, where: Criteria = ALWAYS, *, order: str | None = None) -> Iterator[tuple[ImportedParty, Party]]:
        """The parties that fit ``where``, with what else there is to export of them; read page by page.

        The actor gets what the actor may see: of hidden parties nothing, of hidden fields no value. What has been
        merged into another party is left out.

        Args:
            where: which parties.
            order: see `UnitOfWork.find`; by default, that in which they were added.
        """
        return gathered(self.uow, where, order=order or "id")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _unfinished(self, digest: str) -> Import | None:
        mine = (f.digest == digest) & (f.state == "running") & (f.owner_id == self.uow.actor.id)
        return next(iter(self.uow.find(Import, mine, limit=1)), None)

    def _units_of(self, import_: UUID) -> list[UUID]:
        """The units of work in which rows were applied.

        Raises:
            ConflictError: if there are none.
        """
        units = [batch.unit_id for batch in self.batches(import_)]
        if not units:
            name = self.uow.get(Import, import_).name
            raise ConflictError(f"import {name!r} has applied no rows that could be taken back")
        return units

    def _last_batch(self, import_: UUID) -> Batch | None:
        return next(iter(self.uow.find(Batch, f.import_id == import_, order="-number", limit=1)), None)


def _sums(batches: Iterator[Batch]) -> dict[str, int]:
    sums: dict[str, int] = {"added": 0, "updated": 0, "unchanged": 0, "failed": 0}
    for batch in batches:
        for name in sums:
            sums[name] += getattr(batch, name)
    return sums
