"""What units that failed have left is found and removed, and what is missing or damaged is found."""

from __future__ import annotations

import os
from datetime import timedelta
from hashlib import sha256

import pytest

from crmkit import Incoming, Ref

NOW = timedelta(seconds=-60)
"""Everything that is there is older than this."""


def attach(crm, ref, content=b"plan", actor="sam"):
    with crm.begin(actor) as uow:
        return uow.attachments.attach(ref, name="plan.txt", content=content)


def keys(store, tenant):
    return {file.key for file in store.iterate(tenant)}


@pytest.fixture
def leftover(filing, tenant, ida, store):
    """The content of a unit that was rolled back."""
    with pytest.raises(ZeroDivisionError), filing.begin("sam") as uow:
        left = uow.attachments.attach(ida, name="plan.txt", content=b"left")
        raise ZeroDivisionError
    assert keys(store, tenant) == {left.sha256}
    return left.sha256


def test_what_a_unit_that_failed_has_left_is_removed(filing, tenant, ida, store, leftover):
    used = attach(filing, ida).sha256
    (found,) = filing.files.clean(tenant=tenant, older_than=NOW)
    assert (found.tenant, found.key, found.size) == (tenant, leftover, 4)
    assert keys(store, tenant) == {leftover, used}
    assert [f.key for f in filing.files.clean(tenant=tenant, older_than=NOW, apply=True)] == [leftover]
    assert keys(store, tenant) == {used}
    assert list(filing.files.clean(tenant=tenant, older_than=NOW)) == []


def test_what_was_put_there_lately_is_left_alone(filing, tenant, store, leftover):
    assert list(filing.files.clean(tenant=tenant, apply=True)) == []
    os.utime(next(store.folder.rglob(leftover)), (0, 0))
    assert [f.key for f in filing.files.clean(apply=True)] == [leftover]


def test_what_history_names_is_kept(filing, tenant, ida, store):
    """Or else the removal of an attachment could not be undone."""
    found = attach(filing, ida)
    with filing.begin("sam") as uow:
        uow.attachments.remove(found.id)
        removed = uow.id
    assert list(filing.files.clean(tenant=tenant, older_than=NOW, apply=True)) == []
    with filing.begin("sam") as uow:
        uow.history.undo(removed)
    with filing.begin("sam", read_only=True) as uow, uow.attachments.open(found.id) as stream:
        assert stream.read() == b"plan"


def test_uploads_that_never_ended_are_removed(filing, tenant, store):
    incoming = Incoming(b"x", limit=1)
    store.put(tenant, incoming)
    (store.folder / tenant / "arriving-0123").write_bytes(b"x")
    found = list(filing.files.clean(tenant=tenant, older_than=NOW, apply=True))
    assert {f.key for f in found} == {incoming.sha256, "arriving-0123"}
    assert keys(store, tenant) == set()


def test_another_tenant_is_left_alone(filing, tenant, leftover, store):
    store.put("somebody-else", Incoming(b"theirs", limit=10))
    list(filing.files.clean(tenant=tenant, older_than=NOW, apply=True))
    assert len(keys(store, "somebody-else")) == 1


def test_what_is_missing_or_damaged_is_found_by_check_and_by_verify(filing, tenant, ida, store):
    kept, gone, cut, changed = (attach(filing, ida, content) for content in (b"kept", b"gone", b"cut", b"changed"))
    assert list(filing.files.check(tenant=tenant)) == []
    next(store.folder.rglob(gone.sha256)).unlink()
    next(store.folder.rglob(cut.sha256)).write_bytes(b"cu")
    next(store.folder.rglob(changed.sha256)).write_bytes(b"CHANGED")
    found = {(f.check, f.record) for f in filing.files.check(tenant=tenant)}
    assert found == {("file_missing", gone.id), ("file_size", cut.id), ("file_changed", changed.id)}
    assert {(f.check, f.record) for f in filing.verify(tenant=tenant)} == found
    assert kept.id not in {record for _, record in found}


def test_every_attachment_of_a_content_is_told_of(filing, tenant, ida, store):
    ids = {attach(filing, ida, b"same").id for _ in range(3)}
    with filing.begin("sam") as uow:
        comment = Ref("comment", uow.comments.add(ida, "Here").id)
    ids.add(attach(filing, comment, b"same").id)
    next(store.folder.rglob(sha256(b"same").hexdigest())).unlink()
    assert {f.record for f in filing.files.check(tenant=tenant)} == ids
