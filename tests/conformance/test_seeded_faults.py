"""Each fault that is planted in a sound plugin is caught by one check, and only by that one, in words that name it."""

from __future__ import annotations

import re
import sys

import pytest
from conformance import small_plugin
from conformance.small_plugin import FILES

from crmkit.testing.conformance import PluginConformance  # noqa: F401  # imported before pytester, as in `warm`
from crmkit.testing.conformance.bench import Bench
from crmkit.testing.conformance.writing import WRITING

pytestmark = pytest.mark.slow

EXTRA = "Requires-Dist: hypothesis ; extra == 'more'\n"

OTHER_TABLE = """
Table(
    "crm_stamps_log",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("id", Id(), nullable=False),
    Column("note", Text()),
    {constraints},
)
"""


class Fault:
    """One fault: what is replaced in one file of the plugin, and which check must say what."""

    def __init__(self, check, says, file="", old="", new="", **installed):
        self.check, self.says, self.file, self.old, self.new, self.installed = check, says, file, old, new, installed

    def files(self):
        if not self.file:
            return FILES
        text = FILES[self.file]
        assert text.count(self.old) >= 1, f"{self.old!r} is not in {self.file}"
        return {**FILES, self.file: text.replace(self.old, self.new, 1) if self.old else text + self.new}


def table(*constraints):
    return OTHER_TABLE.format(constraints=", ".join(constraints))


KEY = 'PrimaryKeyConstraint("tenant_id", "id")'

