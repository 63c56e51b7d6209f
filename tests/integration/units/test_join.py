"""Units of work in the transaction of the host application."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crmkit import PartyAdded, Person, errors, f


@pytest.fixture
def told(crm):
    """The parties that subscribers have been told of."""
    found = []
    end = crm.on(PartyAdded, lambda event: found.append(event.party))
    yield found
    end()


@pytest.fixture
def host(crm):
    """A connection of the host, with a table of its own."""
    with crm.engine.connect() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS host_order (id INTEGER)"))
        connection.execute(text("DELETE FROM host_order"))
        connection.commit()
        yield connection
        connection.rollback()


def add(uow):
    """A person added by the unit's actor."""
    return uow.parties.add(Person(given_name="Ida", family_name="Berg"))


def people(crm):
    """How many people there are."""
    with crm.begin("ada", read_only=True) as uow:
        return uow.count(Person, f.family_name == "Berg")


def orders(crm):
    """How many orders the host has."""
    with crm.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM host_order")).scalar_one()


def order(host):
    """The host writes something of its own."""
    host.execute(text("INSERT INTO host_order VALUES (1)"))


def test_what_host_and_crm_write_is_committed_together_and_told_after_it(crm, host, told):
    order(host)
    with crm.join(host, "sam") as uow:
        party = add(uow)
    assert told == []
    host.commit()
    assert (people(crm), orders(crm), told) == (1, 1, [party.id])


def test_the_hosts_rollback_takes_back_what_the_crm_wrote_and_nobody_is_told(crm, host, told):
    order(host)
    with crm.join(host, "sam") as uow:
        add(uow)
    host.rollback()
    assert (people(crm), orders(crm), told) == (0, 0, [])


def test_a_refusal_leaves_the_hosts_transaction_usable(crm, host, told):
    order(host)
    with pytest.raises(errors.InvalidMechanismError), crm.join(host, "sam") as uow:
        add(uow)
        uow.parties.add(Person(given_name="Bo"), emails=["no address"])
    order(host)
    host.commit()
    assert (people(crm), orders(crm), told) == (0, 2, [])


def test_a_denial_in_a_joined_unit_is_written_after_the_hosts_commit_or_rollback(crm, host, tenant):
    query = text("SELECT count(*) FROM crm_denial WHERE tenant_id = :tenant")

    def denied():
        with crm.engine.connect().execution_options(crmkit_begin="deferred") as connection:
            return connection.execute(query, {"tenant": tenant}).scalar_one()

    for n, end in enumerate((host.commit, host.rollback)):
        with pytest.raises(errors.ForbiddenError), crm.join(host, "nobody") as uow:
            add(uow)
        assert denied() == n
        end()
        assert denied() == n + 1


def test_several_units_in_one_transaction_are_told_in_their_order(crm, host, told):
    with crm.join(host, "sam") as uow:
        first = add(uow)
    with crm.join(host, "sue") as uow:
        second = add(uow)
    host.commit()
    assert told == [first.id, second.id]


def test_a_session_is_flushed_first_and_its_commit_tells(crm, host, told):
    with Session(crm.engine) as session:
        session.execute(text("INSERT INTO host_order VALUES (1)"))
        with crm.join(session, "sam") as uow:
            party = add(uow)
        assert told == []
        session.commit()
    assert (people(crm), orders(crm), told) == (1, 1, [party.id])


def test_a_savepoint_of_the_host_that_is_rolled_back_tells_nobody(crm, host, told):
    order(host)
    savepoint = host.begin_nested()
    with crm.join(host, "sam") as uow:
        add(uow)
    savepoint.rollback()
    host.commit()
    assert (people(crm), orders(crm), told) == (0, 1, [])


def test_a_savepoint_of_the_host_that_is_released_tells_at_the_commit(crm, host, told):
    order(host)
    savepoint = host.begin_nested()
    with crm.join(host, "sam") as uow:
        party = add(uow)
    savepoint.commit()
    assert told == []
    host.commit()
    assert (people(crm), told) == (1, [party.id])


def test_a_commit_that_fails_tells_nobody(crm, host, told):
    """The foreign key is deferred, so that only COMMIT finds that it does not hold."""
    postgresql = crm.engine.dialect.name == "postgresql"
    host.execute(text("CREATE TABLE IF NOT EXISTS host_parent (id INTEGER PRIMARY KEY)"))
    host.execute(
        text(
            "CREATE TABLE IF NOT EXISTS host_child (parent INTEGER REFERENCES host_parent (id)"
            " DEFERRABLE INITIALLY DEFERRED)"
        )
    )
    host.commit()
    host.execute(text("INSERT INTO host_child VALUES (7)"))
    with crm.join(host, "sam") as uow:
        add(uow)
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        host.commit()
    host.rollback()
    assert (people(crm), told) == (0, [])
    if postgresql:
        host.execute(text("DROP TABLE host_child"))
        host.commit()


def test_autocommit_is_refused_with_the_way_out(crm, rows):
    before = rows()
    with (
        crm.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(errors.JoinError, match="AUTOCOMMIT"),
        crm.join(connection, "sam") as uow,
    ):
        add(uow)
    assert rows() == before


def test_what_is_no_connection_is_refused(crm):
    with pytest.raises(errors.JoinError), crm.join(object(), "sam"):
        pass
