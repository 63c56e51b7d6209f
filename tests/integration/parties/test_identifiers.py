"""What a party is called elsewhere; of an exclusive identifier there is one in a tenant."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from crmkit import Person
from crmkit.core.parties.identifiers.events import IdentifierAdded, IdentifierRemoved
from crmkit.errors import AlreadyExistsError, InvalidKeyError, InvalidValueError, NotFoundError

pytestmark = pytest.mark.usefixtures("verified")


def test_a_party_is_found_by_its_identifier(crm, ida, told):
    with crm.begin("ada") as uow:
        added = uow.parties.add_identifier(ida.id, "customer_number", " K-1 ", exclusive=True)
        assert [p.id for p in uow.parties.by_identifier("customer_number", "K-1")] == [ida.id]
        assert uow.parties.by_identifier("customer_number", "k-1") == ()
        assert uow.parties.by_identifier("vat", "K-1") == ()
    assert [(type(e), e.scheme, e.identifier) for e in told] == [(IdentifierAdded, "customer_number", added.id)]


def test_an_exclusive_identifier_that_is_taken_is_refused_without_a_hint_who_has_it(crm, refused, ida, hidden):
    with crm.begin("ada") as uow:
        uow.parties.add_identifier(hidden.id, "vat", "NO 1", exclusive=True)
    error = refused(
        AlreadyExistsError, lambda uow: uow.parties.add_identifier(ida.id, "vat", "NO 1", exclusive=True), actor="sam"
    )
    assert "Secret" not in str(error)
    assert str(hidden.id) not in str(vars(error))


def test_an_identifier_that_is_not_exclusive_may_be_shared(crm, ida, firm):
    with crm.begin("ada") as uow:
        for party in (ida, firm):
            uow.parties.add_identifier(party.id, "shop.id", "7")
        assert {p.id for p in uow.parties.by_identifier("shop.id", "7")} == {ida.id, firm.id}


def test_the_same_value_in_another_scheme_is_another_identifier(crm, ida, firm):
    with crm.begin("ada") as uow:
        uow.parties.add_identifier(ida.id, "vat", "1", exclusive=True)
        uow.parties.add_identifier(firm.id, "customer_number", "1", exclusive=True)


def test_a_party_has_each_identifier_once(crm, refused, ida):
    with crm.begin("ada") as uow:
        uow.parties.add_identifier(ida.id, "shop.id", "7")
    refused(AlreadyExistsError, lambda uow: uow.parties.add_identifier(ida.id, "shop.id", "7"))


def test_a_removed_identifier_is_free_again(crm, ida, firm, told):
    with crm.begin("ada") as uow:
        added = uow.parties.add_identifier(ida.id, "vat", "1", exclusive=True)
    with crm.begin("ada") as uow:
        uow.parties.remove_identifier(added.id)
        uow.parties.add_identifier(firm.id, "vat", "1", exclusive=True)
        assert [p.id for p in uow.parties.by_identifier("vat", "1")] == [firm.id]
    assert [type(e) for e in told] == [IdentifierAdded, IdentifierRemoved, IdentifierAdded]


def test_the_tenant_next_door_may_have_the_same(crm, ida):
    with crm.begin("ada", "canary-tenant") as uow:
        other = uow.parties.add(Person(given_name="Other"))
        uow.parties.add_identifier(other.id, "vat", str(ida.id), exclusive=True)
    with crm.begin("ada") as uow:
        uow.parties.add_identifier(ida.id, "vat", str(ida.id), exclusive=True)


def test_of_many_who_want_the_same_identifier_at_once_one_gets_it(crm):
    with crm.begin("ada") as uow:
        people = uow.parties.add_many([Person(given_name=f"P{i}") for i in range(8)])

    def want(person):
        try:
            crm.run(lambda uow: uow.parties.add_identifier(person.id, "vat", "1", exclusive=True), "ada", retries=9)
        except AlreadyExistsError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(want, people)) == 1
    with crm.begin("ada") as uow:
        assert len(uow.parties.by_identifier("vat", "1")) == 1


def test_an_impossible_identifier_is_refused(refused, ida):
    refused(InvalidKeyError, lambda uow: uow.parties.add_identifier(ida.id, "VAT id", "1"))
    refused(InvalidValueError, lambda uow: uow.parties.add_identifier(ida.id, "vat", "  "))


def test_a_hidden_partys_identifiers_are_hidden(crm, refused, hidden):
    with crm.begin("ada") as uow:
        added = uow.parties.add_identifier(hidden.id, "vat", "1")
    refused(NotFoundError, lambda uow: uow.parties.remove_identifier(added.id), actor="sam")
    with crm.begin("sam") as uow:
        assert uow.parties.by_identifier("vat", "1") == ()
