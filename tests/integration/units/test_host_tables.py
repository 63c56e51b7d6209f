"""Tables of the host beside crmkit's: they may refer to parties, and crmkit neither sees nor breaks them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crmkit import Party, Person, errors, f

TABLE = """
CREATE TABLE IF NOT EXISTS host_invoice (
    number INTEGER, tenant_id {text} NOT NULL, party_id {id} NOT NULL,
    FOREIGN KEY (tenant_id, party_id) REFERENCES crm_party (tenant_id, id)
)
"""


@pytest.fixture
def invoices(crm):
    """A connection of the host, whose table of invoices refers to parties."""
    postgresql = crm.engine.dialect.name == "postgresql"
    made = TABLE.format(id="UUID" if postgresql else "BLOB", text='TEXT COLLATE "C"' if postgresql else "TEXT")
    with crm.engine.connect() as connection:
        connection.execute(text(made))
        connection.commit()
        yield connection
        connection.rollback()
        connection.execute(text("DROP TABLE host_invoice"))
        connection.commit()


def invoice(connection, tenant, party):
    value = party.id if connection.dialect.name == "postgresql" else party.id.bytes
    values = {"tenant": tenant, "party": value}
    connection.execute(text("INSERT INTO host_invoice VALUES (7, :tenant, :party)"), values)


def test_a_host_refers_to_a_party_in_the_transaction_that_adds_it(crm, tenant, invoices):
    with crm.join(invoices, "sam") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
    invoice(invoices, tenant, ida)
    invoices.commit()
    assert invoices.execute(text("SELECT count(*) FROM host_invoice")).scalar_one() == 1


def test_a_party_that_a_host_refers_to_is_not_removed_from_under_it(crm, tenant, invoices, rows):
    with crm.join(invoices, "ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
    invoice(invoices, tenant, ida)
    invoices.commit()
    before = rows()
    with pytest.raises(errors.ConflictError), crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
    assert rows() == before


def test_a_table_that_is_no_entity_is_in_no_criteria(crm, invoices):
    with crm.begin("ada", read_only=True) as uow, pytest.raises(errors.UnknownFieldError, match="host_invoice"):
        uow.find(Party, f.host_invoice.exists(f.number == 7))
