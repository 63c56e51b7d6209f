"""The ORM's classes: the same tables, mapped by hand, with column types that cost as little as they can.

Columns are read from the database; ids and instants get types of their own on SQLite, which has none, with a plain
function for each direction, so that the ORM hands out the same kinds of values as crmkit does.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect, Engine, MetaData, event
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import Mapper, registry, relationship
from sqlalchemy.types import UserDefinedType

from benchmarks.drivers import instant_text

__all__ = ["ALL", "Mapping"]

Convert = Callable[[Any], Any]


class _Converted(UserDefinedType[Any]):
    """A type that is two functions."""

    cache_ok = True

    def __init__(self, name: str, write: Convert, read: Convert) -> None:
        self.name, self.write, self.read = name, write, read

    def get_col_spec(self, **_: Any) -> str:
        return "BLOB" if self.name == "id" else "TEXT"

    def bind_processor(self, dialect: Dialect) -> Convert:  # noqa: ARG002  # SQLAlchemy's signature
        write = self.write
        return lambda value: None if value is None else write(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:  # noqa: ARG002  # SQLAlchemy's signature
        read = self.read
        return lambda value: None if value is None else read(value)


_ID = _Converted("id", lambda value: value.bytes, lambda raw: UUID(bytes=raw))
_INSTANT = _Converted("instant", instant_text, datetime.fromisoformat)
_JSON = _Converted("json", json.dumps, json.loads)
_AMOUNT = _Converted("amount", lambda value: int(value * 10_000), lambda raw: Decimal(raw) / 10_000)
_JSON_COLUMNS = frozenset({"custom", "diff", "commands", "payload"})


def _retype(_inspector: Any, _table: Any, column: dict[str, Any]) -> None:
    """SQLite's columns say BLOB, TEXT and BIGINT where more is meant."""
    name, kind = column["name"], type(column["type"]).__name__
    if kind == "BLOB":
        column["type"] = _ID
    elif name.endswith("_at") or name == "at":
        column["type"] = _INSTANT
    elif name in _JSON_COLUMNS:
        column["type"] = _JSON
    elif name == "amount":
        column["type"] = _AMOUNT


class Tenant:
    """Read for its generations."""


class Party:
    """A person or an organisation."""


class Mechanism:
    """A way to reach it."""


class Identifier:
    """What it is called elsewhere."""


class Relationship:
    """What it is to others."""


class PartyRole:
    """What it is to us."""


class LifecycleEntry:
    """Where it stood."""


class Interaction:
    """What happened with it."""


class Activity:
    """What is planned."""


class Pipeline:
    """Stages for deals."""


class Deal:
    """What we hope to sell."""


class StageEntry:
    """Where a deal has been."""


class Decision:
    """What was decided about it."""


class Comment:
    """What was said about it."""


class Change:
    """A line of history."""


class Unit:
    """A transaction of history."""


class Job:
    """The outbox."""


_TABLES = {
    Tenant: "crm_tenant",
    Party: "crm_party",
    Mechanism: "crm_mechanism",
    Identifier: "crm_identifier",
    Relationship: "crm_relationship",
    PartyRole: "crm_party_role",
    LifecycleEntry: "crm_lifecycle_entry",
    Interaction: "crm_interaction",
    Activity: "crm_activity",
    Pipeline: "crm_pipeline",
    Deal: "crm_deal",
    StageEntry: "crm_deal_stage_entry",
    Decision: "crm_decision",
    Comment: "crm_comment",
    Change: "crm_change",
    Unit: "crm_unit",
    Job: "crm_job",
}
ALL = tuple(_TABLES)


class Mapping:
    """The classes of an application that uses the ORM, mapped to the tables of one database.

    Versions are the ORM's own (``version_id_col``), and a party's mechanisms are a relationship, by which it orders
    what it writes. Attributes are Any: what they are is read from the database.

    Args:
        engine: of the database.
        templates: what to map.
    """

    def __init__(self, engine: Engine, templates: Sequence[type[Any]]) -> None:
        metadata = MetaData()
        if engine.dialect.name == "sqlite":
            event.listen(metadata, "column_reflect", _retype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # indexes on expressions, which the ORM need not know
            metadata.reflect(engine, only=[_TABLES[t] for t in templates], resolve_fks=templates is ALL)
        self._classes: dict[type[Any], Any] = {}
        mapped = registry(metadata=metadata)
        for template in templates:
            table = _TABLES[template]
            made = type(template.__name__, (), {"__doc__": template.__doc__})
            options: dict[str, Any] = {}
            columns = metadata.tables[table]
            if "version" in columns.c and template is not Change:
                options["version_id_col"] = columns.c.version
            if template is Party:
                options["properties"] = {"mechanisms": relationship(lambda: self._classes[Mechanism], viewonly=False)}
            mapper: Mapper[Any] = mapped.map_imperatively(made, columns, **options)
            self._classes[template] = mapper.class_

    def __getitem__(self, template: type[Any]) -> Any:
        return self._classes[template]
