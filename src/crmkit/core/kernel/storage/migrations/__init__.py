"""Migrations: Alembic revisions in one straight line per plugin, each with a version table of its own.

Importing this does not import Alembic; running or rendering migrations does.
"""

from __future__ import annotations

from crmkit.core.kernel.storage.migrations.reflection import schema_of
from crmkit.core.kernel.storage.migrations.rendering import BESIDE, render
from crmkit.core.kernel.storage.migrations.revisions import Unit, current, heads, revisions_of, version_table
from crmkit.core.kernel.storage.migrations.runner import Migrations, UnitStatus

__all__ = [
    "BESIDE",
    "Migrations",
    "Unit",
    "UnitStatus",
    "current",
    "heads",
    "render",
    "revisions_of",
    "schema_of",
    "version_table",
]
