"""What importing crmkit brings along, each tried in a new process."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"alembic", "psycopg", "sqlite3", "pytest", "vobject", "charset_normalizer", "phonenumbers", "babel"}


def imported_by(statement):
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


@pytest.mark.parametrize("door", ["crmkit.api", "crmkit.sdk"])
def test_importing_a_door_imports_no_orm_no_alembic_no_driver_and_no_plugin(door):
    found = imported_by(f"import {door}")
    assert {m for m in found if m.partition(".")[0] in HEAVY} == set()
    assert "sqlalchemy.orm" not in found
    assert {m for m in found if m.startswith("crmkit.plugins.")} == set()


def test_importing_the_pytest_plugin_imports_nothing_of_crmkit_s_core():
    """pytest imports it in every project that has crmkit installed."""
    found = imported_by("import crmkit.testing.plugin")
    assert {m for m in found if m.startswith("crmkit.")} == {"crmkit.testing", "crmkit.testing.plugin"}
    assert "sqlalchemy" not in found


def test_importing_the_package_costs_nothing_before_a_name_is_asked_for():
    assert {m for m in imported_by("import crmkit") if m.startswith("crmkit.")} == set()


def test_the_command_line_imports_no_more_than_a_command_needs():
    """Each command pays for its imports, and `crmkit --version` has nothing to ask of a database or a plugin."""
    code = "from crmkit.cli import main\ntry:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0"
    found = imported_by(f"sys.argv = ['crmkit', '--version']\n{code}")
    assert "crmkit.cli.root" in found
    assert {
        m for m in found if m.partition(".")[0] in {*HEAVY, "attr", "attrs", "cattrs", "pluggy", "sqlalchemy"}
    } == set()
    assert {m for m in found if m.startswith(("crmkit.core", "crmkit.plugins", "crmkit.values"))} == set()
