"""The store that is a folder: all of a content or nothing, once, and each tenant's by itself."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from crmkit import FolderStore, Incoming
from crmkit.errors import InvalidKeyError, InvalidValueError, LimitExceededError, StorageError

FAR = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "files")


def put(store, content, tenant="acme", limit=10**9):
    incoming = Incoming(content, limit=limit)
    store.put(tenant, incoming)
    return incoming.sha256


def kept(store, tenant="acme"):
    return sorted(file.key for file in store.iterate(tenant))


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_a_content_comes_back_as_it_was(store, size):
    content = os.urandom(size)
    key = put(store, io.BytesIO(content))
    assert key == hashlib.sha256(content).hexdigest()
    with store.open("acme", key) as stream:
        assert stream.read() == content
    assert [(f.key, f.size) for f in store.iterate("acme")] == [(key, size)]
    assert store.exists("acme", key)


def test_the_same_content_is_kept_once_for_each_tenant(store):
    key = put(store, b"same")
    assert put(store, io.BytesIO(b"same")) == key
    assert kept(store) == [key]
    assert not store.exists("other", key)
    with pytest.raises(FileNotFoundError):
        store.open("other", key)
    put(store, b"same", "other")
    assert store.delete("other", key, before=FAR)
    assert store.exists("acme", key)


def test_its_place_says_nothing_but_tenant_and_hash(store):
    key = put(store, b"x")
    (file,) = [p for p in store.folder.rglob("*") if p.is_file()]
    assert file.relative_to(store.folder).parts == ("acme", key[:2], key[2:4], key)


def test_nobody_else_on_the_machine_reads_it(store):
    put(store, b"x")
    assert {p.stat().st_mode & 0o077 for p in (store.folder, *store.folder.rglob("*"))} == {0}


def test_as_much_as_is_allowed_is_kept_and_a_byte_more_is_not(store):
    put(store, b"12345", limit=5)
    for content in (b"123456", io.BytesIO(b"123456")):
        with pytest.raises(LimitExceededError, match="at most 5"):
            put(store, content, limit=5)
    assert len(kept(store)) == 1


class Endless:
    """A stream of more than there is memory."""

    def __init__(self):
        self.given = 0

    def read(self, size):
        self.given += size
        return bytes(size)


def test_of_what_is_too_large_no_more_is_read_than_is_allowed(store):
    stream = Endless()
    with pytest.raises(LimitExceededError):
        put(store, stream, limit=1_000_000)
    assert stream.given < 1_200_000
    assert kept(store) == []


class Broken:
    """A stream that ends in the middle."""

    def __init__(self, last):
        self.last, self.chunks = last, [b"some", b"more"]

    def read(self, size):
        if self.chunks:
            return self.chunks.pop()
        if isinstance(self.last, Exception):
            raise self.last
        return self.last


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (ConnectionResetError("gone"), ConnectionResetError),
        (ZeroDivisionError(), ZeroDivisionError),
        ("text", InvalidValueError),
        (None, InvalidValueError),
    ],
)
def test_of_a_stream_that_breaks_nothing_is_kept(store, last, error):
    with pytest.raises(error):
        put(store, Broken(last))
    assert kept(store) == []


@pytest.mark.parametrize("content", ["text", None, 7, ["bytes"]])
def test_what_gives_no_bytes_is_refused(store, content):
    with pytest.raises(InvalidValueError):
        put(store, content)
    assert kept(store) == []


def test_a_full_disk_is_told_clearly_and_leaves_nothing(store, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    key = put(store, b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="cannot store a file: No space left on device"):
        put(store, b"after")
    assert kept(store) == [key]


@pytest.mark.parametrize(
    "key", ["..", "../x", "a" * 63, "A" * 64, "g" * 64, "", "arriving-../x", "other-1", "a" * 63 + "\n"]
)
def test_what_is_no_key_leads_nowhere(store, key):
    for attempt in (store.open, store.exists):
        with pytest.raises(InvalidValueError):
            attempt("acme", key)
    with pytest.raises(InvalidValueError):
        store.delete("acme", key, before=FAR)


@pytest.mark.parametrize("tenant", ["..", "../acme", "a/b", "", ".acme"])
def test_what_is_no_tenant_leads_nowhere(store, tenant):
    key = put(store, b"x")
    for attempt in (
        lambda: store.open(tenant, key),
        lambda: list(store.iterate(tenant)),
        lambda: put(store, b"x", tenant),
    ):
        with pytest.raises(InvalidKeyError):
            attempt()


def test_what_was_put_there_again_meanwhile_is_not_removed(store):
    key = put(store, b"x")
    before = datetime.now(UTC) - timedelta(hours=1)
    assert not store.delete("acme", key, before=before)
    os.utime(next(store.folder.rglob(key)), (0, 0))
    put(store, b"x")
    assert not store.delete("acme", key, before=before)
    os.utime(next(store.folder.rglob(key)), (0, 0))
    assert store.delete("acme", key, before=before)
    assert not store.delete("acme", key, before=before)
    assert kept(store) == []


def test_putting_and_removing_at_the_same_time_loses_nothing(store):
    """Whoever has put a content a moment ago finds it there, however often somebody removes what is old."""
    key, ended, lost = hashlib.sha256(b"x").hexdigest(), threading.Event(), []

    def remove():
        while not ended.is_set():
            store.delete("acme", key, before=datetime.now(UTC) - timedelta(hours=1))

    thread = threading.Thread(target=remove)
    thread.start()
    for _ in range(200):
        put(store, b"x")
        time.sleep(0.0005)  # while it is looked at, it is away for a moment
        lost += [None for _ in range(1) if not _there(store, key)]
    ended.set()
    thread.join()
    assert lost == []


def _there(store, key):
    for _ in range(200):
        if store.exists("acme", key):
            return True
        time.sleep(0.001)
    return False


KILLED = """
import sys, time
from crmkit import FolderStore, Incoming
class Slow:
    def __init__(self): self.n = 0
    def read(self, size):
        self.n += 1
        if self.n > 3:
            print("reading", flush=True)
            time.sleep(60)
        return b"x" * size
FolderStore(sys.argv[1]).put("acme", Incoming(Slow(), limit=10**9))
"""


def test_a_process_that_is_killed_in_the_middle_leaves_no_content(store):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(store.folder)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"reading\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (left,) = store.iterate("acme")
    assert left.key.startswith("arriving-")
    assert store.delete("acme", left.key, before=FAR)
    assert kept(store) == []
