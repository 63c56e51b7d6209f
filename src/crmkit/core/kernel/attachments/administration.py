"""What the host and operators do with the store of files: clean it, and check it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from attrs import frozen

from crmkit.core.kernel.attachments.checking import file_findings
from crmkit.core.kernel.attachments.queries import PAGE, named_by_history, named_by_rows
from crmkit.core.kernel.deployment.tenants import check_tenant_id, tenant_ids
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.faults import guarded

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crmkit.core.kernel.attachments.store import FileStore, StoredFile
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.verification.model import Finding

__all__ = ["Files", "UnusedFile"]

DAY: Final = timedelta(days=1)


@frozen(kw_only=True)
class UnusedFile:
    """Something in the store that nothing refers to.

    Attributes:
        tenant: whose.
        key: the SHA-256 of the content; for what is left of an upload that never ended, a name of the store's own.
        size: in bytes.
        stored_at: when it was put there last, UTC.
    """

    tenant: str
    key: str
    size: int
    stored_at: datetime


class Files:
    """The contents of attachments, of all tenants. Not for request handlers: who has it may do everything with them."""

    def __init__(self, runtime: Runtime, engine: Engine) -> None:
        self._runtime, self._engine = runtime, engine

    @property
    def store(self) -> FileStore:
        """Where they are kept."""
        return self._runtime.files

    def clean(
        self, *, tenant: str | None = None, older_than: timedelta = DAY, apply: bool = False
    ) -> Iterator[UnusedFile]:
        """Find what units of work that failed, or processes that died, have left in the store; and remove it.

        A content is kept as long as an attachment has it or history names it, since removing an attachment can be
        undone. What was put there lately is kept, too: the unit that is to name it may still be running.

        Args:
            tenant: whose; of every tenant by default.
            older_than: what was put there later is left alone; longer than any unit of work takes.
            apply: whether to remove it; by default it is only found.

        Yields:
            Each file, once it has been removed or, without ``apply``, found.
        """
        before = self._runtime.clock.now() - older_than
        for owner in self._owners(tenant):
            for file in self._unused(owner, before):
                if not apply or self.store.delete(owner, file.key, before=before):
                    yield UnusedFile(tenant=owner, key=file.key, size=file.size, stored_at=file.stored_at)

    def check(self, *, tenant: str | None = None) -> Iterator[Finding]:
        """Every attachment whose content is not in the store, or not what it was; reads all of them.

        Args:
            tenant: whose; of every tenant by default.
        """
        for owner in self._owners(tenant):
            with self._reading() as db:
                yield from file_findings(db, owner, self.store)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _owners(self, tenant: str | None) -> list[str]:
        if tenant is not None:
            return [check_tenant_id(tenant)]
        with self._reading() as db:
            return [id_ for id_, _ in tenant_ids(db)]

    def _unused(self, tenant: str, before: datetime) -> list[StoredFile]:
        """What no attachment has and history does not name. Only what no attachment has is kept in memory."""
        old = (file for file in self.store.iterate(tenant) if file.stored_at < before)
        with self._reading() as db:
            found: dict[str, StoredFile] = {}
            for batch in _batches(old):
                named = named_by_rows(db, tenant, [file.key for file in batch])
                found.update((file.key, file) for file in batch if file.key not in named)
            if found:
                for sha256 in named_by_history(db, tenant):
                    found.pop(sha256, None)
        return list(found.values())

    @contextmanager
    def _reading(self) -> Generator[Db]:
        with guarded(), self._engine.connect() as connection, engines.begin(connection, read_only=True):
            yield Db(connection, self._runtime.config.database.schema)


def _batches(files: Iterable[StoredFile]) -> Iterator[list[StoredFile]]:
    every = iter(files)
    while batch := list(islice(every, PAGE)):
        yield batch
