"""``crmkit plugins``: listing, examining, switching; a plugin that is broken never breaks the command line."""

import json
import tomllib

import pytest

from crmkit import Person
from crmkit.sdk import Bridge, Permission

BROKEN = "from crmkit.sdk import Plugin\n\nboom = 1 / 0\n"


def loaded(deployment):
    return tomllib.loads(deployment.file.read_text("utf-8"))["crmkit"]["plugins"]


# -- enabling ---------------------------------------------------------------------------------------------------------


def test_a_plugin_is_loaded_upgraded_used_disabled_and_enabled_again(deployment, ida, book):
    said = deployment.done("plugins", "enable", "guest_book")
    assert "Added guest_book to the plugins" in said
    assert "Run: crmkit db upgrade" in said
    assert loaded(deployment) == ["guest_book"]
    assert deployment.done("db", "upgrade") == "Applying guest_book: 0001_entries\n"
    deployment.done("guest_book", "add", ida.id, "likes roofs")
    assert "Guest book (plugin guest_book)" in deployment.done("show", ida.id)
    before = deployment.stored()["crm_guest_book_entry"]
    assert "its data is kept" in deployment.done("plugins", "disable", "guest_book")
    assert "Guest book" not in deployment.done("show", ida.id)
    assert "is not enabled for tenant 'acme'" in deployment.refused("guest_book", "list", ida.id)
    assert deployment.stored()["crm_guest_book_entry"] == before
    deployment.done("plugins", "enable", "guest_book")
    assert "likes roofs" in deployment.done("guest_book", "list", ida.id)


def test_comments_in_the_file_stay(deployment, installed, toy):
    installed(toy("one"))
    deployment.done("plugins", "enable", "one")
    text = deployment.file.read_text("utf-8")
    assert "# written by hand" in text
    assert "# none yet" in text
    assert loaded(deployment) == ["one"]


def test_a_plugin_without_tables_works_at_once(deployment, installed, toy):
    installed(toy("one"))
    assert "db upgrade" not in deployment.done("plugins", "enable", "one")
    assert "one  enabled" in deployment.done("plugins", "list")


def test_a_plugin_is_switched_for_one_tenant(deployment, installed, toy):
    installed(toy("one"))
    deployment.done("plugins", "enable", "one")
    deployment.done("tenants", "create", "other")
    deployment.done("--tenant", "other", "plugins", "disable", "one")
    states = {
        tenant: json.loads(deployment.done("--tenant", tenant, "plugins", "list", "--json"))[0]["state"]
        for tenant in ("acme", "other")
    }
    assert states == {"acme": "enabled", "other": "disabled"}


def test_an_unknown_plugin_is_answered_with_the_nearest_one(deployment, installed, toy):
    installed(toy("marketing"))
    line = deployment.refused("plugins", "enable", "marketting")
    assert line == "no installed distribution offers the plugin 'marketting'; did you mean 'marketing'?"


def test_a_plugin_whose_dependency_is_not_loaded_is_not_enabled(deployment, installed, toy):
    installed(toy("two", needs={"one": ""}), toy("one"))
    before = deployment.file.read_text("utf-8"), deployment.stored()
    ran = deployment.run("plugins", "enable", "two")
    assert ran.exit_code == 1
    assert "'one'" in ran.stderr
    assert (deployment.file.read_text("utf-8"), deployment.stored()) == before


def test_a_plugin_written_for_another_api_is_not_enabled(deployment, installed, toy):
    from attrs import evolve

    installed(evolve(toy("one"), api=">=9"))
    before = deployment.file.read_text("utf-8")
    assert "is written for version >=9" in deployment.run("plugins", "enable", "one").stderr
    assert deployment.file.read_text("utf-8") == before


def test_a_plugin_that_fails_to_load_is_not_enabled(deployment, installed, toy):
    installed(toy("bad", BROKEN))
    line = deployment.refused("plugins", "enable", "bad")
    assert "ZeroDivisionError" in line
    assert "plugin.py:3" in line


def test_a_list_that_a_variable_sets_is_not_edited_in_the_file(deployment, installed, toy, monkeypatch):
    installed(toy("one"))
    monkeypatch.setenv("CRMKIT_CRMKIT__PLUGINS", "[]")
    assert "is set by environment CRMKIT_CRMKIT__PLUGINS" in deployment.refused("plugins", "enable", "one")


# -- disabling --------------------------------------------------------------------------------------------------------


def test_a_plugin_is_not_disabled_while_another_one_needs_it(deployment, installed, toy):
    installed(toy("one"), toy("two", needs={"one": ""}))
    deployment.done("plugins", "enable", "one")
    deployment.done("plugins", "enable", "two")
    assert "cannot be disabled while 'two' is enabled" in deployment.refused("plugins", "disable", "one")
    assert "is needed by 'two'" in deployment.refused("plugins", "disable", "one", "--unload")
    deployment.done("plugins", "disable", "two", "--unload")
    deployment.done("plugins", "disable", "one", "--unload")
    assert loaded(deployment) == []


def test_what_is_not_loaded_is_not_disabled(deployment, installed, toy):
    installed(toy("one"))
    assert "is not loaded" in deployment.refused("plugins", "disable", "one")


# -- broken ones ------------------------------------------------------------------------------------------------------


