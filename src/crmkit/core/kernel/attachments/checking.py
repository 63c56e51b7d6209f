"""Whether the store has the content of every attachment, unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from crmkit.core.kernel.attachments.queries import contents
from crmkit.core.kernel.attachments.store import CHUNK
from crmkit.core.kernel.attachments.tables import ATTACHMENT
from crmkit.core.kernel.verification.model import Check, Checking, Finding

if TYPE_CHECKING:
    from crmkit.core.kernel.attachments.store import FileStore
    from crmkit.core.kernel.storage.database import Db

__all__ = ["file_check", "file_findings"]


def file_check(files: FileStore) -> Check:
    """What ``crmkit verify`` asks of the store."""

    def check(checking: Checking) -> Iterator[Finding]:
        if ATTACHMENT.name in checking.catalogue:
            checking.say("contents of attachments")
            yield from file_findings(checking.db, checking.tenant, files)

    return check


def file_findings(db: Db, tenant: str, files: FileStore) -> Iterator[Finding]:
    """Every attachment of a tenant whose content is not in the store, or not what it was; reads all of them."""
    for sha256, same in groupby(contents(db, tenant), key=itemgetter(0)):
        found = _measured(files, tenant, sha256)
        for _, id_, size in same:
            if found is None:
                check, message = "file_missing", "its content is not in the file store"
            elif found[0] != size:
                check, message = "file_size", f"its content has {found[0]} bytes, and should have {size}"
            elif found[1] != sha256:
                check, message = "file_changed", "its content is not what was attached"
            else:
                continue
            yield Finding(check=check, subject=ATTACHMENT.name, tenant=tenant, record=id_, message=message)


def _measured(files: FileStore, tenant: str, sha256: str) -> tuple[int, str] | None:
    """Size and hash of a content; None if it is not there."""
    try:
        stream = files.open(tenant, sha256)
    except FileNotFoundError:
        return None
    size, digest = 0, hashlib.sha256()
    with stream:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            digest.update(chunk)
    return size, digest.hexdigest()
