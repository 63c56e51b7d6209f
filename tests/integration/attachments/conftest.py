"""A CRM whose files are in a folder of the test's own."""

from __future__ import annotations

import pytest

from crmkit import FolderStore, Person, Ref


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def filing(crm, crm_with, folder):
    """A CRM that keeps files of at most 100,000 bytes in a folder of its own."""
    return crm_with(config={"files": {"folder": str(folder), "max_size": 100_000}})


@pytest.fixture
def store(folder):
    return FolderStore(folder)


@pytest.fixture
def ida(filing):
    """A party of the team sales."""
    with filing.begin("sam") as uow:
        return Ref("party", uow.parties.add(Person(given_name="Ida", family_name="Berg")).id)
