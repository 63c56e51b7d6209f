"""Exports: everything that a purge removes, in the form of the catalogue, whatever has become of the code."""

from __future__ import annotations

import hashlib
import json
import tracemalloc

import pytest
from crmkit_membership import Card, Membership
from leaving_place import TENANTS

from crmkit import Person
from crmkit.core.kernel.belongings import copying
from crmkit.errors import InvalidValueError, UnknownPluginError, UnknownTenantError


def lines(folder, name):
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()]


def contents(folder):
    """Every file as bytes, but for when it was made."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def copied(place, lived, tmp_path):
    folder = tmp_path / "copy"
    place.crm("membership").plugins.export("membership", folder)
    return folder


def test_every_record_is_there_as_it_is_stored(place, lived, copied):
    crm = place.crm("membership")
    wanted = []
    for tenant in TENANTS:
        with crm.begin("ada", tenant, read_only=True) as uow:
            wanted += [(tenant, str(c.id), c.version, c.number, c.points) for c in uow.each(Card, order="id")]
    found = [
        (r["tenant"], r["id"], r["version"], r["fields"]["number"], r["fields"]["points"])
        for r in lines(copied, "membership.card")
    ]
    assert found == wanted


def test_what_is_attached_to_records_is_there(lived, copied):
    grants = lines(copied, "attached.grant")
    assert {(g["tenant"], g["fields"]["permission"]) for g in grants} == {
        (tenant, f"membership.card.{verb}") for tenant in TENANTS for verb in ("read", "update")
    }


def test_history_is_there_with_who_and_when(lived, copied):
    found = [(c["tenant"], c["id"], c["version"], c["op"]) for c in lines(copied, "history")]
    card = str(lived["acme"]["card"].id)
    assert [(v, op) for tenant, id_, v, op in found if id_ == card] == [(1, "insert"), (2, "update")]
    assert len(found) == 6
    assert {c["actor"] for c in lines(copied, "history")} == {"ada"}


def test_jobs_that_wait_are_there_with_what_they_are_about(lived, copied):
    credit = [job for job in lines(copied, "jobs") if job["kind"] == "event"]
    assert {job["payload"]["deal_id"] for job in credit} == {str(did["deal"]) for did in lived.values()}
    assert {job["state"] for job in credit} == {"queued"}


def test_the_manifest_counts_and_describes_what_is_there(copied):
    manifest = json.loads((copied / copying.MANIFEST).read_text("utf-8"))
    assert {*manifest["files"], copying.MANIFEST} == {path.name for path in copied.iterdir()}
    for name, said in manifest["files"].items():
        raw = (copied / name).read_bytes()
        assert (raw.count(b"\n"), hashlib.sha256(raw).hexdigest()) == (said["lines"], said["sha256"])
    assert manifest["tenants"] == list(TENANTS)
    assert manifest["shapes"]["membership.card"]["fields"]["valid_until"]["type"] == "date"


def test_it_is_the_same_when_the_plugin_is_disabled_or_its_package_gone(place, copied, tmp_path):
    off = place.crm("membership")
    off.plugins.disable("membership")
    for name, crm in (("off", off), ("unloaded", place.crm()), ("gone", place.crm(manifests=()))):
        crm.plugins.export("membership", tmp_path / name)
        assert contents(tmp_path / name) == contents(copied)


def test_one_tenant_is_exported_by_itself(place, lived, tmp_path):
    place.crm().plugins.export("membership", tmp_path / "bolt", tenant="bolt")
    for name in ("membership.card", "attached.grant", "history", "jobs"):
        assert {line["tenant"] for line in lines(tmp_path / "bolt", name)} == {"bolt"}


def test_a_record_with_more_versions_than_a_page_holds_is_there_whole(place, lived, tmp_path, monkeypatch):
    crm = place.crm("membership")
    for _ in range(5):
        with crm.begin("ada", "acme") as uow:
            uow.use(Membership).credit(lived["acme"]["card"].id, 1)
    crm.plugins.export("membership", tmp_path / "usual")
    monkeypatch.setattr(copying, "PAGE", 2)
    crm.plugins.export("membership", tmp_path / "small")
    assert contents(tmp_path / "small") == contents(tmp_path / "usual")


def test_an_export_that_fails_leaves_no_folder(place, lived, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copying.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        place.crm().plugins.export("membership", tmp_path / "copy")
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_folder_that_holds_something_is_left_alone(place, lived, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine").write_text("x")
    with pytest.raises(InvalidValueError, match="not empty"):
        place.crm().plugins.export("membership", tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["mine"]


def test_what_is_not_there_is_not_exported(place, lived, tmp_path):
    for plugin, tenant, error in (("x", None, UnknownPluginError), ("membership", "x", UnknownTenantError)):
        with pytest.raises(error):
            place.crm().plugins.export(plugin, tmp_path / "copy", tenant=tenant)
    assert not (tmp_path / "copy").exists()


def test_memory_does_not_grow_with_the_records(place, lived, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "PAGE", 50)

    def grow(crm, many):
        with crm.begin("ada", "acme") as uow:
            for party in uow.parties.add_many([Person(given_name=f"p{n}") for n in range(many)]):
                uow.use(Membership).issue(party.id)

    def peak(folder):
        tracemalloc.start()
        crm.plugins.export("membership", tmp_path / folder)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    crm = place.crm("membership")
    grow(crm, 100)
    peak("warm")
    few = peak("few")
    grow(crm, 900)
    assert peak("many") < few + (1 << 18)


def test_progress_is_told_file_by_file(place, lived, tmp_path):
    told = []
    place.crm().plugins.export("membership", tmp_path / "copy", progress=lambda *said: told.append(said))
    assert ("membership.card.jsonl", 4) in told
