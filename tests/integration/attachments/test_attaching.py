"""Files on whatever is stored: attached, read, renamed, removed, brought back."""

from __future__ import annotations

import hashlib
import io

import pytest

from crmkit import Attachment, AttachmentAdded, AttachmentRemoved, AttachmentRenamed, Ref, Rule, new_id
from crmkit.errors import (
    FieldForbiddenError,
    FileMissingError,
    ForbiddenError,
    InvalidValueError,
    LimitExceededError,
    NotFoundError,
    StorageError,
)


def attach(crm, ref, content=b"plan", actor="sam", **more):
    with crm.begin(actor) as uow:
        return uow.attachments.attach(ref, **{"name": "plan.txt", "content": content, **more})


def read(crm, attachment, actor="sue"):
    with crm.begin(actor, read_only=True) as uow, uow.attachments.open(attachment.id) as stream:
        return stream.read()


def keys(store, tenant):
    return [file.key for file in store.iterate(tenant)]


def test_a_file_says_what_it_is_and_who_attached_it(filing, ida, recorded_events):
    content = b"%PDF-1.7 ..."
    found = attach(filing, ida, content, name="..\\Plan\u202e.pdf", media_type="application/pdf")
    assert (found.name, found.media_type, found.size, found.uploaded_by, found.ref) == (
        "Plan.pdf",
        "application/pdf",
        len(content),
        "sam",
        ida,
    )
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert read(filing, found) == content
    (event,) = recorded_events.of(AttachmentAdded)
    assert (event.attachment, event.about, event.comment, event.size) == (found.id, ida, None, len(content))


@pytest.mark.parametrize("size", [0, 99_999, 100_000])
def test_files_up_to_the_limit_are_taken(filing, ida, size):
    assert read(filing, attach(filing, ida, io.BytesIO(bytes(size)))) == bytes(size)


class Breaking(io.RawIOBase):
    """A stream that fails in the middle."""

    def __init__(self):
        self.reads = 0

    def read(self, size=-1):
        self.reads += 1
        if self.reads > 1:
            raise ConnectionResetError
        return b"half"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (lambda: {"content": bytes(100_001)}, LimitExceededError),
        (lambda: {"content": io.BytesIO(bytes(100_001))}, LimitExceededError),
        (lambda: {"content": io.StringIO("text")}, InvalidValueError),
        (lambda: {"content": "text"}, InvalidValueError),
        (lambda: {"content": Breaking()}, ConnectionResetError),
        (lambda: {"media_type": "plain"}, InvalidValueError),
        (lambda: {"media_type": "text/plain\r\nX: y"}, InvalidValueError),
        (lambda: {"media_type": "Text/Plain"}, InvalidValueError),
        (lambda: {"name": None}, InvalidValueError),
    ],
)
def test_what_cannot_be_kept_leaves_nothing(filing, tenant, ida, store, rows, *, given, error):
    before = rows()
    with pytest.raises(error):
        attach(filing, ida, **given())
    assert (rows(), keys(store, tenant)) == (before, [])


def test_who_may_not_attach_does_not_even_reach_the_store(filing, tenant, ida, store, rows):
    before = rows()
    for actor, error in (("vic", ForbiddenError), ("ned", NotFoundError), ("nobody", ForbiddenError)):
        with pytest.raises(error):
            attach(filing, ida, actor=actor)
    assert (rows(), keys(store, tenant)) == (before, [])


def test_a_file_is_read_by_whoever_reads_the_record_and_nobody_else(filing, ida, rows):
    found = attach(filing, ida)
    assert [read(filing, found, actor) for actor in ("ada", "max", "sue", "vic")] == [b"plan"] * 4
    before = rows()
    for actor in ("ned", "nobody"):
        for id_ in (found.id, new_id()):
            with pytest.raises(NotFoundError), filing.begin(actor) as uow:
                uow.attachments.open(id_)
    assert rows() == before


def test_a_hash_known_to_one_tenant_opens_nothing_of_another(filing, tenant, ida, crm_with, folder):
    found = attach(filing, ida)
    other = crm_with(config={"files": {"folder": str(folder)}}, tenant=f"{tenant}-2")
    with pytest.raises(NotFoundError), other.begin("ada") as uow:
        uow.attachments.open(found.id)
    assert not other.files.store.exists(f"{tenant}-2", found.sha256)


def test_who_may_not_read_which_content_a_file_has_may_not_open_it(filing, actors, ida, rows):
    with filing.begin("ada") as uow:
        hiding = Rule(effect="forbid", permission="attachment.read", fields=("sha256",))
        uow.permissions.define_role("blind", label="Blind", rules=[hiding])
    actors.add("bob", roles=["seller", "blind"], teams=["sales"])
    found = attach(filing, ida)
    before = rows()
    with filing.begin("bob", read_only=True) as uow:
        (shown,) = uow.attachments.of(ida)
        assert (shown.name, shown.sha256) == ("plan.txt", None)
        with pytest.raises(FieldForbiddenError):
            uow.attachments.open(found.id)
    assert rows() == before


