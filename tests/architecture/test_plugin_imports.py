"""Which plugin imports which is what the manifests say: of the bundled ones, and of two that are planted."""

from __future__ import annotations

import pytest

from crmkit.sdk import Bridge, Manifest
from crmkit.testing.conformance.contracts import import_faults


def test_bundled_plugins_import_what_their_manifests_allow(assembly):
    known = [m for m in assembly.found.manifests if m.distribution == "crmkit"]
    assert {m.id for m in known} >= {"dedupe", "exchange"}
    assert [fault for one in known for fault in import_faults(one, known)] == []


HARBOUR = Manifest(id="harbour", distribution="kit", api=">=1,<2", implementation="kit_harbour.plugin:P")


@pytest.fixture
def faults(tmp_path, monkeypatch):
    """The faults of a plugin `ship` whose module has the given line, beside a plugin `harbour`."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def found(module, line, **manifest):
        for name in ("kit_harbour", "kit_ship", "kit_ship/mooring"):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "__init__.py").write_text("", "utf-8")
        for name in ("kit_harbour/plugin", "kit_harbour/berths", "kit_ship/mooring/plugin"):
            (tmp_path / f"{name}.py").write_text("", "utf-8")
        (tmp_path / "kit_ship" / f"{module}.py").write_text(line, "utf-8")
        ship = Manifest(id="ship", distribution="kit", api=">=1,<2", implementation="kit_ship.plugin:P", **manifest)
        return import_faults(ship, [HARBOUR, ship])

    return found


BRIDGE = {"bridges": (Bridge(when=("harbour",), implementation="kit_ship.mooring.plugin:B"),)}


@pytest.mark.parametrize(
    ("module", "line", "manifest"),
    [
        ("plugin", "from crmkit.sdk import Plugin", {}),
        ("plugin", "from kit_harbour import Berth", {"needs": {"harbour": ""}}),
        ("mooring/plugin", "from kit_harbour import Berth", BRIDGE),
        ("mooring/ropes", "from kit_harbour import Berth", BRIDGE),
        ("mooring/ropes", "from kit_ship.mooring.plugin import B", BRIDGE),
        ("__init__", "from kit_ship.mooring.plugin import B", BRIDGE),
    ],
)
def test_a_plugin_imports_the_sdk_and_the_roots_that_it_needs_or_bridges_to(faults, module, line, manifest):
    assert faults(module, line, **manifest) == []


@pytest.mark.parametrize(
    ("module", "line", "manifest", "says"),
    [
        ("plugin", "from crmkit.core.crm import CRM", {}, "imports crmkit.core.crm.CRM"),
        ("plugin", "from kit_harbour import Berth", {}, "does not say that it needs 'harbour'"),
        ("plugin", "from kit_harbour.berths import Berth", {"needs": {"harbour": ""}}, "import it from kit_harbour"),
        ("plugin", "from kit_harbour import berths", {"needs": {"harbour": ""}}, "import it from kit_harbour"),
        ("plugin", "from kit_harbour import Berth", BRIDGE, "does not say that it needs 'harbour'"),
        ("mooring/plugin", "from kit_harbour.berths import Berth", BRIDGE, "import it from kit_harbour"),
        ("plugin", "from kit_ship.mooring.plugin import B", BRIDGE, "there only with harbour"),
    ],
)
def test_it_imports_nothing_else(faults, module, line, manifest, says):
    [fault] = faults(module, line, **manifest)
    assert says in fault
    assert ", line 1, imports " in fault
