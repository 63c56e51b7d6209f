"""Many rows in one unit: they take a shorter way into PostgreSQL (COPY), and come out, or fail, just the same."""

from datetime import date

import pytest
from sqlalchemy import event

from crmkit import Identifier, Person
from crmkit.errors import AlreadyExistsError

pytestmark = pytest.mark.usefixtures("verified")

MANY = 60
AWKWARD = ["tab\there", "new\nline", "back\\slash", "\\N", "\\.", '"quoted"', "комма, 王", "  ", "%s ?", "{}", "NULL"]


def people(count=MANY):
    return [
        Person(
            given_name=f"Ida {n}",
            family_name=AWKWARD[n % len(AWKWARD)].strip() or None,
            birth_date=date(1980, 1, 1 + n % 28) if n % 2 else None,
            custom={"shirt": f"x {AWKWARD[n % len(AWKWARD)]}", "size": n} if n % 5 == 0 else {},
        )
        for n in range(count)
    ]


@pytest.fixture(autouse=True)
def fields(crm):
    """The custom fields that these people have."""
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "shirt", "long_text")
        uow.custom_fields.define("party", "size", "number")


@pytest.fixture
def sent(crm):
    """The statements sent, while the test runs."""
    texts = []

    def hear(_connection, _cursor, statement, *_):
        texts.append(statement)

    event.listen(crm.engine, "before_cursor_execute", hear)
    yield texts
    event.remove(crm.engine, "before_cursor_execute", hear)


def test_many_rows_are_stored_as_few_would_be(crm, sent):
    with crm.begin("ada") as uow:
        together = uow.parties.add_many(people())
    copied = [text for text in sent if text.startswith("COPY ")]
    assert bool(copied) == (crm.engine.dialect.name == "postgresql")
    with crm.begin("ada") as uow:
        alone = [uow.parties.add(person) for person in people()]
    with crm.begin("ada", read_only=True) as uow:
        for bulk, single in zip(together, alone, strict=True):
            one, other = uow.get(Person, bulk.id), uow.get(Person, single.id)
            assert one == bulk
            for name in ("given_name", "family_name", "birth_date", "custom", "sort_name", "version"):
                assert getattr(one, name) == getattr(other, name), name
            (change,), (expected,) = uow.history.changes(one), uow.history.changes(other)
            same = {k: v for k, v in expected.diff.items() if k != "created_at"}
            assert {k: v for k, v in change.diff.items() if k != "created_at"} == same


def test_one_row_too_many_of_many_undoes_them_all_and_is_named(crm, rows):
    with crm.begin("ada") as uow:
        taken = uow.parties.add(Person(given_name="Ola"))
        uow.parties.add_identifier(taken.id, "vat", "NO 7", exclusive=True)
    before, fresh = rows(), people()
    numbers = [Identifier(party_id=p.id, scheme="vat", value=f"NO {n}", exclusive=True) for n, p in enumerate(fresh)]
    with pytest.raises(AlreadyExistsError) as caught, crm.begin("ada") as uow:
        uow.parties.add_many(fresh, identifiers=numbers)
    assert caught.value.entity == "identifier"
    assert rows() == before


def test_a_record_that_is_already_there_is_named_among_many(crm, rows):
    with crm.begin("ada") as uow:
        first = uow.parties.add_many(people())
    before = rows()
    with pytest.raises(AlreadyExistsError), crm.begin("ada") as uow:
        uow.parties.add_many([*people(), Person(id=first[3].id, given_name="Twin")])
    assert rows() == before


def test_what_is_rolled_back_after_many_rows_is_gone(crm, rows):
    before = rows()
    with crm.begin("ada") as uow:
        with pytest.raises(RuntimeError, match="changed my mind"), uow.attempt():
            uow.parties.add_many(people())
            raise RuntimeError("changed my mind")
        assert not uow.find(Person, limit=1)
    assert rows() == before


def test_postgresql_is_told_to_take_stock(crm):
    with crm.begin("ada") as uow:
        uow.parties.add_many(people())
    crm.schema.analyze()
    if crm.engine.dialect.name == "postgresql":
        with crm.engine.connect() as connection:
            known = connection.exec_driver_sql("SELECT reltuples FROM pg_class WHERE oid = 'crm_party'::regclass")
            assert known.scalar_one() >= MANY
