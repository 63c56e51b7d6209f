"""How plugins are imported, in which order, and what a plugin that fails takes down with it."""

import sys
import textwrap

import pytest

from crmkit.core.kernel.plugins.loading import load, load_all, load_cli
from crmkit.core.kernel.plugins.manifest import Bridge, Manifest
from crmkit.core.kernel.plugins.plugin import Area, Plugin
from crmkit.core.kernel.plugins.quarantine import Fault
from crmkit.errors import PluginQuarantinedError

PARTS = {
    "tables": "from crmkit.core.kernel.entities.table import new_metadata\nmetadata = new_metadata()",
    "hooks": "",
    "config": "import attrs\n@attrs.frozen\nclass Settings:\n    rate: int = 1",
    "service": "from crmkit.core.kernel.units.service import Service\nclass Cards(Service): pass",
    "plugin": "from crmkit.core.kernel.plugins.plugin import Plugin\nclass It(Plugin): pass",
    "phone": "from crmkit.core.kernel.plugins.plugin import Plugin\nclass Phone(Plugin): pass",
    "cli": "group = 'a click group'",
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes the package of a plugin and returns its manifest; every module records that it was imported."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(plugin, /, *, manifest=None, **parts):
        package = tmp_path / f"loaded_{plugin}"
        package.mkdir()
        (package / "__init__.py").touch()
        for part, code in {**PARTS, **parts}.items():
            if code is not None:
                (package / f"{part}.py").write_text(textwrap.dedent(code) + "\n", "utf-8")
        said = {
            "id": plugin,
            "distribution": f"crmkit-{plugin}",
            "api": ">=1,<2",
            "tables": f"{package.name}.tables",
            "hooks": f"{package.name}.hooks",
            "settings": f"{package.name}.config:Settings",
            "services": (f"{package.name}.service:Cards",),
            "implementation": f"{package.name}.plugin:It",
            "cli": f"{package.name}.cli:group",
        }
        return Manifest(**{**said, **(manifest or {})})

    yield write
    for name in [name for name in sys.modules if name.startswith("loaded_")]:
        del sys.modules[name]


def imported():
    return [name for name in sys.modules if name.startswith("loaded_") and "." in name]


def ids(loading):
    return [plugin.id for plugin in loading.plugins]


def test_every_part_that_the_manifest_names_is_imported(write):
    loaded = load(write("one"))
    assert loaded.settings.__name__ == "Settings"
    assert [service.__name__ for service in loaded.services] == ["Cards"]
    assert type(loaded.plugin).__name__ == "It"
    assert loaded.metadata.tables == {}


def test_a_manifest_that_names_nothing_loads_an_empty_plugin():
    loaded = load(Manifest(id="empty", distribution="crmkit-empty", api=">=1"))
    assert type(loaded.plugin) is Plugin
    assert (loaded.services, loaded.settings, loaded.metadata) == ((), None, None)


def test_the_command_line_is_imported_only_by_the_command_line(write):
    manifest = write("one")
    load(manifest)
    assert "loaded_one.cli" not in sys.modules
    assert load_cli(manifest) == "a click group"


def test_a_plugin_without_a_command_line_has_none():
    assert load_cli(Manifest(id="empty", distribution="crmkit-empty", api=">=1")) is None


def test_tables_and_hooks_of_all_plugins_are_imported_before_anything_else_of_any(write):
    load_all([write("one"), write("two")])
    first = {"loaded_one.tables", "loaded_two.tables", "loaded_one.hooks", "loaded_two.hooks"}
    assert set(imported()[:4]) == first


def test_plugins_are_loaded_in_the_order_in_which_they_are_given(write):
    assert ids(load_all([write("two"), write("one")])) == ["two", "one"]


@pytest.mark.parametrize("part", ["tables", "hooks", "config", "service", "plugin"])
@pytest.mark.parametrize("code", ["\nraise ValueError('boom')", "\nimport sys; sys.exit(1)"])
def test_a_plugin_that_raises_in_any_part_is_set_aside_with_file_and_line_and_the_others_load(write, part, code):
    loading = load_all([write("bad", **{part: code}), write("good")])
    assert ids(loading) == ["good"]
    [fault] = loading.faults
    assert fault.plugin == "bad"
    assert fault.place.endswith(f"loaded_bad/{part}.py:2".replace("/", sys.modules["os"].sep))


def test_the_place_of_a_fault_is_the_plugin_s_own_line_and_not_where_it_called_into(write):
    fault = load(write("bad", tables="from crmkit.core.kernel.entities.table import ref\n\nref()"))
    assert fault.place.endswith("tables.py:3")
    assert fault.reason.startswith("TypeError: ")
    assert "table.py" not in fault.place
    assert "Traceback" in fault.traceback


def test_a_syntax_error_is_placed_in_the_file_that_has_it(write):
    assert load(write("bad", hooks="x = 1\ndef broken(:")).place.endswith("hooks.py:2")


def test_a_constructor_that_raises_is_a_fault_too(write):
    code = """
        from crmkit.core.kernel.plugins.plugin import Plugin
        class It(Plugin):
            def __init__(self): raise RuntimeError("no state, please")
    """
    fault = load(write("bad", plugin=code))
    assert (fault.part, fault.reason) == ("implementation", "RuntimeError: no state, please")


@pytest.mark.parametrize(
    ("part", "code", "expected"),
    [
        ("tables", "metadata = {}", "new_metadata()"),
        ("tables", "meta_data = 1", "did you mean 'meta_data'?"),
        ("config", "Settings = dict", "frozen attrs class"),
        ("service", "Cards = print", "subclass of Service"),
        ("plugin", "class It: pass", "subclass of Plugin"),
        ("plugin", "from crmkit.core.kernel.plugins.plugin import Plugin\nIt = Plugin()", "subclass of Plugin"),
        ("plugin", None, "No module named 'loaded_bad.plugin'"),
    ],
)
def test_a_part_that_is_not_what_it_should_be_is_a_fault_that_says_what_it_should_be(write, part, code, expected):
    fault = load(write("bad", **{part: code}))
    assert isinstance(fault, Fault)
    assert expected in fault.reason


def test_a_plugin_that_needs_one_that_failed_fails_too_and_is_not_imported(write):
    needing = write("needing", manifest={"needs": {"bad": ""}})
    further = write("further", manifest={"needs": {"needing": ""}})
    loading = load_all([write("bad", tables="raise ValueError"), needing, further, write("good")])
    assert ids(loading) == ["good"]
    assert [fault.plugin for fault in loading.faults] == ["bad", "needing", "further"]
    assert "loaded_needing.plugin" not in sys.modules


def test_a_fault_that_comes_late_still_takes_those_with_it_that_need_the_plugin(write):
    needing = write("needing", manifest={"needs": {"bad": ""}})
    assert ids(load_all([write("bad", plugin="raise ValueError"), needing])) == []


def test_a_plugin_can_ask_that_its_fault_aborts_the_start(write):
    loading = load_all([write("one", plugin="x", manifest={"on_fault": "abort"}), write("two", plugin="x")])
    assert [fault.plugin for fault in loading.aborting] == ["one"]


def bridged(write, **parts):
    bridge = Bridge(when=("telephony",), implementation="loaded_one.phone:Phone")
    return write("one", manifest={"bridges": (bridge,)}, **parts)


def test_a_bridge_is_imported_if_its_other_end_is_loaded(write):
    [one, _] = load_all([bridged(write), write("telephony")]).plugins
    assert [(b.when, type(b.plugin).__name__) for b in one.bridges] == [(("telephony",), "Phone")]


@pytest.mark.parametrize("others", [{}, {"plugin": "raise ValueError"}])
def test_a_bridge_is_not_imported_if_its_other_end_is_absent_or_failed(write, others):
    other = [write("telephony", **others)] if others else []
    one = load_all([bridged(write), *other]).plugins[0]
    assert one.bridges == ()
    assert "loaded_one.phone" not in sys.modules


def test_a_bridge_that_fails_leaves_its_plugin_at_work(write):
    loading = load_all([bridged(write, phone="raise ValueError"), write("telephony")])
    assert ids(loading) == ["one", "telephony"]
    assert [(fault.plugin, fault.part) for fault in loading.faults] == [("one", "bridge")]


def test_a_fault_is_a_problem_with_its_place_and_a_way_out(write):
    fault = load(write("bad", tables="raise ValueError('boom')"))
    assert (fault.problem.code, fault.problem.subject) == ("plugin_failed", "bad")
    assert f"ValueError: boom ({fault.place})" in fault.problem.message
    assert "crmkit plugins disable bad" in fault.problem.fix


def test_whoever_uses_a_plugin_that_failed_is_told_why(write):
    error = load(write("bad", tables="raise ValueError('boom')")).error
    assert isinstance(error, PluginQuarantinedError)
    assert "boom" in str(error)


@pytest.mark.parametrize(
    ("distribution", "line"),
    [("crmkit", "python -m pip install 'crmkit[bad]'"), ("crmkit-bad", "python -m pip install 'crmkit-bad'")],
)
def test_a_missing_library_is_named_with_the_line_that_installs_it(write, distribution, line):
    fault = load(write("bad", service="import not_there_at_all", manifest={"distribution": distribution}))
    assert fault.missing == "not_there_at_all"
    assert line in fault.problem.fix


def test_an_interrupted_import_is_no_fault_of_the_plugin(write):
    with pytest.raises(KeyboardInterrupt):
        load(write("one", tables="raise KeyboardInterrupt"))


def test_plugins_are_equal_only_to_themselves():
    assert Plugin() != Plugin()


def test_a_plugin_contributes_nothing_until_it_says_so_and_its_seed_does_nothing():
    assert (Plugin.entities, Plugin.events, Plugin.declares, Plugin.hooks, Area.services) == ((), (), (), (), ())
    assert Plugin().seed(None) is None
    assert Plugin().on_enable(None, None) is None
