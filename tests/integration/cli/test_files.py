"""``crmkit files``: what nothing refers to is listed and removed, what is missing is found."""

import json

import pytest

from crmkit import Person, Ref


@pytest.fixture
def stored_files(each, monkeypatch):
    """An attachment, and what a unit that failed has left; returns the hashes of both."""
    with each.crm() as crm:
        with crm.begin("ada") as uow:
            ida = Ref("party", uow.parties.add(Person(given_name="Ida", family_name="Berg")).id)
            kept = uow.attachments.attach(ida, name="kept.txt", content=b"kept")
        with pytest.raises(ZeroDivisionError), crm.begin("ada") as uow:
            left = uow.attachments.attach(ida, name="left.txt", content=b"left")
            raise ZeroDivisionError
    return kept.sha256, left.sha256


def place(each, key):
    return next((each.folder / "crmkit-files").rglob(key), None)


def test_a_content_that_nothing_refers_to_is_removed_when_asked_twice(each, stored_files):
    kept, left = stored_files
    assert left not in each.done("files", "clean")
    listed = each.done("files", "clean", "--older-than", 0)
    assert left in listed
    assert kept not in listed
    assert listed.endswith("1 files, 4 bytes to remove; say --yes to do it.\n")
    assert place(each, left) is not None
    ran = json.loads(each.done("files", "clean", "--older-than", 0, "--yes", "--json"))
    assert (ran["applied"], [f["key"] for f in ran["files"]]) == (True, [left])
    assert (place(each, left), place(each, kept) is None) == (None, False)


def test_a_content_that_is_gone_is_found(each, stored_files):
    assert each.done("files", "check") == "Every attachment has its content.\n"
    place(each, stored_files[0]).unlink()
    ran = each.run("files", "check")
    assert ran.exit_code == 1
    assert "its content is not in the file store (file_missing)" in ran.stdout
    assert ran.stderr == "Error: 1 attachment is damaged\n"
    assert [f["check"] for f in json.loads(each.run("verify", "--json").stdout)["findings"]] == ["file_missing"]
