"""A search goes by the index of its database, and by no walk over all documents."""

import json

import pytest
from sqlalchemy import event

from crmkit import Organisation, new_id
from crmkit.core.kernel.search.rules import document_of
from crmkit.core.kernel.search.storing import write_documents
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.database import Db


@pytest.fixture
def plan(crm):
    """``plan("berg", actor="sam")`` gives the plan of the first statement that the search sends."""

    def of(search, *, actor="ada"):
        sent = []

        def remember(_connection, _cursor, statement, parameters, *_):
            if "FROM crm_search" in statement.replace("\n", " ") and "unnest" not in statement:
                sent.append((statement, parameters))

        with crm.begin(actor, read_only=True) as uow:
            event.listen(crm.engine, "before_cursor_execute", remember)
            uow.search.find(search)
            event.remove(crm.engine, "before_cursor_execute", remember)
        with crm.engine.connect() as connection:
            how = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN (FORMAT JSON) "
            rows = connection.exec_driver_sql(how + sent[0][0], sent[0][1]).all()
        return [row.detail for row in rows] if crm.engine.dialect.name == "sqlite" else json.dumps(rows[0][0])

    return of


@pytest.fixture
def many(crm, tenant):
    """So many documents that a walk over all of them would take long; few have a record, which no plan looks at."""
    texts = [("name", [f"Firm {n} {n:05x}"]) for n in range(30_000)]
    with crm.engine.connect() as connection, engines.begin(connection):
        write_documents(Db(connection), tenant, {("party", new_id()): document_of([text]) for text in texts})
        connection.exec_driver_sql("ANALYZE crm_search")
        if connection.dialect.name == "postgresql":  # as a vacuum does; what is pending makes the index look dear
            connection.exec_driver_sql("SELECT gin_clean_pending_list('ix_crm_search_grams')")
    with crm.begin("ada") as uow:
        uow.parties.add(Organisation(name="Quist"))


@pytest.mark.parametrize("actor", ["ada", "sam"])
@pytest.mark.parametrize("search", ["quist", "qu", "uis", "firm 7"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_begins_with_its_full_text_index_and_sorts_nothing(plan, many, search, actor):
    first, second, *_ = plan(search, actor=actor)
    assert first.startswith("SCAN crm_search_index VIRTUAL TABLE")
    assert second.startswith("SEARCH crm_search USING INDEX ix_crm_search_docid")
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in (first, second))


@pytest.mark.parametrize("actor", ["ada", "sam"])
@pytest.mark.parametrize("search", ["quist", "uis"])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_goes_by_its_index_of_grams_for_what_is_rare(plan, many, search, actor):
    assert "ix_crm_search_grams" in plan(search, actor=actor)


@pytest.mark.parametrize("actor", ["ada", "sam"])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_walks_over_the_newest_for_what_is_common(plan, many, actor):
    steps = plan("firm", actor=actor)
    assert "ix_crm_search_newest" in steps
    assert "Sort" not in steps


def test_a_search_is_one_statement_and_a_look_at_the_records(crm, many):
    sent = []

    def remember(_connection, _cursor, statement, *_):
        sent.append(statement)

    with crm.begin("ada", read_only=True) as uow:
        uow.search.find("quist", limit=1)  # reads the rights
        event.listen(crm.engine, "before_cursor_execute", remember)
        uow.search.find("quis", limit=20)
        event.remove(crm.engine, "before_cursor_execute", remember)
    assert len(sent) <= 3


def test_an_import_of_a_thousand_writes_its_documents_in_few_statements(crm):
    sent = []

    def remember(_connection, _cursor, statement, *_):
        if "crm_search" in statement:
            sent.append(statement)

    event.listen(crm.engine, "before_cursor_execute", remember)
    with crm.begin("ada") as uow:
        uow.parties.add_many([Organisation(name=f"Firm {n}") for n in range(1_000)])
    event.remove(crm.engine, "before_cursor_execute", remember)
    assert 1 <= len(sent) <= 3
