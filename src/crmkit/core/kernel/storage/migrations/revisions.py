"""Which revisions there are in the code and in the database. Needs no Alembic, so every start can ask."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen
from sqlalchemy import Column, MetaData, String, Table, column, func, literal, select, table, union_all

from crmkit.errors import MigrationError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from crmkit.core.kernel.storage.database import Db

__all__ = ["VERSION_PREFIX", "Unit", "current", "folder_of", "heads", "revisions_of", "version_table"]

VERSION_PREFIX: Final = "crm_version_"
LONGEST: Final = 32
"""Characters in a revision's id: what Alembic's version table holds."""

_FILE: Final = re.compile(r"(\d{4})_[a-z0-9]+(?:_[a-z0-9]+)*")
_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")


@frozen(kw_only=True)
class Unit:
    """The migrations of one plugin, or of the core.

    Attributes:
        id: the plugin's id, or ``core``.
        location: the folder with the revision files: a path, or ``package:folder``, which imports no package (but, for
            ``a.b``, the package ``a``).
        depends: ids of the units that are upgraded before this one; the core always is.
    """

    id: str
    location: Path | str
    depends: tuple[str, ...] = ()


def version_table(unit_id: str) -> str:
    """The name of a unit's version table.

    Raises:
        MigrationError: if the id cannot be part of a table's name.
    """
    if not _ID.fullmatch(unit_id):
        raise MigrationError(unit_id, "the id is not made of lower-case letters, digits and underscores")
    return VERSION_PREFIX + unit_id


# -- in the code ------------------------------------------------------------------------------------------------------


def folder_of(unit: Unit) -> Path:
    """The folder with the unit's revision files.

    Raises:
        MigrationError: if it is not there.
    """
    folder = unit.location if isinstance(unit.location, Path) else _folder_in_package(unit.location)
    if folder is None or not folder.is_dir():
        raise MigrationError(unit.id, f"there is no folder {str(unit.location)!r}; name it as 'package:folder'")
    return folder


def _folder_in_package(location: str) -> Path | None:
    package, _, folder = location.partition(":")
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) / folder if places else None


def revisions_of(unit: Unit) -> tuple[str, ...]:
    """The ids of the unit's revisions, oldest first, read from the names of the files.

    Raises:
        MigrationError: if a file is not named like ``0007_card_number.py``, or two have the same number: a branch.
    """
    stems = sorted(path.stem for path in folder_of(unit).glob("*.py") if not path.name.startswith("_"))
    numbers: dict[str, str] = {}
    for stem in stems:
        match = _FILE.fullmatch(stem)
        if match is None or len(stem) > LONGEST:
            reason = f"{stem}.py is not named like 0007_card_number.py, in at most {LONGEST} characters before .py"
            raise MigrationError(unit.id, reason)
        other = numbers.setdefault(match[1], stem)
        if other != stem:
            reason = (
                f"{other} and {stem} are a branch; give the later one the next number and down_revision = {other!r}"
            )
            raise MigrationError(unit.id, reason)
    return tuple(stems)


def heads(units: Iterable[Unit]) -> dict[str, str | None]:
    """The newest revision of each unit in the code; None for a unit without revisions.

    What `revisions_of` says against a unit's files is let through.
    """
    found = {unit.id: revisions_of(unit) for unit in units}
    return {unit: revisions[-1] if revisions else None for unit, revisions in found.items()}


# -- in the database --------------------------------------------------------------------------------------------------


def current(db: Db, units: Iterable[Unit]) -> dict[str, str | None]:
    """The revision of each unit in the database; None where nothing was applied."""
    return applied(db.connection, [unit.id for unit in units], db.schema)


def applied(connection: Connection, unit_ids: list[str], schema: str | None) -> dict[str, str | None]:
    """The revision of each unit in the database; two statements, however many units there are."""
    tables = {unit: version_rows(unit, schema) for unit in unit_ids}
    there = _existing(connection, list(tables.values()))
    found: dict[str, str | None] = dict.fromkeys(unit_ids)
    asked = [select(literal(unit), rows.c.version_num) for unit, rows in tables.items() if rows.name in there]
    if asked:
        found.update((row[0], row[1]) for row in connection.execute(union_all(*asked)))
    return found


def version_rows(unit_id: str, schema: str | None) -> Table:
    """A unit's version table as Alembic makes it."""
    name = version_table(unit_id)
    return Table(name, MetaData(), Column("version_num", String(LONGEST), primary_key=True), schema=schema)


def _existing(connection: Connection, tables: list[Table]) -> set[str]:
    names = [t.name for t in tables]
    if connection.dialect.name == "sqlite":
        master = table("sqlite_master", column("type"), column("name"))
        return set(connection.scalars(select(master.c.name).where(master.c.type == "table", master.c.name.in_(names))))
    # A name without a schema is looked up along the search path, as any statement would.
    full = {t.name: f'"{t.schema}".{t.name}' if t.schema else t.name for t in tables}
    if not full:
        return set()
    asked = [select(literal(name)).where(func.to_regclass(path).is_not(None)) for name, path in full.items()]
    return set(connection.scalars(union_all(*asked)))
