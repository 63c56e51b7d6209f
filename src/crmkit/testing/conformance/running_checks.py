"""Checks on the plugin at work: tenants apart, nobody without a right, nothing lost by switching it off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmkit.api import CRM, PartyView, Record, UnitOfWork
from crmkit.errors import CrmkitError, ForbiddenError, NotFoundError, PluginDisabledError
from crmkit.testing.conformance.bench import Bench, NotReadyError
from crmkit.testing.conformance.case import Case, expect
from crmkit.testing.databases import CANARY
from crmkit.testing.factories import a_person

__all__ = ["RunningChecks"]

SWITCHES = frozenset({"crm_plugin_state", "crm_tenant"})
"""Tables in which it is written that a plugin is enabled or disabled."""


class RunningChecks(Case):
    """Does it work beside others, and can it be switched off?"""

    def test_seeding_again_changes_nothing(self) -> None:
        """Seeds run when a tenant is created and whenever the plugin is enabled."""
        bench = self.started
        tenant = bench.new_tenant()
        before = bench.rows(tenant)
        bench.crm.tenants.seed(tenant, plugin=self.manifest.id)
        after = bench.rows(tenant)
        faults = [f"seeding again changes {name}" for name in sorted(after) if after[name] != before.get(name)]
        expect(faults, "In seed(), look what is there, and add only what is missing.")

    def test_disabling_and_enabling_it_loses_nothing(self) -> None:
        """Data stays as it is while the plugin is off, and is all there when it is on again."""
        bench, tenant, _ = self._inhabited()
        before = bench.rows(tenant)
        bench.switch(tenant, on=False)
        off = bench.rows(tenant)
        bench.switch(tenant, on=True)
        on = bench.rows(tenant)
        faults = [*_lost("disabled", before, off), *_lost("enabled again", before, on)]
        expect(faults, "In seed() and on_enable(), add what is missing, and change or remove nothing.")

    def test_disabled_its_services_are_refused(self) -> None:
        """Whoever uses one gets an error that says so."""
        bench = self.started
        tenant = bench.new_tenant()
        bench.switch(tenant, on=False)
        faults = []
        for service in bench.services:
            try:
                with bench.crm.begin("ada", tenant) as uow:
                    uow.use(service)
            except PluginDisabledError:
                continue
            faults.append(f"{service.__name__} can be used while {self.manifest.id!r} is disabled")
        bench.switch(tenant, on=True)
        expect(faults, "List the service in the manifest of the plugin that it belongs to.")

    def test_disabled_its_hooks_are_silent(self) -> None:
        """Nobody asks it, and nothing that it says shows up."""
        bench, tenant, _ = self._inhabited()
        with bench.crm.begin("ada", tenant) as uow:
            party = a_person(uow).id
        bench.switch(tenant, on=False)
        faults = [
            f"the 360 view has a section {s.key!r} of it"
            for s in _view(bench.crm, tenant, party).sections
            if s.plugin == self.manifest.id
        ]
        table = bench.crm.runtime.hooks.compile(bench.crm.plugins.enabled(tenant=tenant))
        asked = {
            name
            for name, (_, hook) in bench.crm.runtime.hooks.hooks.items()
            for plugin, _ in table.of(hook)
            if plugin == self.manifest.id
        }
        faults += [f"it is asked at {name} while it is disabled" for name in sorted(asked)]
        bench.switch(tenant, on=True)
        expect(faults, "List implementations in `hooks` of the plugin's class, and register nothing elsewhere.")

    def test_the_360_view_works_with_its_records_in_it(self) -> None:
        """Its section is there or left out; a hook that raises would miss for everybody."""
        bench, tenant, records = self._inhabited()
        for party in dict.fromkeys(_parties(bench, records)):
            _view(bench.crm, tenant, party)
        faults = [
            f"its {row.hook} raised {row.error} ({row.place})"
            for row in bench.crm.health
            if row.plugin == self.manifest.id and row.faults
        ]
        bench.crm.health.reset(self.manifest.id)
        expect(faults, "Have the hook answer None where it has nothing to say.")

    def test_its_records_verify(self) -> None:
        """Tables, catalogue, references and history agree on what is stored."""
        bench, tenant, _ = self._inhabited()
        found = [f for f in bench.crm.verify(tenant=tenant) if f.tenant is not None]  # tables have checks of their own
        expect((f"{f.subject}: {f.message}" for f in found), "Store records through services only; see crmkit verify.")

    def test_another_tenant_sees_none_of_its_records(self) -> None:
        """Not by lists, not by ids, not in the 360 view, and not in what queries answer."""
        bench, _, records = self._inhabited()
        other = bench.new_tenant()
        faults: list[str] = []
        with bench.crm.begin("ada", other) as uow:
            party = a_person(uow, given_name="Nobody", family_name="Special").id
            for record in records:
                faults += _seen(uow, record)
        answers = [("the 360 view", _view(bench.crm, other, party)), *self._answers(bench, other, party)]
        faults += [f"{name} shows what another tenant has stored" for name, said in answers if CANARY in repr(said)]
        expect(faults, "Read through uow and context only; keep nothing of a tenant in modules, classes or caches.")

    def _answers(self, bench: Bench, tenant: str, party: Any) -> Iterator[tuple[str, Any]]:
        """What the plugin's queries say that can be asked with no more than a party's id."""
        for operation in bench.crm.runtime.operations.values():
            if operation.service not in bench.services or operation.kind != "query":
                continue
            targets = {t.name: party for t in operation.targets or () if t.entity == "party"}
            parameters = operation.signature.parameters.values() if operation.signature else ()
            if any(p.default is p.empty and p.name not in targets for p in parameters):
                continue
            with bench.crm.begin("ada", tenant, read_only=True) as uow:
                try:
                    yield operation.name, getattr(uow.use(operation.service), operation.method)(**targets)
                except CrmkitError:
                    continue

    def test_without_a_role_nothing_can_be_done(self) -> None:
        """Rights come from roles and grants; who has none is refused, and nothing changes."""
        bench, tenant, _ = self._inhabited()
        before = bench.rows(tenant)
        faults = []
        for operation in bench.crm.runtime.operations.values():
            if operation.service in bench.services:
                try:
                    with bench.crm.begin("nobody", tenant) as uow:
                        self._call(bench, uow, operation)
                except (ForbiddenError, NotFoundError):
                    continue
                except (CrmkitError, TypeError, ValueError) as error:
                    faults.append(f"{operation.name} fails with {type(error).__name__} before it is forbidden: {error}")
                else:
                    faults.append(f"{operation.name} can be done without any role")
        after = bench.rows(tenant)
        faults += [f"what was refused has changed {name}" for name in sorted(after) if after[name] != before.get(name)]
        expect(faults, "Name a permission of the plugin or of its entities at each operation, and never elevate it.")

    def _call(self, bench: Bench, uow: UnitOfWork, operation: Any) -> None:
        parameters = operation.signature.parameters.values() if operation.signature else ()
        arguments = {p.name: bench.specimens.value(p.annotation) for p in parameters if p.default is p.empty}
        getattr(uow.use(operation.service), operation.method)(**arguments)

    def _inhabited(self) -> tuple[Bench, str, list[Record]]:
        bench = self.started
        try:
            tenant, records = bench.inhabited_tenant()
        except NotReadyError as error:
            if not bench.entities:
                raise
            pytest.fail(
                f"{error}\nSay how to make one in `examples` of {type(self).__name__}: a function by model that takes "
                "the references as keywords.",
                pytrace=False,
            )
        return bench, tenant, records


def _view(crm: CRM, tenant: str, party: Any) -> PartyView:
    with crm.begin("ada", tenant, read_only=True) as uow:
        return uow.parties.view(party)


def _parties(bench: Bench, records: list[Record]) -> Iterator[Any]:
    registry = bench.crm.runtime.registry
    for record in records:
        for reference in registry.by_model(type(record)).shape.references:
            value = getattr(record, reference.column)
            if reference.entity == "party" and value is not None:
                yield value


def _seen(uow: UnitOfWork, record: Record) -> Iterator[str]:
    name = type(record).__name__
    if any(found.id == record.id for found in uow.find(type(record), limit=100)):
        yield f"another tenant finds a {name}"
    try:
        uow.get(type(record), record.id)
    except NotFoundError:
        return
    yield f"another tenant gets a {name} by its id"


def _lost(when: str, before: dict[str, list[str]], after: dict[str, list[str]]) -> Iterator[str]:
    for name, rows in before.items():
        if name in SWITCHES:
            continue
        gone = set(rows) - set(after.get(name, ()))
        if gone:
            yield f"{when}, {len(gone)} of {len(rows)} rows of {name} are gone or changed"
