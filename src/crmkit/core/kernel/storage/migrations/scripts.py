"""Revision files as Alembic knows them, checked; with the runner and the renderer, all that imports Alembic."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from crmkit.core.kernel.storage.migrations.revisions import Unit, folder_of
from crmkit.errors import MigrationError

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

__all__ = ["environment", "first_line", "load"]


def environment(script: ScriptDirectory, **options: Any) -> EnvironmentContext:
    """What would be ``env.py`` in a project of Alembic's own making."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    return EnvironmentContext(Config(), script, **options)


def load(unit: Unit, line: Sequence[str]) -> ScriptDirectory:
    """Load the unit's revision files and check that they are one line, in the order of their numbers.

    Raises:
        MigrationError: if they are not, or a file cannot be loaded.
    """
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    folder = str(folder_of(unit))
    script = ScriptDirectory(folder, version_locations=[folder])
    below: str | None = None
    for stem in line:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Alembic warns of what is refused here
                found = script.get_revision(stem)
        except KeyError as error:
            raise MigrationError(unit.id, f"a file has down_revision = {error}, which is not there") from error
        except CommandError as error:
            raise MigrationError(unit.id, f"the file {stem}.py does not have revision = {stem!r}") from error
        except Exception as error:
            raise MigrationError(unit.id, f"a file cannot be loaded: {first_line(error)}") from error
        if found.revision != stem or found.down_revision != below:
            reason = f"{stem}.py must have revision = {stem!r} and down_revision = {below!r}"
            raise MigrationError(unit.id, reason)
        below = stem
    return script


def first_line(error: Exception) -> str:
    """What went wrong without the statement, its values, and the details that PostgreSQL adds on further lines."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = str(origin).partition("\n")[0].strip()
    return f"{type(origin).__name__}: {said}" if said else type(origin).__name__