@pytest.fixture
def quarantined(deployment, installed, toy):
    installed(toy("bad", BROKEN), toy("one"))
    text = deployment.file.read_text("utf-8").replace("plugins = []", 'plugins = ["bad", "one"]')
    deployment.file.write_text(text, "utf-8")
    return deployment


def test_a_plugin_that_fails_to_load_leaves_the_rest_at_work(quarantined, ida):
    ran = quarantined.run("show", ida.id)
    assert ran.exit_code == 0
    assert "Ida Berg" in ran.stdout
    assert ran.stderr == "Note: plugin 'bad' failed to load; see: crmkit plugins doctor\n"
    assert "bad  quarantined" in quarantined.run("plugins", "list").stdout


def test_the_doctor_shows_file_and_line_and_the_way_out(quarantined):
    ran = quarantined.run("plugins", "doctor")
    assert ran.exit_code == 1
    assert "ZeroDivisionError" in ran.stdout
    assert "plugin.py:3" in ran.stdout
    assert "crmkit plugins disable bad" in ran.stdout
    assert "Traceback" not in ran.output
    assert "boom = 1 / 0" in quarantined.run("--debug", "plugins", "doctor").stderr


def test_a_plugin_that_fails_to_load_can_be_taken_off_the_list(quarantined):
    assert "Took bad off" in quarantined.done("plugins", "disable", "bad")
    assert loaded(quarantined) == ["one"]
    assert "No problems; 1 of 2 installed plugins are loaded." in quarantined.done("plugins", "doctor")


def test_help_works_beside_a_broken_plugin(quarantined):
    assert "Commands:" in quarantined.done("--help")


def test_a_plugin_that_is_not_installed_any_more_can_be_taken_off_the_list(deployment):
    text = deployment.file.read_text("utf-8").replace("plugins = []", 'plugins = ["gone"]')
    deployment.file.write_text(text, "utf-8")
    assert "gone" in deployment.run("show", "x").stderr
    assert "gone" in deployment.run("plugins", "doctor").stdout
    deployment.done("plugins", "disable", "gone")
    assert loaded(deployment) == []


def test_the_doctor_names_sections_of_plugins_that_are_not_installed(deployment, installed, toy):
    installed(toy("marketing"))
    deployment.file.write_text(deployment.file.read_text("utf-8") + "\n[plugins.marketting]\nx = 1\n", "utf-8")
    ran = deployment.run("plugins", "doctor")
    assert ran.exit_code == 1
    assert "plugins.marketting" in ran.stdout


# -- looking ----------------------------------------------------------------------------------------------------------


def test_info_shows_all_that_a_plugin_brings_before_it_is_loaded(deployment, book):
    before = deployment.file.read_text("utf-8"), deployment.stored()
    shown = deployment.done("plugins", "info", "guest_book")
    assert (deployment.file.read_text("utf-8"), deployment.stored()) == before
    for line in (
        "guest_book.entry: Entry (table crm_guest_book_entry)",
        "guest_book.entry.add (command, needs guest_book.entry.add)",
        "guest_book.entry.list (query, needs guest_book.entry.read)",
        "guest_book.entry.add: Add entries",
        "party_viewing: Show the latest entries of the party in its 360 view.",
        "EntryAdded: A party has got an entry.",
        "shown = 5: how many entries the 360 view of a party shows.",
        "add: Add TEXT as an entry about the party with the id PARTY.",
    ):
        assert f"  {line}\n" in shown, shown


def test_info_says_what_is_known_of_a_plugin_that_cannot_be_loaded(quarantined):
    ran = quarantined.run("plugins", "info", "bad")
    assert ran.exit_code == 1
    assert "crmkit-bad 1.0" in ran.stdout
    assert "ZeroDivisionError" in ran.stderr


def test_the_graph_shows_what_ties_plugins_together(deployment, installed, toy):
    bridge = Bridge(when=("one",), implementation="toy.plugin:Toy")
    installed(toy("one"), toy("two", needs={"one": ">=1"}, bridges=(bridge,)))
    assert "  needs one >=1\n  bridge to one\n" in deployment.done("plugins", "graph")
    assert deployment.done("plugins", "graph", "--mermaid").startswith("flowchart TD\n")


def test_the_commands_of_a_plugin_that_is_not_loaded_say_how_to_load_it(deployment, book):
    line = deployment.refused("guest_book", "list", "x")
    assert line.endswith("which is not loaded; load it: crmkit plugins enable guest_book")


def test_import_says_what_is_missing_where_its_plugin_is(deployment):
    assert 'python -m pip install "crmkit[exchange]"' in deployment.refused("import", "contacts.csv")


def test_the_group_of_a_loaded_plugin_is_in_the_help(deployment, book):
    deployment.done("plugins", "enable", "guest_book")
    assert "guest_book  Keeps entries about parties." in deployment.done("--help")


def test_a_broken_command_line_of_a_plugin_is_one_clear_line(deployment, installed, toy):
    installed(toy("one", cli="no_such_package.cli:group", permissions=(Permission("one.x.y", "X"),)))
    deployment.done("plugins", "enable", "one")
    assert "plugin 'one' failed to load: ModuleNotFoundError" in deployment.refused("one")
    with deployment.crm() as crm, crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"))
