"""A content is attached while an erasure removes it: what an attachment names is in the store."""

from __future__ import annotations

import pytest
from racing import meanwhile

from crmkit import CRM, Attachment, FolderStore, Person, Ref
from crmkit.errors import RetryableStorageError
from crmkit.testing import Actors


def erase(party):
    return lambda uow: uow.erasure.erase(Ref("party", party), "asked for it")


@pytest.fixture
def with_file(holding, canary):
    """A person with a file."""
    with holding.begin("ada") as uow:
        party = uow.parties.add(Person(given_name=canary)).id
        uow.attachments.attach(Ref("party", party), name="a.txt", content=b"the same")
    return party


def test_a_content_that_is_being_attached_to_another_is_kept(holding, with_file, tenant):
    """Whoever removes it waits for them, however old it is in the store."""
    with holding.begin("ada") as uow:
        ole = uow.parties.add(Person(given_name="Ole")).id
    kept = []

    def attach(uow):
        kept.append(uow.attachments.attach(Ref("party", ole), name="b.txt", content=b"the same").id)

    assert meanwhile(holding, attach, erase(with_file)) is None
    assert list(holding.files.check(tenant=tenant)) == []
    with holding.begin("ada", read_only=True) as uow, uow.attachments.open(kept[0]) as content:
        assert content.read() == b"the same"


def test_a_content_that_an_erasure_removes_before_it_is_attached_is_attached_again(crm_with, folder, rows):
    """What is not there any more is never named."""

    class Losing(FolderStore):
        """Loses the first content that it is given, as an erasure at that moment would take it."""

        losing = True

        def put(self, tenant, content):
            super().put(tenant, content)
            if self.losing:
                self.losing = False
                self.delete(tenant, content.sha256)

    base = crm_with()
    with base.begin("ada") as uow:
        ole = uow.parties.add(Person(given_name="Ole")).id
    crm = CRM(base.config, engine=base.engine, actors=Actors(), files=Losing(folder)).start()
    kept = rows()

    def attach(uow) -> Attachment:
        return uow.attachments.attach(Ref("party", ole), name="b.txt", content=b"mine")

    with pytest.raises(RetryableStorageError, match="attach it again"), crm.begin("ada") as uow:
        attach(uow)
    assert rows() == kept
    crm.files.store.losing = True
    stored = crm.run(attach, "ada", retries=1)
    with crm.begin("ada", read_only=True) as uow, uow.attachments.open(stored.id) as content:
        assert content.read() == b"mine"
