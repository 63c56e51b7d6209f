"""The start: what keeps a deployment from starting is said all at once, each with its fix; what need not, does not."""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

import pytest
from sqlalchemy import inspect

from crmkit import CRM, Actor, Config, Manifest, Person, errors


def crm_for(tmp_path, config=(), *, plugins=(), manifests=()):
    """A CRM over a new database file, not started."""
    values = {"database": {"url": f"sqlite:///{tmp_path / 'crm.db'}"}, "crmkit": {"plugins": list(plugins)}}
    return CRM(
        Config.of({**values, **dict(config)}), manifests=manifests, actors=lambda _, ids: {i: Actor(id=i) for i in ids}
    )


def manifest(id_, *, api=">=1,<2", **parts):
    """The manifest of a plugin that is not installed."""
    return Manifest(id=id_, distribution=f"crmkit-{id_}", api=api, version="1.0", **parts)


def codes(caught):
    """The kinds of problems of a start-up error, with what they are about."""
    return {(problem.code, problem.subject) for problem in caught.value.problems}


@pytest.fixture
def broken(request):
    """A module that raises when it is imported, as a plugin's implementation."""
    name = f"broken_{abs(hash(request.node.nodeid))}"

    class Frail(Loader):
        def create_module(self, spec):
            return None

        def exec_module(self, module):
            raise RuntimeError("no licence key")

    class Finder(MetaPathFinder):
        def find_spec(self, fullname, path=None, target=None):
            return ModuleSpec(fullname, Frail()) if fullname == name else None

    finder = Finder()
    sys.meta_path.insert(0, finder)
    yield f"{name}:Plugin"
    sys.meta_path.remove(finder)


def test_a_schema_behind_the_code_is_refused_with_the_command_that_mends_it(tmp_path):
    crm = crm_for(tmp_path)
    with pytest.raises(errors.StartupError, match="crmkit db upgrade") as caught:
        crm.start()
    assert codes(caught) == {("schema_differs", "core")}
    assert inspect(crm.engine).get_table_names() == []
    crm.schema.upgrade()
    assert crm.start() is crm


def test_every_problem_is_reported_at_once(tmp_path):
    manifests = (
        manifest("alone", needs={"ghost": ">=1"}),
        manifest("old", api=">=9"),
        manifest("ring_a", needs={"ring_b": ""}),
        manifest("ring_b", needs={"ring_a": ""}),
    )
    crm = crm_for(tmp_path, plugins=["alone", "nobody", "old", "ring_a", "ring_b"], manifests=manifests)
    with pytest.raises(errors.StartupError) as caught:
        crm.start()
    assert codes(caught) >= {
        ("missing_dependency", "alone"),
        ("unknown_plugin", "nobody"),
        ("api_out_of_range", "old"),
        ("cycle", "ring_a"),
    }
    assert all(problem.fix for problem in caught.value.problems)
    assert inspect(crm.engine).get_table_names() == []


def test_a_plugin_that_raises_when_it_is_imported_is_set_aside(tmp_path, broken):
    crm = crm_for(tmp_path, plugins=["frail"], manifests=[manifest("frail", implementation=broken)])
    crm.schema.upgrade()
    crm.start()
    crm.tenants.create("acme")
    (status,) = [s for s in crm.plugins.list() if s.id == "frail"]
    assert status.state == "quarantined"
    assert "no licence key" in status.reason
    with pytest.raises(errors.PluginQuarantinedError):
        crm.plugins.enable("frail")


