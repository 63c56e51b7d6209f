"""A CRM with a plugin of cards in it, and ways to look at everything that is stored."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import column, inspect, select, table

from crmkit import CRM
from crmkit.errors import CrmkitError

TOY = Path(__file__).parent / "toy"
MACHINERY = {
    "crm_actor",
    "crm_catalog",
    "crm_change",
    "crm_denial",
    "crm_job",
    "crm_notification",
    "crm_once",
    "crm_plugin_state",
    "crm_search",
    "crm_tenant",
    "crm_unique",
    "crm_unit",
}
UNCOUNTED = {"tenant_id", "version", "updated_at"}


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.syspath_prepend(str(TOY))
    if "crm_toycards" not in sys.modules:
        importlib.import_module("crm_toycards")
    return sys.modules["crm_toycards"]


@pytest.fixture
def with_cards(crm: CRM, crm_with, toy) -> CRM:
    """The CRM of `crm`, with the plugin of cards."""
    return crm_with(toy.MANIFEST)


@pytest.fixture
def both(crm: CRM):
    """A function: what two units of work come to, the second begun while the first one is still open.

    For PostgreSQL, since SQLite has one writer at a time.
    """

    def run(first, second):
        outcome = []

        def later():
            try:
                with crm.begin("ada") as uow:
                    second(uow)
                outcome.append(None)
            except CrmkitError as error:
                outcome.append(error)

        thread = threading.Thread(target=later)
        with crm.begin("ada") as uow:
            first(uow)
            thread.start()
            thread.join(0.5)  # long enough to come to where it has to wait
            assert outcome == []
        thread.join(10)
        return outcome[0]

    return run


Rows = Mapping[tuple[str, str], Mapping[str, Any]]


@pytest.fixture
def stored(crm: CRM, tenant: str) -> Callable[[], Rows]:
    """A function that gives every row of every entity: (table, id) to its values, but for versions."""

    tables = []

    def read() -> Rows:
        if not tables:
            for (_, name), described in inspect(crm.engine).get_multi_columns().items():
                columns = [c["name"] for c in described]
                if name.startswith("crm_") and name not in MACHINERY and {"tenant_id", "id"} <= set(columns):
                    tables.append(table(name, *map(column, columns)))
        found = {}
        with crm.engine.connect() as connection:
            for one in tables:
                rows = connection.execute(select(one).where(one.c.tenant_id == tenant)).mappings()
                found.update(((one.name, _plain(row["id"])), dict(_values(row))) for row in rows)
        return found

    return read


def _values(row: Mapping[Any, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        if name == "custom":
            custom = json.loads(value) if isinstance(value, str) else value
            yield from ((f"custom.{key}", each) for key, each in custom.items())
        elif name not in UNCOUNTED and value is not None:
            yield str(name), _plain(value)


def _plain(value: Any) -> Any:
    return repr(UUID(bytes=value)) if isinstance(value, bytes) else repr(value)
