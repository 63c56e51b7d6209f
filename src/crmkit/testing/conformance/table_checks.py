"""Checks on tables, entities and migrations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, MetaData, Table, UniqueConstraint

from crmkit.errors import CrmkitError
from crmkit.sdk import PARTY
from crmkit.testing.conformance import sources
from crmkit.testing.conformance.case import Case, expect

__all__ = ["TableChecks", "keyed_wrongly", "not_led_by_tenant", "undeclared_references"]

TENANT = "tenant_id"
BEHAVIOURS = frozenset({"on_merge", "on_erase", "on_delete"})


def keyed_wrongly(table: Table) -> Iterator[str]:
    """What is wrong with the tenant column and the primary key of a table of records."""
    if TENANT not in table.columns:
        yield f"{table.name} has no column {TENANT!r}"
    key = [c.name for c in table.primary_key.columns]
    if key[:1] != [TENANT]:
        yield f"the primary key of {table.name} is ({', '.join(key)}), which does not begin with {TENANT!r}"


def not_led_by_tenant(table: Table) -> Iterator[str]:
    """Foreign and unique keys of a table that do not begin with the tenant."""
    for key in table.foreign_key_constraints:
        ends = [element.target_fullname.rpartition(".")[2] for element in key.elements]
        if key.column_keys[0] != TENANT or ends[0] != TENANT:
            yield f"the foreign key {table.name}({', '.join(key.column_keys)}) does not begin with {TENANT!r}"
    uniques = [[c.name for c in u.columns] for u in table.constraints if isinstance(u, UniqueConstraint)]
    uniques += [[getattr(e, "name", str(e)) for e in i.expressions] for i in table.indexes if i.unique]
    for names in uniques:
        if names[:1] != [TENANT]:
            yield f"the unique key {table.name}({', '.join(map(str, names))}) does not begin with {TENANT!r}"


def undeclared_references(table: Table) -> Iterator[str]:
    """Columns that refer to another table without saying what becomes of the row."""
    for key in table.foreign_key_constraints:
        target = key.elements[0].target_fullname.rpartition(".")[0]  # which may be a table of the core's
        columns: list[Column[Any]] = [c for c in key.columns if c.name != TENANT]
        for column in columns:
            if "reference" not in column.info:
                yield f"{table.name}.{column.name} refers to {target} by a foreign key of its own"


class TableChecks(Case):
    """Are the tables such that merging, erasure, tenants and removal work with no code of the plugin?"""

    def test_its_tables_and_entities_carry_its_id(self) -> None:
        """Nobody else may own them, and purging the plugin removes them all."""
        plugin, bench = self.manifest.id, self.loaded
        faults = [
            f"the table {name!r} does not begin with 'crm_{plugin}_'"
            for name in self._tables()
            if not name.startswith(f"crm_{plugin}_")
        ]
        faults += [f"{p.message}. {p.fix}" for p in bench.problems if p.code == "table_name" and p.subject == plugin]
        faults += [
            f"the entity {entity.name!r} does not begin with '{plugin}.'"
            for entity in bench.entities
            if not entity.name.startswith(f"{plugin}.")
        ]
        expect(faults, f"Name entities '{plugin}.<noun>' and tables 'crm_{plugin}_<noun>'.")

    def test_its_tables_are_keyed_by_the_tenant(self) -> None:
        """References across tenants are then impossible, and a tenant's rows lie together."""
        faults = [fault for table in self._tables().values() for fault in keyed_wrongly(table)]
        expect(faults, "Make tables with entity_table(...), which adds tenant_id and the primary key (tenant_id, id).")

    def test_its_foreign_and_unique_keys_begin_with_the_tenant(self) -> None:
        """A key without the tenant would tie tenants together, and tell one of another's values."""
        faults = [fault for table in self._tables().values() for fault in not_led_by_tenant(table)]
        expect(faults, "Refer by ref(...) or party_ref(...), and pass unique=[(...)] to entity_table(...).")

    def test_its_references_say_what_merging_erasing_and_deleting_do(self) -> None:
        """These work on declared references only, for plugins too that are disabled or gone."""
        faults = [fault for table in self._tables().values() for fault in undeclared_references(table)]
        for module, line, call in sources.calls(self._package(), "ref"):
            target = getattr(call.args[0], "value", None) if call.args else None
            if target == PARTY.name and not {k.arg for k in call.keywords}.issuperset(BEHAVIOURS):
                faults.append(f"{module}, line {line}, refers to a party and leaves open what happens to the row")
        expect(faults, "Declare it with party_ref(on_merge=..., on_erase=..., on_delete=...).")

    def test_its_migrations_make_its_tables(self) -> None:
        """All revisions together give what tables.py says."""
        bench, way_out = self.loaded, "Write the missing revision, or mend the latest one while it is not released."
        if bench.metadata is None:
            return
        if self.manifest.migrations is None:
            expect([f"{self.manifest.id!r} has tables and names no migrations"], "Name 'package:folder' in migrations.")
        with bench.database() as engine:
            try:
                bench.deployment(engine).schema.upgrade()
            except CrmkitError as error:
                expect([str(error)], way_out)
            migrated = bench.deployment(engine).schema.tables()
        with bench.database() as engine:
            bench.deployment(engine, plugin=False).schema.upgrade()
            _with_core(bench.metadata).create_all(engine)
            declared = bench.deployment(engine).schema.tables()
        expect(_differences(declared, migrated, own=f"crm_{self.manifest.id}_"), way_out)

    def test_its_migrations_can_be_taken_back_and_applied_again(self) -> None:
        """An upgrade that goes wrong in production has to be undone."""
        bench = self.loaded
        if self.manifest.migrations is None:
            return
        with bench.database() as engine:
            schema = bench.deployment(engine).schema
            bench.deployment(engine, plugin=False).schema.upgrade()
            before = schema.tables()
            try:
                schema.upgrade()
            except CrmkitError:
                return  # the check on what migrations make says so
            applied = schema.tables()
            try:
                schema.downgrade(self.manifest.id)
                faults = [f"taken back, {name} is still there" for name in sorted(set(schema.tables()) - set(before))]
                schema.upgrade()
                faults += [] if schema.tables() == applied else ["applied again, they make other tables"]
            except CrmkitError as error:
                faults = [str(error)]
        expect(faults, "Write downgrade() such that it takes back all that upgrade() does, newest first.")

    def test_its_catalogue_is_what_its_code_says(self) -> None:
        """Merging, erasure, undo and verify know a plugin that is gone by what the catalogue keeps of it."""
        expect(
            (f"{p.message}. {p.fix}" for p in self.started.crm.schema.problems()),
            "Every entity belongs into `entities` of the plugin's implementation.",
        )

    def _tables(self) -> dict[str, Table]:
        metadata = self.loaded.metadata
        return dict(metadata.tables) if metadata is not None else {}

    def _package(self) -> str:
        modules = sources.named_modules(self.manifest)
        return sources.root_of(modules[0]) if modules else type(self).__module__


def _with_core(metadata: MetaData) -> MetaData:
    """The plugin's tables beside the core's, so that its foreign keys find what they refer to."""
    both = MetaData(naming_convention=metadata.naming_convention)
    for table in (*PARTY.table.metadata.tables.values(), *metadata.tables.values()):
        table.to_metadata(both)
    return both


def _differences(declared: dict[str, Any], migrated: dict[str, Any], *, own: str) -> Iterator[str]:
    for name in sorted(n for n in {*declared, *migrated} if n.startswith(own)):
        if name not in migrated or name not in declared:
            yield f"{name} is only {'declared' if name in declared else 'in the migrations'}"
            continue
        for part, said in declared[name].items():
            made = migrated[name].get(part)
            if made != said:
                yield f"{part} of {name}: declared {_only(said, made)}, migrations make {_only(made, said)}"


def _only(one: Any, other: Any) -> Any:
    """What is in one mapping and not the same in the other; the whole, if it is none."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: value for key, value in one.items() if other.get(key) != value} or "nothing more"
    return one