def test_a_file_is_renamed_by_who_attached_it_and_stays_what_it_is(filing, ida, rows, recorded_events):
    found = attach(filing, ida)
    with filing.begin("sam") as uow:
        renamed = uow.attachments.rename(found.id, "../new\0.txt")
    assert (renamed.name, renamed.sha256, renamed.version) == ("new.txt", found.sha256, 2)
    assert len(recorded_events.of(AttachmentRenamed)) == 1
    before = rows()
    with pytest.raises(ForbiddenError), filing.begin("sue") as uow:
        uow.attachments.rename(found.id, "mine.txt")
    assert rows() == before


def test_files_of_comments_are_listed_with_them(filing, ida):
    with filing.begin("sam") as uow:
        comment = Ref("comment", uow.comments.add(ida, "Here it is").id)
    attach(filing, comment, name="of-comment.txt")
    attach(filing, ida, name="of-record.txt")
    with filing.begin("sue", read_only=True) as uow:
        assert [(a.name, a.ref) for a in uow.attachments.of(comment)] == [("of-comment.txt", ida)]
        assert [a.name for a in uow.attachments.of(ida)] == ["of-record.txt"]
        assert uow.count(Attachment) == 2


def test_the_same_content_is_stored_once_and_outlives_either_of_its_attachments(filing, tenant, ida, store):
    one, other = attach(filing, ida), attach(filing, ida, io.BytesIO(b"plan"), name="copy.txt")
    assert keys(store, tenant) == [one.sha256]
    with filing.begin("sam") as uow:
        uow.attachments.remove(one.id)
    assert read(filing, other) == b"plan"


def test_undo_removes_an_attachment_and_brings_it_back(filing, ida, recorded_events):
    with filing.begin("sam") as uow:
        found = uow.attachments.attach(ida, name="plan.txt", content=b"plan")
        done = uow.id
    with filing.begin("sam") as uow:
        uow.history.undo(done)
        undone = uow.id
    with filing.begin("sam", read_only=True) as uow:
        assert list(uow.attachments.of(ida)) == []
    with filing.begin("sam") as uow:
        uow.history.undo(undone)
    assert read(filing, found) == b"plan"
    with filing.begin("sam") as uow:
        uow.attachments.remove(found.id)
        uow.history.restore(Ref("attachment", found.id), 1)
    assert read(filing, found) == b"plan"
    assert len(recorded_events.of(AttachmentRemoved)) == 1


def test_only_who_attached_a_file_and_stewards_remove_it(filing, actors, ida, rows):
    actors.add("stu", roles=["steward"])
    found = attach(filing, ida)
    before = rows()
    with pytest.raises(ForbiddenError), filing.begin("sue") as uow:
        uow.attachments.remove(found.id)
    assert rows() == before
    with filing.begin("stu") as uow:
        uow.attachments.remove(found.id)


def test_a_content_that_is_gone_is_told_clearly(filing, tenant, ida, store):
    found = attach(filing, ida)
    next(store.folder.rglob(found.sha256)).unlink()
    with pytest.raises(FileMissingError, match=f"attachment {found.id} is not in the file store"):
        read(filing, found)


class Forgetful:
    """A store of a host's own that does not do what it should."""

    def put(self, tenant, content):
        next(iter(content))


def test_a_store_that_does_not_take_all_of_a_file_is_not_trusted(crm, ida, rows):
    from crmkit import CRM

    own = CRM(crm.config, engine=crm.engine, actors=crm._actors, files=Forgetful()).start()
    before = rows()
    with pytest.raises(StorageError, match="did not take all"):
        attach(own, ida, bytes(200_000))
    assert rows() == before


def test_a_host_may_keep_files_where_it_likes(crm, ida):
    """All that crmkit asks of a store is in the protocol."""
    from crmkit import CRM

    class Memory:
        def __init__(self):
            self.kept = {}

        def put(self, tenant, content):
            whole = b"".join(content)
            self.kept[tenant, content.sha256] = whole

        def open(self, tenant, sha256):
            try:
                return io.BytesIO(self.kept[tenant, sha256])
            except KeyError:
                raise FileNotFoundError from None

        def exists(self, tenant, sha256):
            return (tenant, sha256) in self.kept

        def delete(self, tenant, key, *, before):
            return self.kept.pop((tenant, key), None) is not None

        def iterate(self, tenant):
            return iter(())

    own = CRM(crm.config, engine=crm.engine, actors=crm._actors, files=Memory()).start()
    assert read(own, attach(own, ida)) == b"plan"
