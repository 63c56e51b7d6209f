"""Waking idle workers: a bell within the process, and PostgreSQL's NOTIFY between processes. Both are hints only."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, select

from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.storage.engines import driver_connection
from crmkit.core.kernel.storage.statements import Statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crmkit.core.kernel.storage.database import Db

__all__ = ["Bell", "Listener", "announce"]

CHANNEL: Final = "crmkit_jobs"
BREATH: Final = 1.0
"""Seconds after which a listener looks whether it is to stop; nothing is sent to the server."""
AGAIN: Final = 5.0
"""Seconds after which a listener that has lost its connection asks for another."""

_NOTIFY: Final = Statement(
    select(func.pg_notify(bindparam("channel", type_=Text()), bindparam("tenant", type_=Text())))
)

log = logging.getLogger("crmkit.jobs")


class Bell:
    """Rung in this process after a unit that has written jobs was committed."""

    def __init__(self) -> None:
        self._hearers: tuple[Callable[[str], None], ...] = ()
        self._lock = threading.Lock()

    def ring(self, tenant: str) -> None:
        """Tell everybody who listens that the tenant has jobs."""
        for hearer in self._hearers:
            hearer(tenant)

    def listen(self, hearer: Callable[[str], None]) -> Callable[[], None]:
        """Call ``hearer`` with the tenant whenever the bell is rung; returns what ends that."""
        with self._lock:
            self._hearers = (*self._hearers, hearer)

        def leave() -> None:
            with self._lock:
                self._hearers = tuple(h for h in self._hearers if h is not hearer)

        return leave


def announce(db: Db, tenant: str) -> None:
    """Tell workers in other processes, once this transaction is committed, that the tenant has jobs."""
    if db.dialect == "postgresql":
        db.rows(_NOTIFY, {"channel": CHANNEL, "tenant": tenant})


class Listener:
    """Hears what `announce` says, in a thread of its own, on a connection of its own. PostgreSQL only.

    Args:
        engine: to the database.
        hearer: called with the tenant; with an empty text after a time without connection, when anything may be due.
    """

    def __init__(self, engine: Engine, hearer: Callable[[str], None]) -> None:
        self._engine, self._hearer = engine, hearer
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="crmkit-jobs-listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; returns within about a second."""
        self._stopping.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self._hear()
            except Exception as error:  # noqa: BLE001  # without it, workers look by themselves; it is only a hint
                log.info("not listening for jobs for %.0f s: %s", AGAIN, type(error).__name__)
                self._stopping.wait(AGAIN)

    def _hear(self) -> None:
        with contextlib.closing(self._engine.connect()) as connection:
            connection.detach()  # it is not given back to the pool in the midst of listening
            raw: Any = driver_connection(connection)
            raw.autocommit = True
            raw.execute(f"LISTEN {CHANNEL}")
            self._hearer("")
            while not self._stopping.is_set():
                for said in raw.notifies(timeout=BREATH):
                    self._hearer(said.payload)
