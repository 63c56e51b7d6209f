"""The statement auditor catches what it is there for, on both dialects."""

from __future__ import annotations

import auditor
import pytest
from sqlalchemy import Engine, create_engine, event

from crmkit import Person

SCOPED = [
    "SELECT id FROM crm_party WHERE tenant_id = ?",
    (
        "SELECT p.id FROM crm_party AS p JOIN crm_deal AS d ON d.tenant_id = p.tenant_id AND d.party_id = p.id "
        "WHERE p.tenant_id = ?"
    ),
    (
        "SELECT id FROM crm_deal d WHERE d.tenant_id = ? AND EXISTS "
        "(SELECT 1 FROM crm_party p WHERE p.tenant_id = d.tenant_id AND p.id = d.party_id)"
    ),
    "SELECT id FROM crm_deal WHERE tenant_id = ? UNION ALL SELECT id FROM crm_party WHERE tenant_id = ?",
    "UPDATE crm_party SET version = ? WHERE tenant_id = ? AND id = ?",
    "DELETE FROM crm_party WHERE (tenant_id = ?) AND id = ?",
    "INSERT INTO crm_party (tenant_id, id) VALUES (?, ?)",
    "SELECT tenant_id FROM crm_tenant",
    "SELECT version_num FROM crm_version_core",
]

UNSCOPED = [
    ("SELECT id FROM crm_party", "crm_party"),
    ("SELECT id FROM crm_party WHERE id = ?", "crm_party"),
    ("SELECT id FROM crm_party WHERE tenant_id = ? OR id = ?", "crm_party"),
    ("SELECT id FROM crm_party WHERE NOT tenant_id = ?", "crm_party"),
    ("SELECT p.id FROM crm_party p JOIN crm_deal d ON d.party_id = p.id WHERE p.tenant_id = ?", "d"),
    ("SELECT id FROM crm_deal d WHERE d.tenant_id = ? AND EXISTS (SELECT 1 FROM crm_party p WHERE p.id = d.id)", "p"),
    ("SELECT id FROM crm_deal WHERE tenant_id = ? UNION ALL SELECT id FROM crm_party", "crm_party"),
    ("UPDATE crm_party SET version = ? WHERE id = ?", "crm_party"),
    ("DELETE FROM crm_party WHERE id = ?", "crm_party"),
    ("INSERT INTO crm_party (id) VALUES (?)", "crm_party"),
]


def spelled(statement, dialect):
    return statement.replace("?", "%s") if dialect == "postgresql" else statement


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize("statement", SCOPED)
def test_a_statement_is_let_through_that_names_the_tenant_for_every_alias(statement, dialect):
    assert auditor.unscoped(spelled(statement, dialect), dialect) == ()


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(("statement", "alias"), UNSCOPED)
def test_a_statement_is_caught_that_leaves_an_alias_open(statement, alias, dialect):
    assert alias in auditor.unscoped(spelled(statement, dialect), dialect)


def test_it_listens_to_every_engine():
    assert event.contains(Engine, "before_cursor_execute", auditor._audit)


def test_it_stops_what_the_kernel_sends(monkeypatch):
    monkeypatch.setattr(auditor, "_sent_by_crmkit", lambda: True)
    with (
        create_engine("sqlite://").connect() as connection,
        pytest.raises(auditor.UnscopedStatementError, match="crm_x"),
    ):
        connection.exec_driver_sql("SELECT id FROM crm_x")


def test_every_statement_of_a_unit_of_work_is_parsed(crm, monkeypatch):
    """Not only listened to: were the kernel's door to move, the auditor would not know it any more."""
    sent, parsed = [], []

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    parse = auditor.unscoped
    monkeypatch.setattr(auditor, "unscoped", lambda text, dialect: parsed.append(text) or parse(text, dialect))
    event.listen(Engine, "before_cursor_execute", note)
    try:
        with crm.begin("sam") as uow:
            uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"])
        with crm.begin("sam", read_only=True) as uow:
            uow.find(Person)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    written = {"crm_party", "crm_mechanism", "crm_change", "crm_unit"}
    assert {table for table in written for text in parsed if f"INSERT INTO {table} " in text} == written
    assert [text for text in sent if "crm_" in text and text not in parsed] == []


def test_a_unit_of_work_that_forgets_the_tenant_is_stopped(crm, rows, monkeypatch):
    before = rows()
    monkeypatch.setattr(auditor, "unscoped", lambda text, dialect: ("p",) if text.startswith("INSERT") else ())
    with pytest.raises(auditor.UnscopedStatementError), crm.begin("sam") as uow:
        uow.parties.add(Person(given_name="Ida"))
    assert rows() == before
