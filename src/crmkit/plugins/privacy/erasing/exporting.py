"""Everything about a person as one JSON document, written as it is read so that memory stays bounded."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

from crmkit.sdk import CrmkitError, Ref, SubjectRecord, UnitOfWork, to_json

__all__ = ["FORMAT", "VERSION", "write_subject"]

FORMAT: Final = "crmkit.subject"
VERSION: Final = 1
PIECE: Final = 3 * 16_384
"""How many bytes of a file are encoded at once."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def write_subject(uow: UnitOfWork, ref: Ref, target: BinaryIO | Path) -> int:
    """Write the document.

    Args:
        uow: the unit that reads.
        ref: the record that it is all about.
        target: a path, or a binary stream, which is not closed.

    Returns:
        How many records were written.
    """
    records = uow.erasure.subject(ref)  # what is wrong shows before anything is written
    if isinstance(target, Path):
        with target.open("wb") as file:
            return _write(uow, ref, records, file)
    return _write(uow, ref, records, target)


def _write(uow: UnitOfWork, ref: Ref, records: Iterator[SubjectRecord], file: BinaryIO) -> int:
    head = {
        "format": FORMAT,
        "version": VERSION,
        "tenant": uow.tenant,
        ref.entity: str(ref.id),
        "exported_at": to_json(uow.now),
    }
    file.write(_encode(head)[:-1].encode() + b',"records":[')
    count, files = 0, []
    for one in records:
        file.write((b"," if count else b"") + _encode(_said(one)).encode())
        count += 1
        if one.entity == "attachment" and one.state != "deleted":
            files.append((one.id, one.fields))
    file.write(b'],"files":[')
    for place, (id_, fields) in enumerate(files):
        file.write(b"," if place else b"")
        _write_file(uow, id_, fields, file)
    file.write(b"]}\n")
    return count


def _said(one: SubjectRecord) -> dict[str, Any]:
    return {
        "entity": one.entity,
        "plugin": one.plugin,
        "id": str(one.id),
        "state": one.state,
        "fields": to_json(dict(one.fields)),
        "history": [
            {
                "version": change.version,
                "op": change.op,
                "at": None if change.at is None else to_json(change.at),
                "actor": change.actor,
                "source": change.source,
                "changes": to_json({name: list(pair) for name, pair in change.diff.items()}),
            }
            for change in one.history
        ],
    }


def _write_file(uow: UnitOfWork, id_: UUID, fields: Any, file: BinaryIO) -> None:
    """One attachment; without content if the actor may not open it, or the store does not have it."""
    head = {"attachment": str(id_), **{n: fields.get(n) for n in ("name", "media_type", "size", "sha256")}}
    try:
        content: BinaryIO | None = uow.attachments.open(id_)
    except CrmkitError:
        content = None
    file.write(_encode(head)[:-1].encode() + b',"content":')
    if content is None:
        file.write(b"null}")
        return
    file.write(b'"')
    rest = b""
    with content as reading:
        while piece := reading.read(PIECE):  # a raw stream may give less than it was asked for
            rest += piece
            whole = len(rest) - len(rest) % 3
            file.write(base64.b64encode(rest[:whole]))
            rest = rest[whole:]
    file.write(base64.b64encode(rest) + b'"}')
