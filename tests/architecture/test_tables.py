"""Every table is keyed by its tenant, every reference says what becomes of it, and migrations make what is declared."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from crmkit import CRM, Config, make_engine
from crmkit.core.kernel.entities.table import NAMES_ENTITY
from crmkit.core.kernel.storage.migrations import schema_of
from crmkit.core.kernel.storage.tables import metadata as core
from crmkit.testing import postgres
from crmkit.testing.conformance.table_checks import keyed_wrongly, not_led_by_tenant, undeclared_references

DEPLOYMENT = {"crm_catalog", "crm_plugin_state", "crm_tenant"}
"""Tables of the deployment as a whole, which operators read across tenants."""


@pytest.fixture(scope="session")
def tables(assembly):
    found = {e.table.name: e.table for e in assembly.runtime.registry}
    for table in list(found.values()):
        found.update(table.metadata.tables)
    return found


def test_every_table_has_the_prefix_of_its_owner(assembly, tables):
    owners = {e.table.name: assembly.runtime.registry.plugin_of(e.name) for e in assembly.runtime.registry}
    wrong = [n for n in tables if not n.startswith("crm_")]
    wrong += [n for n, owner in owners.items() if owner != "core" and not n.startswith(f"crm_{owner}_")]
    assert wrong == []


def test_every_table_of_a_tenant_is_keyed_by_it(tables):
    assert [fault for name, t in tables.items() if name not in DEPLOYMENT for fault in keyed_wrongly(t)] == []


def test_every_entity_is_keyed_by_tenant_and_id(assembly):
    keys = {e.name: [c.name for c in e.table.primary_key.columns] for e in assembly.runtime.registry}
    assert {name: key for name, key in keys.items() if key != ["tenant_id", "id"]} == {}


def test_every_foreign_and_unique_key_begins_with_the_tenant(tables):
    assert [fault for name, t in tables.items() if name not in DEPLOYMENT for fault in not_led_by_tenant(t)] == []


def test_every_foreign_key_is_a_declared_reference(tables):
    assert [fault for table in tables.values() for fault in undeclared_references(table)] == []


def test_every_reference_to_a_party_says_what_merging_and_erasing_do(assembly):
    merging = {"repoint", "keep_winner", "keep_newest", "union", "strictest"}
    for entity in assembly.runtime.registry:
        for reference in entity.shape.references:
            if reference.entity in {"party", None}:
                assert reference.on_merge in merging, f"{entity.name}.{reference.column}"
                assert reference.on_erase in {"keep", "clear", "delete"}, f"{entity.name}.{reference.column}"
                if reference.on_erase == "clear" or reference.on_delete == "clear":
                    assert entity.shape.fields[reference.column].nullable, f"{entity.name}.{reference.column}"


def test_every_column_that_names_an_entity_says_what_becomes_of_the_row_when_its_plugin_is_purged(tables):
    """A reference to any record says it, or the mark of rows about all records of an entity; facts are exempt."""
    known = {"crm_catalog", "crm_change", "crm_denial"}
    loose = [
        f"{name}.{column.name}"
        for name, table in tables.items()
        if table.metadata is core and name not in known
        for column in table.columns
        if column.name in {"entity", "subject", "about"}
        and column.info.get("names") != NAMES_ENTITY["names"]
        and column.name not in {getattr(c.info.get("reference"), "entity_column", None) for c in table.columns}
    ]
    assert set(loose) <= {"crm_thread.subject", "crm_activity.subject"}  # which are texts


@pytest.mark.migrations
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_all_migrations_of_the_core_make_what_is_declared(kind, request, tmp_path):
    def made(how, url):
        engine = make_engine(url)
        how(engine)
        with engine.connect() as connection:
            found = schema_of(connection)
            indexes = {name: inspect(connection).get_pk_constraint(name) for name in found}
        engine.dispose()
        return found, indexes

    def migrate(engine):
        CRM(Config.of({}), engine=engine).schema.upgrade()

    if kind == "sqlite":
        urls = [f"sqlite:///{tmp_path / name}.db" for name in ("migrated", "declared")]
        assert made(migrate, urls[0]) == made(core.create_all, urls[1])
    else:
        server = request.getfixturevalue("postgres_server")
        with postgres.database(server) as one, postgres.database(server) as other:
            assert made(migrate, one) == made(core.create_all, other)
