"""The fixtures and the conformance checks as a plugin's author has them: on SQLite, and on PostgreSQL if asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ON = """
import pytest
from crmkit import Deal, DealOpened, Person
from crmkit.testing import PluginConformance, a_deal, a_person, an_activity, an_interaction, an_organisation
from crmkit_stamps.manifest import MANIFEST


def test_the_fixtures_work_on_it(crm, tenant, rows, recorded_events):
    assert crm.engine.dialect.name == "{dialect}"
    with crm.begin("sam") as uow:
        a_person(uow), an_organisation(uow), an_interaction(uow), an_activity(uow)
    recorded_events.clear()
    before = rows()
    with crm.begin("sam") as uow:
        deal = a_deal(uow)
    assert rows() != before
    assert recorded_events.one(DealOpened).deal_id == deal.id
    with pytest.raises(AssertionError, match="recorded were: .*DealOpened"):
        recorded_events.one(Person)


def test_two_deployments_share_the_tenant(crm, crm_with, clock):
    other = crm_with(MANIFEST, clock=clock)
    with crm.begin("ada") as uow:
        deal = a_deal(uow)
    with other.begin("ada") as uow:
        assert uow.get(Deal, deal.id) == deal
        assert uow.now == clock.now()


class TestStamps(PluginConformance):
    manifest = MANIFEST

    def test_the_checks_work_on_it(self):
        assert self.started.crm.engine.dialect.name == "{dialect}"
"""

OPTIONS = {"sqlite": [], "postgresql": ["--crmkit-postgres"]}


@pytest.fixture
def run(tmp_path, request):
    """Runs pytest with the kit, as a program of its own, on one kind of database."""

    def run(dialect, *args, cwd, path=()):
        if dialect == "postgresql":
            request.getfixturevalue("postgres_server")
        places = [str(p) for p in (*path, ROOT / "src")]
        kit = () if knows_the_kit() else ("-p", "crmkit.testing.plugin")
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *kit, *OPTIONS[dialect], *args],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def knows_the_kit():
    from importlib.metadata import entry_points

    return any(point.value == "crmkit.testing.plugin" for point in entry_points(group="pytest11"))


@pytest.mark.slow
@pytest.mark.parametrize("dialect", OPTIONS)
def test_fixtures_and_checks_work_on(dialect, run, tmp_path):
    from conformance import small_plugin

    small_plugin.install(tmp_path, small_plugin.FILES)
    (tmp_path / "test_it.py").write_text(ON.format(dialect=dialect), "utf-8")
    ran = run(dialect, "test_it.py", cwd=tmp_path, path=[tmp_path])
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout


@pytest.mark.slow
@pytest.mark.parametrize("dialect", OPTIONS)
def test_the_example_plugin_passes_its_own_tests_on(dialect, run, tmp_path):
    example = ROOT / "examples" / "crmkit-membership"
    information = tmp_path / "crmkit_membership-1.0.0.dist-info"
    information.mkdir()
    needed = "".join(f"Requires-Dist: {name}\n" for name in ("alembic", "attrs", "click", "crmkit", "sqlalchemy"))
    about = f"Metadata-Version: 2.1\nName: crmkit-membership\nVersion: 1.0.0\n{needed}"
    (information / "METADATA").write_text(about, "utf-8")
    points = "[crmkit.plugins]\nmembership = crmkit_membership.manifest:MANIFEST\n"
    (information / "entry_points.txt").write_text(points, "utf-8")
    ran = run(dialect, "tests", cwd=example, path=[tmp_path, example / "src"])
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert "skipped" not in ran.stdout


@pytest.mark.slow
def test_the_bundled_plugin_passes_every_check_on_postgresql(run):
    ran = run("postgresql", "tests/integration/exchange/test_conformance.py", cwd=ROOT)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert "skipped" not in ran.stdout
