"""The wall between tenants: nothing of the tenant next door is read, found, named or changed by anything registered.

Every entity and every operation of the core is tried against the rows of the tenant of canaries, so that new ones are
held to it without being named here. Plugins are held to it by the conformance checks.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from crmkit import Activity, f, new_id
from crmkit.errors import CrmkitError, NotFoundError
from crmkit.testing.conformance.specimens import Specimens
from crmkit.testing.databases import CANARY, CANARY_TENANT, rows_of

WHEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLES = {Activity: lambda **given: Activity(kind="call", subject="Call back", due_at=WHEN, **given)}


@pytest.fixture
def next_door(crm):
    """A function that gives everything stored for the tenant of canaries."""

    def read():
        with crm.engine.connect() as connection:
            return rows_of(connection, CANARY_TENANT)

    return read


@pytest.fixture
def foreign(crm):
    """The id of one of the canaries, by entity; None where there is none that only their tenant has."""
    found = {}
    with crm.engine.connect() as connection:
        for entity in crm.runtime.registry:
            ids = select(entity.table.c.id)
            elsewhere = ids.where(entity.table.c.tenant_id != CANARY_TENANT)
            query = ids.where(entity.table.c.tenant_id == CANARY_TENANT, entity.table.c.id.not_in(elsewhere)).limit(1)
            found[entity.name] = connection.execute(query).scalar()
    return found


def arguments(operation, ids):
    """What ``operation`` is called with: ids of ``ids`` for its targets, made-up values for the rest."""
    specimens = Specimens(EXAMPLES)
    given = {}
    for parameter in operation.signature.parameters.values():
        target = next((t for t in operation.targets or () if t.name == parameter.name), None)
        if target is not None and target.entity in ids:
            given[parameter.name] = ids[target.entity]
        elif parameter.default is parameter.empty:
            given[parameter.name] = specimens.value(parameter.annotation)
    return given


def outcome(crm, operation, given):
    """The answer, or the error with every id of ``given`` blotted out."""
    try:
        with crm.begin("ada") as uow:
            return repr(getattr(uow.use(operation.service), operation.method)(**given))
    except CrmkitError as error:
        said = f"{type(error).__name__}: {error}"
        for value in given.values():
            said = said.replace(str(value), "ID")
        return said


def test_the_canaries_are_there(foreign):
    """Or else everything below proves nothing."""
    wanted = ("party", "mechanism", "deal", "interaction", "activity", "comment", "attachment", "decision")
    assert {name for name in wanted if foreign[name] is None} == set()


def test_no_entity_shows_a_record_of_another_tenant(crm, foreign):
    with crm.begin("ada", read_only=True) as uow:
        for entity in crm.runtime.registry:
            assert CANARY not in repr(list(uow.each(entity))), entity.name
            if foreign[entity.name] is not None:
                assert uow.count(entity, f.id == foreign[entity.name]) == 0, entity.name
                assert uow.sees(entity, [foreign[entity.name]]) == frozenset(), entity.name
                with pytest.raises(NotFoundError):
                    uow.get(entity, foreign[entity.name])


def test_an_operation_on_a_record_of_another_tenant_ends_as_on_one_that_is_not_there(crm, rows, next_door, foreign):
    """Each command and query that names a record, called by an administrator; and neither tenant's rows change."""
    tried = 0
    for operation in crm.runtime.operations.values():
        ids = {t.entity: foreign[t.entity] for t in operation.targets or () if foreign.get(t.entity)}
        if not ids:
            continue
        before, there = rows(), next_door()
        given = arguments(operation, ids)
        nowhere = {name: new_id() if value in ids.values() else value for name, value in given.items()}
        refused = outcome(crm, operation, given)
        assert refused == outcome(crm, operation, nowhere), operation.name
        assert refused.startswith("NotFoundError"), (operation.name, refused)
        assert CANARY not in refused.replace(repr(CANARY), ""), operation.name
        assert (rows(), next_door()) == (before, there), operation.name
        tried += 1
    assert tried > 30


def test_no_query_answers_with_anything_of_another_tenant(crm):
    """Each one that can be asked without naming a record, and the search for what only the other tenant has."""
    asked = 0
    for operation in crm.runtime.operations.values():
        demanded = [p for p in operation.signature.parameters.values() if p.default is p.empty]
        if operation.kind == "query" and not demanded:
            assert CANARY not in outcome(crm, operation, {}), operation.name
            asked += 1
    assert asked > 5
    with crm.begin("ada", read_only=True) as uow:
        assert uow.parties.find_by("canary@canary.example") == ()