def test_entities_without_migrations_keep_it_from_starting(tmp_path, monkeypatch):
    """Their tables would be made by hand, and unknown to the catalogue: no merge, undo or verify would see them."""
    (tmp_path / "crm_unmigrated.py").write_text(UNMIGRATED, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    one = manifest("notes", implementation="crm_unmigrated:Notes", tables="crm_unmigrated")
    crm = crm_for(tmp_path, plugins=["notes"], manifests=[one])
    crm.schema.upgrade()
    with pytest.raises(
        errors.StartupError, match=r"stores notes\.note, and its manifest names no migrations"
    ) as caught:
        crm.start()
    assert codes(caught) == {("no_migrations", "notes")}


UNMIGRATED = """
from attrs import frozen
from sqlalchemy import Column
from crmkit.sdk import EntityType, Plugin, Record, Text, entity_table, new_metadata

metadata = new_metadata()

@frozen(kw_only=True)
class Note(Record):
    text: str

class Notes(Plugin):
    entities = (
        EntityType(
            name="notes.note",
            model=Note,
            table=entity_table("crm_notes_note", metadata, Column("text", Text(), nullable=False)),
            label="Note",
            display="text",
        ),
    )
"""


def test_a_plugin_that_asks_for_it_aborts_the_start(tmp_path, broken):
    crm = crm_for(tmp_path, plugins=["vital"], manifests=[manifest("vital", implementation=broken, on_fault="abort")])
    crm.schema.upgrade()
    with pytest.raises(errors.StartupError, match="no licence key") as caught:
        crm.start()
    assert codes(caught) == {("plugin_failed", "vital")}


def test_two_plugins_with_one_id_are_both_named(tmp_path):
    twins = [Manifest(id="twin", distribution=f"crmkit-{name}", api=">=1,<2") for name in ("castor", "pollux")]
    crm = crm_for(tmp_path, plugins=["twin"], manifests=twins)
    with pytest.raises(errors.StartupError, match="crmkit-castor, crmkit-pollux") as caught:
        crm.start()
    assert ("duplicate_id", "twin") in codes(caught)
    assert inspect(crm.engine).get_table_names() == []


def test_a_plugin_of_a_version_out_of_range_is_named_with_the_range(tmp_path):
    manifests = (manifest("cards", needs={"stamps": ">=2"}), manifest("stamps"))
    crm = crm_for(tmp_path, plugins=["cards", "stamps"], manifests=manifests)
    with pytest.raises(errors.StartupError, match=r"'stamps' >=2.*1\.0") as caught:
        crm.start()
    assert ("dependency_out_of_range", "cards") in codes(caught)
    assert inspect(crm.engine).get_table_names() == []


def test_a_misspelt_plugin_reads_well(tmp_path):
    crm = crm_for(tmp_path, plugins=["membershp"], manifests=[manifest("membership")])
    crm.schema.upgrade()
    with pytest.raises(errors.StartupError, match=r"did you mean 'membership'\? Install the distribution"):
        crm.start()


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"plugins": {"frail": {"rate": 1}}}, "unknown_setting"),
        ({"parties": {"default_regio": "NO"}}, "unknown_setting"),
        ({"parties": {"default_region": "Norway, the kingdom of"}}, "invalid_setting"),
    ],
)
def test_settings_that_do_not_fit_keep_it_from_starting(tmp_path, config, code):
    crm = crm_for(tmp_path, config, plugins=["frail"], manifests=[manifest("frail")])
    crm.schema.upgrade()
    with pytest.raises(errors.StartupError) as caught:
        crm.start()
    assert {found for found, _ in codes(caught)} == {code}


def test_the_nearest_known_key_is_named():
    with pytest.raises(errors.UnknownSettingError, match=r"did you mean 'database\.url'"):
        Config.of({"database": {"ulr": "sqlite://"}})


def test_a_crm_that_was_not_started_says_so(tmp_path):
    with pytest.raises(errors.ConfigError, match=r"crm\.start"), crm_for(tmp_path).begin("ada"):
        pass


def test_a_database_ahead_of_the_code_is_no_obstacle(tmp_path):
    """The previous release runs on the new schema, so that processes can be restarted one by one."""
    crm = crm_for(tmp_path)
    crm.schema.upgrade()
    with crm.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE crm_version_core SET version_num = '0099_to_come'")
    crm.start()


def test_a_crm_in_a_with_block_is_closed_after_it(tmp_path):
    crm = crm_for(tmp_path)
    crm.schema.upgrade()
    with crm:
        crm.tenants.create("acme")
        with crm.begin("ada", "acme", read_only=True) as uow:
            assert uow.count(Person) == 0
    with pytest.raises(errors.ConfigError), crm.begin("ada", "acme"):
        pass


def test_a_mapping_configures_as_well_as_a_config():
    assert (
        CRM({"database.url": "sqlite://"}).config.database.url == Config.of({"database.url": "sqlite://"}).database.url
    )


def test_what_is_no_configuration_is_refused_by_saying_what_would_be():
    with pytest.raises(errors.ConfigError, match=r'mapping such as \{"database.url": "sqlite://"\}'):
        CRM("sqlite://")
