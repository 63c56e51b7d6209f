"""Checks on the manifest: that it is light and true, and that what it names can be loaded."""

from __future__ import annotations

import sys
from typing import Any

import attrs

from crmkit.errors import InvalidSettingError, UnknownSettingError
from crmkit.testing.conformance import sources
from crmkit.testing.conformance.case import Case, expect
from crmkit.testing.conformance.contracts import import_faults
from crmkit.testing.conformance.writing import WRITING

__all__ = ["ManifestChecks"]

# Problems of the start that a check of its own reports.
ELSEWHERE = frozenset({
    "api_out_of_range",
    "bad_operation",
    "foreign_hook",
    "invalid_setting",
    "not_a_hook",
    "not_an_implementation",
    "plugin_failed",
    "table_name",
    "unknown_event",
    "unknown_hook",
    "unknown_permission",
    "unknown_setting",
})

LIGHT = """
import sys, importlib
root, module = sys.argv[1:]
importlib.import_module(module)
print(*sorted(m for m in sys.modules if (m == root or m.startswith(root + ".")) and not module.startswith(m)))
"""

WITHOUT = """
import sys, importlib
absent = set(sys.argv[1].split())
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
for module in sys.argv[2:]:
    importlib.import_module(module)
"""


class ManifestChecks(Case):
    """Is the manifest light and true?"""

    def test_reading_the_manifest_imports_nothing_else_of_the_plugin(self) -> None:
        """It is read in every process that starts, for every plugin that is merely installed."""
        module = sources.manifest_module(self.manifest)
        expect(
            [] if module else [f"the manifest of {self.manifest.id!r} is in no module of the plugin's package"],
            "Put MANIFEST into a module of its own, manifest.py in the plugin's package.",
        )
        assert module is not None, "said above"
        code, found = sources.run(LIGHT, sources.root_of(module), module)
        faults = [f"importing {module} alone fails: {found.splitlines()[-1]}"] if code else []
        faults += [f"importing {module} also imports {other}" for other in ([] if code else found.split())]
        expect(
            faults,
            "Name parts by import strings ('package.module:Class'); fetch the names of the package root lazily, "
            "by a module-level __getattr__.",
        )

    def test_its_entry_point_leads_to_its_manifest(self) -> None:
        """Discovery finds a plugin by its entry point in the group crmkit.plugins."""
        plugin, module = self.manifest.id, sources.manifest_module(self.manifest)
        points = sources.entry_points(plugin)
        faults = [] if points else [f"no installed distribution has an entry point {plugin!r} in crmkit.plugins"]
        for name, value in points:
            place, _, attribute = value.partition(":")
            if place != module or self._at(place, attribute) is not self.manifest:
                faults.append(f"the entry point {name!r} leads to {value}, and the manifest is in {module}")
        expect(
            faults,
            f'Write into pyproject.toml, under [project.entry-points."crmkit.plugins"]: {plugin} = '
            f'"{module or "package.manifest"}:MANIFEST", and install the plugin again.',
        )

    @staticmethod
    def _at(module: str, attribute: str) -> object:
        return getattr(sys.modules.get(module), attribute, None)

    def test_it_is_written_for_this_version_of_crmkit(self) -> None:
        """Its range ``api`` includes the version of the plugin API that is installed."""
        expect(self._problems("api_out_of_range"), "Give the manifest an api range like '>=1,<2', once it is tested.")

    def test_it_says_what_it_is_and_what_its_permissions_allow(self) -> None:
        """Operators choose plugins and permissions by these texts."""
        faults = [] if self.manifest.summary.strip() else [f"the manifest of {self.manifest.id!r} has no summary"]
        faults += [f"the permission {p.name!r} has no label" for p in self.manifest.permissions if not p.label.strip()]
        expect(faults, "Say in the manifest, in a few words each, what the plugin and its permissions are good for.")

    def test_every_part_that_the_manifest_names_loads(self) -> None:
        """A part that cannot be imported would put the plugin into quarantine."""
        expect((f"{p.message}" for p in self.bench.faults), "Mend the import string in the manifest, or the module.")

    def test_a_deployment_with_it_starts(self) -> None:
        """Nothing that it brings clashes, is missing or contradicts itself."""
        rest = [p for p in self.bench.problems if p.code not in ELSEWHERE]
        expect((f"{p.subject}: {p.message}. {p.fix}" for p in rest), "Mend each; the deployment would not start.")

    def test_it_imports_only_the_sdk_and_what_it_needs(self) -> None:
        """Everything else of crmkit and of other plugins may change from one release to the next."""
        known = [m for m in self.bench.crm.assemble().found.manifests if m.id != WRITING.id]
        faults = import_faults(self.manifest, [*(m for m in known if m.id != self.manifest.id), self.manifest])
        expect(
            faults,
            "Import crmkit.sdk, and of other plugins the package root only: those in the manifest's needs, and in a "
            "bridge's modules those in its when.",
        )

    def _root(self) -> str:
        module = sources.manifest_module(self.manifest)
        named = sources.named_modules(self.manifest)
        return sources.root_of(module or (named[0] if named else type(self).__module__))

    def test_it_loads_without_its_extras(self) -> None:
        """What an extra brings is imported where it is used, with an error that names the extra."""
        extras = sources.extra_modules(self.manifest.distribution)
        modules = sources.named_modules(self.manifest) if not self.bench.faults else []
        code, found = sources.run(WITHOUT, " ".join(extras), *modules) if extras and modules else (0, "")
        reason = found.splitlines()[-1] if found else ""
        expect(
            [f"without its extras {self.manifest.id!r} does not load: {reason}"] if code else [],
            "Import the module inside of the function that needs it, not at the top.",
        )

    def test_its_settings_have_defaults_or_are_required(self) -> None:
        """An empty section is enough, but for what nobody can choose for the operator."""
        settings = self.loaded.settings_class
        if settings is None:
            return
        errors = self.bench.deployment(self.bench.crm.engine).config.plugin_errors(self.manifest.id, settings)
        required = [e for e in errors if isinstance(e, InvalidSettingError) and "is required" in str(e)]
        faults = [f"a default is refused: {e}" for e in errors if e not in required]
        faults += [f"{e}, and the class under test does not set it" for e in required]
        expect(
            faults,
            "Give each setting a default that its own validators accept; set what is required in `settings` of "
            f"{type(self).__name__}.",
        )

    def test_its_settings_are_described(self) -> None:
        """The reference of settings is made from the docstring."""
        settings = self.loaded.settings_class
        if settings is None:
            return
        doc = settings.__doc__ or ""
        faults = [
            f"the docstring of {settings.__name__} does not describe {a.name!r}"
            for a in attrs.fields(settings)
            if f"{a.name}:" not in doc
        ]
        expect(faults, "Describe each setting under 'Attributes:', with its unit.")

    def test_its_settings_refuse_unknown_keys(self) -> None:
        """A misspelt setting would be without effect and without a word."""
        config = self.loaded.crm.config.override({f"plugins.{self.manifest.id}.no_such_setting": 1})
        errors: list[Any] = config.plugin_errors(self.manifest.id, self.bench.settings_class)
        refused = any(isinstance(e, UnknownSettingError) for e in errors)
        expect(
            [] if refused else [f"{self.manifest.id!r} accepts the setting 'no_such_setting'"],
            "Make its settings a frozen attrs class with a field for each setting.",
        )

    def _problems(self, *codes: str) -> list[str]:
        return [f"{p.message}. {p.fix}" for p in self.bench.problems if p.code in codes and p.subject == self.bench.id]
