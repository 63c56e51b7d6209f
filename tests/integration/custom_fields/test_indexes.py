"""Indexes of custom fields: built on a live table, outside of any unit, used by criteria, dropped when unwanted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from attrs import evolve
from sqlalchemy import event

from crmkit import Money, Person, f
from crmkit.errors import InvalidValueError, UnknownFieldError

ASKED = {
    "note": f.custom.note == "n7",
    "size": (f.custom.size >= 7) & (f.custom.size < 9),
    "rate": f.custom.rate == Decimal("7.5"),
    "budget": f.custom.budget == Money(7, "EUR"),
    "since": f.custom.since == date(2026, 1, 7),
    "seen": f.custom.seen == datetime(2026, 1, 9, tzinfo=UTC),
    "colour": f.custom.colour.in_(["red"]),
    "mail": f.custom.mail == "p7@berg.example",
}


def custom(n):
    day = 1 + n % 28
    return {
        "note": f"n{n}",
        "size": n,
        "rate": Decimal(n) + Decimal("0.5"),
        "budget": Money(n, "EUR"),
        "since": date(2026, 1, day),
        "seen": datetime(2026, 1, day, tzinfo=UTC),
        "colour": "red" if n % 50 == 0 else "blue",
        "mail": f"p{n}@berg.example",
    }


@pytest.fixture
def indexed(fields, crm):
    """Parties with values, and fields that want an index; every index is dropped in the end."""
    with crm.begin("ada") as uow:
        for key in ASKED:
            uow.custom_fields.change(evolve(uow.custom_fields.get("party", key), indexed=True))
        uow.parties.add_many([Person(given_name=f"P{n}", custom=custom(n)) for n in range(600)])
    yield crm
    with crm.begin("ada") as uow:
        for key in ASKED:
            uow.custom_fields.change(evolve(uow.custom_fields.get("party", key), indexed=False))
    crm.custom_fields.prune()


@pytest.fixture
def plan_of(crm):
    """A function that gives the plan by which the database answers a query."""

    def explain(where):
        texts = []

        def hear(_connection, _cursor, statement, parameters, *_):
            if "crm_party" in statement:
                texts.append((statement, parameters))

        event.listen(crm.engine, "before_cursor_execute", hear)
        try:
            with crm.begin("ada", read_only=True) as uow:
                found = list(uow.find(Person, where, order="id", limit=100))
        finally:
            event.remove(crm.engine, "before_cursor_execute", hear)
        statement, parameters = texts[-1]
        how = "EXPLAIN QUERY PLAN " if crm.engine.dialect.name == "sqlite" else "EXPLAIN "
        with crm.engine.connect() as connection:
            if crm.engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
                connection.exec_driver_sql("SET LOCAL enable_sort = on")
            rows = connection.exec_driver_sql(how + statement, tuple(parameters)).all()
        return "\n".join(str(row[-1] if how.startswith("EXPLAIN Q") else row[0]) for row in rows), found

    return explain


def states(crm):
    return {one.key: one.state for one in crm.custom_fields.indexes()}


def test_criteria_use_the_index_of_every_kind(indexed, crm, plan_of):
    assert {states(crm)[key] for key in ASKED} == {"missing"}
    built = crm.custom_fields.index()
    assert {one.key for one in built} >= set(ASKED)
    assert {states(crm)[key] for key in ASKED} == {"built"}
    if crm.engine.dialect.name == "postgresql":
        with crm.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE crm_party")
            connection.commit()
    names = {one.key: one.name for one in built}
    for key, where in ASKED.items():
        plan, found = plan_of(where)
        assert names[key] in plan, f"{key}: {plan}"
        assert found
    assert crm.custom_fields.index() == []


def test_a_plan_without_the_index_names_none(fields, crm, add, plan_of):
    """So that the test above can fail."""
    add(size=7)
    assert "cx_" not in plan_of(f.custom.size == 7)[0]


def test_one_index_serves_all_tenants_and_goes_with_the_last(crm, crm_with, tenant):
    other = crm_with(tenant=f"o{tenant[1:]}")
    for one in (crm, other):
        with one.begin("ada") as uow:
            uow.custom_fields.define("party", "area", "number", index=True)
    (built,) = crm.custom_fields.index("party", "area")
    assert set(built.tenants) == {tenant, f"o{tenant[1:]}"}
    with crm.begin("ada") as uow:
        uow.custom_fields.remove("party", "area")
    assert built.name not in {one.name for one in crm.custom_fields.prune()}
    with other.begin("ada") as uow:
        uow.custom_fields.change(evolve(uow.custom_fields.get("party", "area"), indexed=False))
    assert states(crm)[built.name.removeprefix("cx_")] == "unused"
    assert built.name in {one.name for one in crm.custom_fields.prune()}
    assert "area" not in states(crm)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_index_that_was_interrupted_is_built_anew(crm):
    """SQLite builds an index in a transaction, or not at all."""
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "reach", "number", index=True)
    (built,) = crm.custom_fields.index("party", "reach")
    with crm.engine.connect() as connection:
        connection.exec_driver_sql(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", (built.name,)
        )
        connection.commit()
    assert states(crm)["reach"] == "broken"
    crm.custom_fields.index("party", "reach")
    assert states(crm)["reach"] == "built"
    with crm.begin("ada") as uow:
        uow.custom_fields.remove("party", "reach")
    crm.custom_fields.prune()


def test_names_of_indexes_fit_the_database_and_differ(crm):
    keys = [f"a{'b' * 60}{c}" for c in "cd"]
    with crm.begin("ada") as uow:
        for key in keys:
            uow.custom_fields.define("party", key, "number", index=True)
    built = crm.custom_fields.index("party")
    assert len({one.name for one in built} & {i.name for i in crm.custom_fields.indexes()}) == len(built)
    assert all(len(one.name) <= 63 for one in built)
    with crm.begin("ada") as uow:
        for key in keys:
            uow.custom_fields.remove("party", key)
    crm.custom_fields.prune()


def test_long_texts_and_lists_have_no_index(crm, rows):
    before = rows()
    for kind, more in (("long_text", {}), ("choices", {"choices": ["a"]})):
        with pytest.raises(InvalidValueError, match="indexed"), crm.begin("ada") as uow:
            uow.custom_fields.define("party", "x", kind, index=True, **more)
    assert rows() == before


def test_the_longest_values_fit_into_an_index(crm):
    """PostgreSQL refuses what is longer than a third of a page."""
    import secrets

    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "longest", "text", index=True, unique=True)
        text = "".join(chr(0x20000 + b * 100 + secrets.randbelow(90)) for b in secrets.token_bytes(500))
        uow.parties.add(Person(given_name="Ida", custom={"longest": text}))
    crm.custom_fields.index("party", "longest")
    with crm.begin("ada") as uow:
        assert uow.count(Person, f.custom.longest == text) == 1
        uow.custom_fields.remove("party", "longest")
    crm.custom_fields.prune()


def test_an_index_of_no_field_is_refused(crm):
    with pytest.raises(UnknownFieldError):
        crm.custom_fields.index("party", "nothing")
    with pytest.raises(UnknownFieldError):
        crm.custom_fields.index("partee")
