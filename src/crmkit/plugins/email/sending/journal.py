"""What a sender notes on disk while messages are handed over, so that a kill tells what the server has taken.

SMTP has no transactions (RFC 1047): between the dot that ends a message and the server's answer nobody can know whether
the message was taken. The journal makes that moment as short as it can be, and known: before the dot it is noted that
the message is ending, after the answer that it was taken, each before anything else happens. After a kill

* a message that was not ending was not taken, and is sent again;
* one that was taken is never sent again, although no unit of work had noted it yet;
* one that was ending and of which no answer was noted is *uncertain*: what happens is the setting ``uncertain``.

A journal is locked while its sender lives, so that others know at once when it does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final
from urllib.parse import quote
from uuid import UUID

from attrs import frozen

try:
    import fcntl as _fcntl
except ImportError:  # pragma: no cover  # Windows: there a dead sender is known when its lease has ended
    _fcntl = None  # type: ignore[assignment]  # see above

__all__ = ["Found", "Journal", "dead_journals", "living"]

_LOCKS: Final[ModuleType | None] = _fcntl
_SUFFIX: Final = ".journal"


@frozen(kw_only=True)
class Found:
    """What a journal tells.

    Attributes:
        courier: the sender's id.
        ending: messages of which the end was about to be sent.
        taken: those that the server has taken, each with what it said.
    """

    courier: str
    ending: frozenset[UUID]
    taken: Mapping[UUID, str]


class Journal:
    """The journal of one sender; what is noted is on disk when the method returns.

    Args:
        folder: where journals are kept.
        tenant: whose messages.
        courier: the sender's id.
    """

    def __init__(self, folder: Path, tenant: str, courier: str) -> None:
        self.path = _folder(folder, tenant) / f"{courier}{_SUFFIX}"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _opened(self.path)
        _sync_folder(self.path.parent)

    def ending(self, message: UUID) -> None:
        """Note that the end of a message is about to be sent."""
        self._note(f"E {message}\n")

    def taken(self, message: UUID, said: str) -> None:
        """Note that the server has taken a message."""
        self._note(f"T {message} {said!r}\n")

    def clear(self) -> None:
        """Forget all, since a unit of work has noted it."""
        os.ftruncate(self._file, 0)

    def close(self, *, keep: bool = False) -> None:
        """End it.

        Args:
            keep: leave what was noted, for whoever comes next.
        """
        if not keep:
            self.path.unlink(missing_ok=True)
        os.close(self._file)

    def _note(self, line: str) -> None:
        os.write(self._file, line.encode())
        _synced(self._file)


def dead_journals(folder: Path, tenant: str) -> Iterator[tuple[Found, Callable[[], None]]]:
    """The journals of senders that are no more, each locked while it is looked at, and a function that removes it."""
    for path in sorted(_folder(folder, tenant).glob(f"*{_SUFFIX}")):
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            if _locked(file):
                yield read(path.stem, path.read_bytes()), lambda path=path: path.unlink(missing_ok=True)  # type: ignore[misc]  # a lambda's default has no type
        finally:
            os.close(file)


def living(folder: Path, tenant: str) -> frozenset[str]:
    """The senders on this machine that have a journal."""
    return frozenset(path.stem for path in _folder(folder, tenant).glob(f"*{_SUFFIX}"))


def read(courier: str, content: bytes) -> Found:
    """What the lines of a journal tell; a last one that was cut short tells nothing."""
    ending: set[UUID] = set()
    taken: dict[UUID, str] = {}
    for line in content.decode("utf-8", "replace").split("\n")[:-1]:
        mark, _, rest = line.partition(" ")
        id_, _, said = rest.partition(" ")
        if mark == "E":
            ending.add(UUID(id_))
        elif mark == "T":
            taken[UUID(id_)] = said.strip("'\"")
    return Found(courier=courier, ending=frozenset(ending), taken=taken)


def _opened(path: Path) -> int:
    """The file, locked; once more if somebody took it for a dead one's before it was locked."""
    while True:
        file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        if _LOCKS is not None:
            _LOCKS.flock(file, _LOCKS.LOCK_EX)
        if os.fstat(file).st_nlink:  # it still has its name
            return file
        os.close(file)


def _folder(folder: Path, tenant: str) -> Path:
    return folder / f"of-{quote(tenant, safe='')}"


def _locked(file: int) -> bool:
    """Whether the lock could be had, so that its sender is no more."""
    if _LOCKS is None:  # pragma: no cover  # Windows has no such locks
        return False
    try:
        _LOCKS.flock(file, _LOCKS.LOCK_EX | _LOCKS.LOCK_NB)
    except OSError:
        return False
    return True


def _synced(file: int) -> None:
    getattr(os, "fdatasync", os.fsync)(file)


def _sync_folder(folder: Path) -> None:
    if hasattr(os, "O_DIRECTORY"):
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
