"""``crmkit plugins impact``, ``export`` and ``purge``, with the plugin that ``plugins new`` writes."""

import hashlib
import json

import pytest


@pytest.fixture
def used(deployment, book, ida):
    """The plugin is loaded, and has an entry."""
    deployment.done("plugins", "enable", "guest_book")
    deployment.done("db", "upgrade")
    deployment.done("guest_book", "add", ida.id, "likes roofs")
    return deployment


@pytest.fixture
def unloaded(used):
    used.done("plugins", "disable", "guest_book", "--unload")
    return used


def test_impact_says_what_there_is_and_changes_nothing(used):
    before = used.stored()
    said = used.done("plugins", "impact", "guest_book")
    assert used.stored() == before
    for line in (
        "guest_book: enabled",
        "  permission guest_book.entry.add",
        "  table crm_guest_book_entry (guest_book.entry): 1 rows",
        "  history of its records: 1 changes",
        "  1 of guest_book.entry name party in party_id, purged with it",
        "  it is loaded; take it off the list: crmkit plugins disable guest_book --unload",
    ):
        assert f"{line}\n" in said, said
    found = json.loads(used.done("plugins", "impact", "guest_book", "--json"))
    assert (found["state"], found["changes"], found["tables"][0]["rows"]) == ("enabled", 1, 1)


def test_impact_is_known_of_a_plugin_whose_package_is_gone(unloaded, installed):
    installed()
    assert "guest_book: gone\n" in unloaded.done("plugins", "impact", "guest_book")
    assert "no plugin 'guestbook'" in unloaded.refused("plugins", "impact", "guestbook")


def test_impact_and_export_work_although_the_deployment_cannot_start(used, installed, tmp_path):
    """The package was uninstalled while the plugin was on the list."""
    installed()
    assert "guest_book: gone\n" in used.done("plugins", "impact", "guest_book")
    assert "Copied to" in used.done("plugins", "export", "guest_book", "--to", "copy")
    assert (tmp_path / "copy" / "guest_book.entry.jsonl").exists()


def test_what_is_exported_is_what_the_manifest_says(unloaded, tmp_path):
    said = unloaded.done("plugins", "export", "guest_book", "--to", "copy")
    assert "guest_book.entry.jsonl: 1 line\n" in said
    manifest = json.loads((tmp_path / "copy" / "manifest.json").read_text("utf-8"))
    for name, about in manifest["files"].items():
        raw = (tmp_path / "copy" / name).read_bytes()
        assert (raw.count(b"\n"), hashlib.sha256(raw).hexdigest()) == (about["lines"], about["sha256"])
    entry = json.loads((tmp_path / "copy" / "guest_book.entry.jsonl").read_text("utf-8"))
    assert entry["fields"]["text"] == "likes roofs"
    assert "not empty" in unloaded.refused("plugins", "export", "guest_book", "--to", "copy")


def test_purge_only_says_what_it_would_do(unloaded):
    before = unloaded.stored()
    said = unloaded.done("plugins", "purge", "guest_book")
    assert "table crm_guest_book_entry (guest_book.entry): 1 rows" in said
    assert said.endswith("Nothing was changed. To purge it: crmkit plugins purge guest_book --yes\n")
    assert unloaded.stored() == before


def test_purge_removes_all_once_it_is_told_yes(unloaded, installed, tmp_path):
    before = unloaded.stored()
    assert "Purged guest_book." in unloaded.done("plugins", "purge", "guest_book", "--export", "copy", "--yes")
    assert (tmp_path / "copy" / "manifest.json").exists()
    after = unloaded.stored()
    assert before.keys() - after.keys() == {"crm_guest_book_entry", "crm_version_guest_book"}
    assert not [row for row in after["crm_change"] if "guest_book" in row]
    assert unloaded.done("verify") == "Everything agrees.\n"
    installed()
    assert "no plugin 'guest_book'" in unloaded.refused("plugins", "purge", "guest_book", "--yes")


def test_a_plugin_that_is_loaded_is_not_purged(used):
    ran = used.run("plugins", "purge", "guest_book", "--yes")
    assert ran.exit_code == 1
    assert ran.stderr.startswith("Error: nothing is purged: it is loaded; take it off the list")


def test_nothing_is_purged_if_it_cannot_be_exported(unloaded, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "there").touch()
    before = unloaded.stored()
    assert unloaded.run("plugins", "purge", "guest_book", "--export", "copy", "--yes").exit_code == 1
    assert unloaded.stored() == before


def test_help_teaches_the_four_verbs(deployment):
    said = deployment.done("plugins", "--help")
    for word in ("disable", "export", "purge", "pip uninstall", "impact"):
        assert word in said


def test_info_lists_schedules_and_durable_subscribers(deployment, installed, toy):
    from datetime import timedelta

    from crmkit.sdk import Schedule

    source = (
        "from crmkit.sdk import PartyAdded, Plugin, on\n\n"
        "def greet(uow, added):\n    '''Greet who is new.'''\n\n"
        "def tend(uow, at):\n    '''Tend.'''\n\n"
        "class Toy(Plugin):\n    hooks = (on(PartyAdded, greet, durable=True),)\n"
    )
    made = toy("busy", source)
    package = made.implementation.partition(":")[0]
    from attrs import evolve

    schedule = Schedule(name="tend", run=f"{package}:tend", role="tender", every=timedelta(hours=1))
    installed(evolve(made, schedules=(schedule,)))
    said = deployment.done("plugins", "info", "busy")
    assert "\nSchedules\n  tend: every 1:00:00, with the role 'tender'\n" in said
    assert "\nDurable subscribers, which are jobs\n  PartyAdded: Greet who is new.\n" in said