FAULTS = {
    "a heavy manifest": Fault(
        "reading_the_manifest_imports_nothing_else_of_the_plugin",
        "importing crmkit_stamps.manifest also imports crmkit_stamps.model",
        "manifest.py",
        new="\nimport crmkit_stamps.model\n",
    ),
    "a heavy package root": Fault(
        "reading_the_manifest_imports_nothing_else_of_the_plugin",
        "also imports crmkit_stamps.service",
        "__init__.py",
        new="\nfrom crmkit_stamps.service import Stamps\n",
    ),
    "an entry point that leads elsewhere": Fault(
        "its_entry_point_leads_to_its_manifest",
        "the entry point 'stamps' leads to crmkit_stamps.other:MANIFEST",
        entry_point="crmkit_stamps.other:MANIFEST",
    ),
    "a foreign api": Fault(
        "it_is_written_for_this_version_of_crmkit", "version >=99", "manifest.py", '">=1,<2"', '">=99"'
    ),
    "no summary": Fault(
        "it_says_what_it_is_and_what_its_permissions_allow", "no summary", "manifest.py", '"Stamps."', '""'
    ),
    "a misspelt import string": Fault(
        "every_part_that_the_manifest_names_loads",
        "has no 'StampPlugin', which the manifest names; did you mean 'StampsPlugin'",
        "manifest.py",
        "plugin:StampsPlugin",
        "plugin:StampPlugin",
    ),
    "two operations of one name": Fault(
        "a_deployment_with_it_starts",
        "'stamps.stamp.give' is also an operation",
        "service.py",
        '@query("stamps.stamp.list"',
        '@query("stamps.stamp.give"',
    ),
    "an import from inside of crmkit": Fault(
        "it_imports_only_the_sdk_and_what_it_needs",
        "imports crmkit.core.kernel.entities.entity.Record",
        "model.py",
        "from crmkit.sdk import Record",
        "from crmkit.core.kernel.entities.entity import Record",
    ),
    "an extra that is needed at once": Fault(
        "it_loads_without_its_extras",
        "No module named 'hypothesis'",
        "hooks.py",
        new="\nimport hypothesis\n",
        metadata=EXTRA,
    ),
    "a default that is refused": Fault(
        "its_settings_have_defaults_or_are_required", "plugins.stamps.most", "config.py", "default=10", "default=0"
    ),
    "a setting that nobody sets": Fault(
        "its_settings_have_defaults_or_are_required", "is required", "config.py", "default=10, ", ""
    ),
    "a setting without a word": Fault(
        "its_settings_are_described", "does not describe 'most'", "config.py", "most: how many", "how many"
    ),
    "an entity without the plugin's id": Fault(
        "its_tables_and_entities_carry_its_id",
        "the table 'crm_stempel_stamp' does not begin with 'crm_stamps_'",
        "tables.py",
        "stamps_stamp",
        "stempel_stamp",
    ),
    "a key without the tenant": Fault(
        "its_tables_are_keyed_by_the_tenant",
        "the primary key of crm_stamps_log is (id)",
        "tables.py",
        new=table('PrimaryKeyConstraint("id")'),
    ),
    "a unique key without the tenant": Fault(
        "its_foreign_and_unique_keys_begin_with_the_tenant",
        "the unique key crm_stamps_log(note) does not begin with 'tenant_id'",
        "tables.py",
        new=table(KEY, 'UniqueConstraint("note")'),
    ),
    "a reference that is not declared": Fault(
        "its_references_say_what_merging_erasing_and_deleting_do",
        "crm_stamps_log.party_id refers to crm_party by a foreign key of its own",
        "tables.py",
        new=table(
            KEY,
            'Column("party_id", Id())',
            'ForeignKeyConstraint(["tenant_id", "party_id"], ["crm_party.tenant_id", "crm_party.id"])',
        ),
    ),
    "a reference that leaves things open": Fault(
        "its_references_say_what_merging_erasing_and_deleting_do",
        "refers to a party and leaves open what happens",
        "tables.py",
        'party_ref(on_merge="repoint", on_erase="delete", on_delete="delete")',
        'ref("party")',
    ),
    "a migration that forgets an index": Fault(
        "its_migrations_make_its_tables",
        "indexes of crm_stamps_stamp: declared",
        "migrations/0001_stamps.py",
        "tables=own)",
        'tables=own)\n    op.drop_index("ox_crm_stamps_stamp_updated_at")',
    ),
    "a migration that cannot be taken back": Fault(
        "its_migrations_can_be_taken_back_and_applied_again",
        "taken back, crm_stamps_stamp is still there",
        "migrations/0001_stamps.py",
        "    both.drop_all(op.get_bind(), tables=own)",
        "    pass",
    ),
    "an event that JSON cannot hold": Fault(
        "its_events_survive_the_way_to_json_and_back",
        "no StampGiven can be made: ",
        "events.py",
        "    stamp_id: UUID\n",
        "    stamp_id: UUID\n    stamp: complex\n",
    ),
    "a model that can be changed": Fault(
        "its_events_survive_the_way_to_json_and_back",
        "StampGiven is no subclass of Event",
        "events.py",
        "StampGiven(Event)",
        "StampGiven",
    ),
    "a permission that nobody registers": Fault(
        "every_operation_names_a_registered_permission",
        "'stamps.stamp.list' needs the permission 'stamps.stamp.see', which nobody registers",
        "service.py",
        "stamps.stamp.read",
        "stamps.stamp.see",
    ),
    "a command with any arguments": Fault(
        "every_operation_can_be_called_by_its_signature",
        "Stamps.give takes *args or **kwargs",
        "service.py",
        'motif: str = "rose"',
        "motif: str, **more: str",
    ),
    "an asynchronous command": Fault(
        "every_operation_can_be_called_by_its_signature",
        "Stamps.give is async",
        "service.py",
        "def give",
        "async def give",
    ),
    "a command without a word": Fault(
        "every_operation_is_named_and_described",
        "the command 'stamps.stamp.give' has no docstring",
        "service.py",
        '"""Give a stamp to a party."""',
        "",
    ),
    "a method beside the gate": Fault(
        "every_public_method_of_a_service_is_an_operation",
        "Stamps.all is neither a command nor a query",
        "service.py",
        new="\n    def all(self):\n        return tuple(self.uow.each(Stamp))\n",
    ),
    "a hook for something else": Fault(
        "every_hook_implementation_fits_its_hook",
        "crmkit_stamps.hooks:demand, for deal_moving, takes a PartyViewing and is handed a DealMove",
        "hooks.py",
        "move: DealMove",
        "move: PartyViewing",
    ),
    "plugins that are equal": Fault(
        "its_plugin_classes_are_equal_by_identity",
        "StampsPlugin defines __eq__",
        "plugin.py",
        new="\n    def __eq__(self, other):\n        return True\n\n    __hash__ = Plugin.__hash__\n",
    ),
    "a public name that is not there": Fault(
        "its_public_names_are_there", "lists 'Stamp', which is not there", "__init__.py", "[]", '["Stamp"]'
    ),
    "a terminal command without help": Fault(
        "its_commands_for_the_command_line_have_help",
        "'crmkit stamps count' has no help",
        "cli.py",
        '    """Count the stamps."""',
        "    pass",
    ),
    "a seed that sows twice": Fault(
        "seeding_again_changes_nothing",
        "seeding again changes crm_stamps_stamp",
        "plugin.py",
        "        pass",
        "        from crmkit.sdk import Person\n"
        '        uow.use(Stamps).give(uow.parties.add(Person(given_name="A", family_name="B")).id)',
    ),
    "a seed that weeds": Fault(
        "disabling_and_enabling_it_loses_nothing",
        "rows of crm_stamps_stamp are gone or changed",
        "service.py",
        new='''
    @command("stamps.stamp.weed", permission="stamps.stamp.delete")
    def weed(self) -> None:
        """Remove all."""
        for stamp in self.uow.each(Stamp):
            self.records.remove(stamp)
''',
    ),
    "a section that raises": Fault(
        "the_360_view_works_with_its_records_in_it",
        "its party_viewing raised ZeroDivisionError",
        "hooks.py",
        "    return Section(",
        "    1 / 0\n    return Section(",
    ),
    "a cache for all tenants": Fault(
        "another_tenant_sees_none_of_its_records",
        "the 360 view shows what another tenant has stored",
        "hooks.py",
        """    if not found:
        return None
    return Section(key="stamps", title="Stamps", items=tuple((s.motif, "") for s in found))""",
        """    SEEN.extend((s.motif, "") for s in found)
    return Section(key="stamps", title="Stamps", items=tuple(SEEN))


SEEN = []""",
    ),
}


