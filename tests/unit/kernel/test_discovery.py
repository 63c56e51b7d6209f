"""Which plugins are found, what is imported to find them, and what happens to those that fail."""

import sys
import textwrap

import importlib_metadata
import pytest

from crmkit.core.kernel.plugins import discovery
from crmkit.core.kernel.plugins.discovery import discover
from crmkit.core.kernel.plugins.manifest import Manifest

MANIFEST = """
    from crmkit.core.kernel.plugins.manifest import Manifest

    MANIFEST = Manifest(id={id!r}, distribution="whatever", api=">=1,<2")
"""


class Packages:
    """Writes plugins to disk, as packages that can be imported and distributions that offer them."""

    def __init__(self, folder):
        self.folder = folder
        self.points = []

    def add(
        self, plugin, *, package=None, distribution=None, manifest=MANIFEST, root="raise AssertionError", value=None
    ):
        package = package or f"found_{plugin}"
        (self.folder / package).mkdir()
        (self.folder / package / "__init__.py").write_text(root, "utf-8")
        text = textwrap.dedent(manifest).replace("{id!r}", repr(plugin))
        (self.folder / package / "manifest.py").write_text(text, "utf-8")
        self.offer(plugin, value or f"{package}.manifest:MANIFEST", distribution or f"crmkit-{plugin}")

    def offer(self, plugin, value, distribution):
        info = self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[crmkit.plugins]\n{plugin} = {value}\n", "utf-8")
        self.points += importlib_metadata.PathDistribution(info).entry_points

    def discover(self, **given):
        return discover(entry_points=self.points, **given)


@pytest.fixture
def packages(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    yield Packages(tmp_path)
    for name in [name for name in sys.modules if name.startswith("found_")]:
        del sys.modules[name]


def test_manifests_are_found_by_their_entry_points_in_the_order_of_their_ids(packages):
    packages.add("telephony")
    packages.add("membership")
    assert [m.id for m in packages.discover().manifests] == ["membership", "telephony"]


def test_the_distribution_and_its_version_are_those_that_are_installed_whatever_the_manifest_says(packages):
    packages.add("membership", distribution="crmkit-membership")
    [found] = packages.discover().manifests
    assert (found.distribution, found.version) == ("crmkit-membership", "1.2")


def test_a_version_in_the_manifest_is_kept(packages):
    packages.add("membership", manifest=MANIFEST.replace("api=", 'version="7", api='))
    [found] = packages.discover().manifests
    assert found.version == "7"


def test_no_other_module_of_a_plugin_is_imported_not_even_its_package(packages):
    packages.add("membership", root="raise AssertionError('imported')")
    assert packages.discover().problems == ()
    assert not [name for name in sys.modules if name.startswith("found_")]


def test_a_package_that_is_imported_already_is_used(packages):
    packages.add("membership", root="")
    __import__("found_membership.manifest")
    assert packages.discover().manifests[0] is not None


def test_a_module_outside_of_any_package_can_have_a_manifest(packages, tmp_path):
    (tmp_path / "found_alone.py").write_text(textwrap.dedent(MANIFEST).format(id="alone"), "utf-8")
    packages.offer("alone", "found_alone:MANIFEST", "crmkit-alone")
    assert [m.id for m in packages.discover().manifests] == ["alone"]


@pytest.mark.parametrize(
    ("code", "reason", "line"),
    [
        ("\nraise ValueError('boom')", "ValueError: boom", 2),
        ("\n\nimport sys; sys.exit(3)", "SystemExit: 3", 3),
        ("def broken(:", "SyntaxError: ", 1),
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'", 1),
    ],
)
def test_a_manifest_that_raises_is_named_with_its_file_and_line_and_the_others_are_found(packages, code, reason, line):
    packages.add("bad", manifest=code)
    packages.add("good")
    found = packages.discover()
    assert [m.id for m in found.manifests] == ["good"]
    [fault] = found.faults
    assert (fault.plugin, fault.part, fault.distribution) == ("bad", "manifest", "crmkit-bad")
    assert fault.reason.startswith(reason)
    assert fault.place.endswith(f"manifest.py:{line}")
    assert found.broken == {"bad"}
    assert fault.place in str(found.problems[0])


def test_a_manifest_that_is_not_there_is_a_problem_and_no_crash(packages):
    packages.offer("gone", "found_gone.manifest:MANIFEST", "crmkit-gone")
    packages.add("nameless", value="found_nameless.manifest:MANIFESTO")
    assert packages.discover().broken == {"gone", "nameless"}


def test_something_that_is_no_manifest_is_a_problem(packages):
    packages.add("membership", manifest="MANIFEST = {'id': 'membership'}")
    assert [(p.code, p.subject) for p in packages.discover().problems] == [("not_a_manifest", "membership")]


def test_an_entry_point_that_is_not_named_like_the_id_is_a_problem(packages):
    packages.add("membership", manifest=MANIFEST.replace("{id!r}", "'members'"))
    assert [(p.code, p.subject) for p in packages.discover().problems] == [("id_mismatch", "membership")]


def test_two_distributions_that_offer_one_id_are_both_named(packages):
    packages.add("membership", package="found_one", distribution="crmkit-one")
    packages.add("membership", package="found_two", distribution="crmkit-two")
    found = packages.discover()
    [problem] = found.problems
    assert problem.code == "duplicate_id"
    assert "crmkit-one, crmkit-two" in problem.message
    assert found.broken == frozenset()


def test_a_distribution_that_is_found_twice_counts_once(packages):
    packages.add("membership")
    packages.points *= 2
    assert len(packages.discover().manifests) == 1


def test_a_manifest_that_is_handed_over_takes_the_place_of_an_installed_one(packages):
    packages.add("membership", manifest="raise ValueError")
    mine = Manifest(id="membership", distribution="mine", api=">=1")
    found = packages.discover(extra=(mine,))
    assert (found.manifests, found.problems, found.faults) == ((mine,), (), ())


def test_the_installed_distributions_are_scanned_once(monkeypatch):
    scans = []
    monkeypatch.setattr(importlib_metadata, "entry_points", lambda **asked: scans.append(asked) or [])
    discovery._found_on.cache_clear()
    try:
        assert discover().manifests == discover(extra=()).manifests == ()
    finally:
        discovery._found_on.cache_clear()
    assert scans == [{"group": "crmkit.plugins"}]


def test_a_folder_that_is_named_later_is_looked_at_too(packages, tmp_path, monkeypatch):
    """What a process has found is kept for the path that it was found on; a configuration may add folders to that."""
    before = {m.id for m in discover().manifests}
    later = Packages(tmp_path / "later")
    later.folder.mkdir()
    later.add("telephony")
    monkeypatch.setattr(sys, "path", [*sys.path, str(later.folder)])
    assert {m.id for m in discover().manifests} == {*before, "telephony"}
