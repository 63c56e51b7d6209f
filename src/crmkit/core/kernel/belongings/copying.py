"""Copies what a plugin has stored into a folder of JSON lines, in the form in which the catalogue describes it.

Only shapes are needed, so it works for plugins that are disabled, broken or gone. It reads one state of the database,
in pages, and the folder appears when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, column, or_, select, table

from crmkit.core.kernel.belongings.model import Copied
from crmkit.core.kernel.entities.codec import RowCodec
from crmkit.core.kernel.entities.columns import Id, Instant, Integer, Json, codec_of
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table, job_table, unit_table
from crmkit.errors import InvalidValueError
from crmkit.values.instants import format_instant

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from crmkit.core.kernel.belongings.holdings import Holdings
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.storage.database import Db

__all__ = ["FORM", "MANIFEST", "Copier"]

FORM: Final = 1
"""The version of the form of these folders."""
MANIFEST: Final = "manifest.json"
PAGE: Final = 1000

Line = Mapping[str, Any]
Progress = Callable[[str, int], None]

_CHANGES: Final = (
    change_table.c.unit_id,
    change_table.c.seq,
    change_table.c.entity,
    change_table.c.record_id,
    change_table.c.version,
    change_table.c.op,
    change_table.c.diff,
    change_table.c.root_id,
    change_table.c.root_version,
    unit_table.c.actor_id,
    unit_table.c.at,
    unit_table.c.source,
)
_JOBS: Final = tuple(c for c in job_table.columns if c.name not in {"tenant_id", "fencing_token"})


class Copier:
    """Copies what belongs to one plugin.

    Args:
        db: in a transaction that sees one state all through.
        holdings: what belongs to the plugin.
        tenants: ids of the tenants whose records are copied.
        progress: told each file's name, and how many lines it has so far.
    """

    def __init__(self, db: Db, holdings: Holdings, tenants: Sequence[str], *, progress: Progress | None = None) -> None:
        self._db, self._holdings, self._tenants = db, holdings, tenants
        self._say = progress or (lambda _, __: None)
        self._files: dict[str, dict[str, Any]] = {}

    def write(self, folder: Path, *, at: datetime) -> Copied:
        """Write everything to ``folder``, which is there when all of it is.

        Args:
            folder: where to; it must not be there, or be empty.
            at: now, which the manifest says.

        Raises:
            InvalidValueError: if the folder holds something.
            OSError: if it cannot be written.
        """  # the latter by the operating system
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InvalidValueError("folder", str(folder), "is there and not empty; name a new one")
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        partial.mkdir()
        try:
            self._write_all(partial)
            said = {"crmkit_export": FORM, "plugin": self._holdings.plugin, "made_at": format_instant(at)}
            said |= {"tenants": list(self._tenants), "files": self._files, "shapes": self._shapes()}
            _store(partial / MANIFEST, [json.dumps(said, ensure_ascii=False, indent=2)])
            if folder.exists():
                folder.rmdir()
            partial.rename(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return Copied(folder=folder, files={name: said["lines"] for name, said in self._files.items()})

    def _shapes(self) -> dict[str, Any]:
        return {name: json.loads(json.dumps(shape, default=dict)) for name, shape in self._holdings.shapes.items()}

    # -- files --------------------------------------------------------------------------------------------------------

    def _write_all(self, folder: Path) -> None:
        holdings = self._holdings
        for name, entity in sorted(holdings.entities.items()):
            self._file(folder, name, self._records(entity))
        for name in sorted({one.entity.name for one in holdings.attached}):
            self._file(folder, f"attached.{name}", self._attached(name))
        for name, columns in holdings.further.items():
            self._file(folder, f"table.{name}", self._plain(name, columns))
        self._file(folder, "history", self._changes())
        self._file(folder, "jobs", self._jobs())

    def _file(self, folder: Path, stem: str, lines: Iterable[Line]) -> None:
        name, digest, count = f"{stem}.jsonl", hashlib.sha256(), 0

        def texts() -> Iterator[str]:
            nonlocal count
            for line in lines:
                text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=_plain_value)
                digest.update(f"{text}\n".encode())
                count += 1
                if count % PAGE == 0:
                    self._say(name, count)
                yield text

        _store(folder / name, texts())
        self._say(name, count)
        self._files[name] = {"lines": count, "sha256": digest.hexdigest()}

    # -- lines --------------------------------------------------------------------------------------------------------

    def _records(self, entity: EntityType[Any], fits: ColumnElement[bool] | None = None) -> Iterator[Line]:
        rows, codec = entity.table, RowCodec(entity, self._db.dialect)
        where = [rows.c.tenant_id == bindparam("tenant"), rows.c.id > bindparam("after")]
        if fits is not None:
            where.append(fits)
        columns = [rows.c[c] for c in codec.columns]
        page = Statement(select(*columns).where(*where).order_by(rows.c.id).limit(_size()))
        for tenant in self._tenants:
            after = UUID(int=0)
            while found := self._db.rows(page, {"tenant": tenant, "after": after, "size": PAGE}):
                for record in map(codec.load, found):
                    after = record.id
                    stamps = {"version": record.version, "updated_at": format_instant(record.updated_at)}
                    yield {"tenant": tenant, "id": str(record.id), **stamps, "fields": codec.image(record)}

    def _attached(self, entity: str) -> Iterator[Line]:
        """Records of others that would go with the plugin's, whatever ties them to it."""
        ties = [one for one in self._holdings.attached if one.entity.name == entity]
        return self._records(ties[0].entity, or_(*(one.fits for one in ties)))

    def _plain(self, name: str, columns: Sequence[str]) -> Iterator[Line]:
        """Rows of a table that the catalogue does not know, in whatever form they have."""
        rows = table(name, *map(column, columns), schema=self._db.schema)
        by = [None] if "tenant_id" not in columns else [rows.c.tenant_id == tenant for tenant in self._tenants]
        for fits in by:
            wanted = select(rows) if fits is None else select(rows).where(fits)
            for row in self._db.connection.execute(wanted, execution_options={"yield_per": PAGE}):
                yield dict(zip(columns, row, strict=True))

    def _changes(self) -> Iterator[Line]:
        """What history tells of its records, by record and version."""
        rows, read = change_table.c, _Reader(self._db.dialect)
        joined = change_table.join(
            unit_table, (unit_table.c.tenant_id == rows.tenant_id) & (unit_table.c.id == rows.unit_id)
        )
        where = rows.tenant_id == bindparam("tenant"), self._holdings.names(rows.entity), rows.record_id > _after()
        order = rows.record_id, rows.version, rows.seq
        page = Statement(select(*_CHANGES).select_from(joined).where(*where).order_by(*order).limit(_size()))
        for tenant in self._tenants:
            for unit, seq, entity, record, version, op, diff, root, root_version, actor, at, source in self._pages(
                page, tenant, 3
            ):
                yield {
                    "tenant": tenant,
                    "entity": entity,
                    "id": read.id(record),
                    "version": version,
                    "op": op,
                    "diff": read.json(diff),
                    "root": read.id(root),
                    "root_version": root_version,
                    "unit": read.id(unit),
                    "seq": seq,
                    "actor": actor,
                    "at": read.instant(at),
                    "source": source,
                }

    def _pages(self, page: Statement, tenant: str, place: int) -> Iterator[tuple[Any, ...]]:
        """All rows, in pages that hold whole records; the id of the record is at ``place``."""
        to_id, after, size = codec_of(Id(), self._db.dialect).from_driver, UUID(int=0), PAGE
        while True:
            found = self._db.rows(page, {"tenant": tenant, "after": after, "size": size})
            if len(found) < size:
                yield from found
                return
            last = found[-1][place]
            whole = [row for row in found if row[place] != last]
            if not whole:
                size *= 2  # one record with more changes than a page has lines
                continue
            yield from whole
            after, size = to_id(whole[-1][place]) if to_id else whole[-1][place], PAGE

    def _jobs(self) -> Iterator[Line]:
        columns, dialect = job_table.c, self._db.dialect
        where = columns.tenant_id == bindparam("tenant"), columns.plugin == bindparam("of_plugin")
        page = Statement(
            select(*_JOBS).where(*where, columns.id > bindparam("after")).order_by(columns.id).limit(_size())
        )
        for tenant in self._tenants:
            after = UUID(int=0)
            params = {"tenant": tenant, "of_plugin": self._holdings.plugin, "size": PAGE}
            while found := self._db.rows(page, {**params, "after": after}):
                for row in found:
                    line: dict[str, Any] = {"tenant": tenant}
                    for one, value in zip(_JOBS, row, strict=True):
                        convert = codec_of(one.type, dialect).from_driver
                        line[one.name] = value if value is None or convert is None else convert(value)
                    after = line["id"]
                    yield line


class _Reader:
    """What the driver gives in JSON form."""

    def __init__(self, dialect: str) -> None:
        self._id, self._instant, self._json = (codec_of(t, dialect).from_driver for t in (Id(), Instant(), Json()))

    def id(self, raw: Any) -> str:
        return str(self._id(raw) if self._id else raw)

    def instant(self, raw: Any) -> str:
        return format_instant(self._instant(raw) if self._instant else raw)

    def json(self, raw: Any) -> Any:
        return self._json(raw) if self._json else raw


def _size() -> Any:
    return bindparam("size", type_=Integer())


def _after() -> Any:
    return bindparam("after", type_=Id())


def _plain_value(value: Any) -> Any:
    """What the JSON encoder does not know, in JSON form."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return format_instant(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return dict(value) if isinstance(value, Mapping) else str(value)


def _store(path: Path, lines: Iterable[str]) -> None:
    """Write a file and see that it is on the disk."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())