@pytest.fixture(scope="module")
def warm():
    """Import all that checks use, since pytester forgets what is imported first inside of it, which not all survive."""
    bench = Bench(WRITING, others=(), settings={}, examples={}, server=None)
    bench.start()
    bench.inhabited_tenant()
    bench.close()


@pytest.fixture
def outcomes(pytester, monkeypatch, warm):
    """Runs the checks on a plugin: what failed, with its message, and the counts."""

    def run(files, **installed):
        small_plugin.install(pytester.path, files, **installed)
        monkeypatch.syspath_prepend(str(pytester.path))
        plugin = () if pytester_knows_the_kit() else ("-p", "crmkit.testing.plugin")
        ran = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-p", "no:xdist", *plugin)
        failed = {
            report.nodeid.rpartition("::test_")[2]: str(report.longrepr)
            for report in ran.reprec.getreports("pytest_runtest_logreport")
            if report.failed
        }
        return failed, ran.parseoutcomes()

    return run


def pytester_knows_the_kit():
    from importlib.metadata import entry_points

    return any(point.value == "crmkit.testing.plugin" for point in entry_points(group="pytest11"))


def test_a_sound_plugin_passes_every_check(outcomes):
    failed, counts = outcomes(FILES)
    assert failed == {}
    assert counts["passed"] >= 15
    assert set(counts) == {"passed"}


@pytest.mark.parametrize("name", FAULTS)
def test_one_check_catches(name, outcomes):
    fault = FAULTS[name]
    files = dict(fault.files())
    if name == "a seed that weeds":
        files["plugin.py"] = files["plugin.py"].replace("        pass", "        uow.use(Stamps).weed()")
    failed, _ = outcomes(files, **fault.installed)
    assert list(failed) == [fault.check]
    assert re.search(re.escape(fault.says), failed[fault.check]), failed[fault.check]


def test_fifteen_checks_are_proved_to_catch_something():
    assert len({fault.check for fault in FAULTS.values()}) >= 15


def test_the_kit_leaves_no_plugin_behind():
    assert "crmkit_stamps" not in sys.modules
