"""A person is erased while somebody else works on them: whoever comes second is told, and nobody comes back."""

from __future__ import annotations

import pytest
from racing import meanwhile, together

from crmkit import Mechanism, Person, f
from crmkit.errors import ConflictError, NotFoundError, RefusedError
from crmkit.plugins.privacy import Erasure, Privacy

ROUNDS = 4

pytestmark = pytest.mark.usefixtures("verified")


def erase(party):
    return lambda uow: uow.use(Privacy).erase(party, reason="asked for it")


def codes(error):
    assert isinstance(error, RefusedError)
    return {refusal.code for refusal in error.refusals}


@pytest.fixture
def ida_is_empty(crm, ida):
    """Looks whether nothing has come to Ida after her erasure."""
    yield
    with crm.begin("ada", read_only=True) as uow:
        party = uow.get(Person, ida)
        assert (party.name, party.archived_at is not None, party.merged_into) == ("(erased)", True, None)
        assert uow.count(Mechanism, f.party_id == ida) == 0


@pytest.mark.usefixtures("ida_is_empty")
def test_an_address_that_was_being_added_keeps_the_person_out_too(crm, ida, ole, rows):
    assert meanwhile(crm, lambda uow: uow.parties.add_email(ida, "late@berg.example"), erase(ida)) is None
    kept = rows()
    with pytest.raises(RefusedError, match="person who was erased"), crm.begin("ada") as uow:
        uow.parties.add_email(ole, "late@berg.example")
    assert rows() == kept


@pytest.mark.usefixtures("ida_is_empty")
@pytest.mark.parametrize("what", ["email", "identifier"])
def test_nothing_is_added_by_which_the_person_would_be_back(crm, ida, what):
    add = {
        "email": lambda uow: uow.parties.add_email(ida, "late@berg.example"),
        "identifier": lambda uow: uow.parties.add_identifier(ida, "customer", "K-99"),
    }[what]
    assert codes(meanwhile(crm, erase(ida), add)) == {"erased"}


@pytest.mark.usefixtures("ida_is_empty")
@pytest.mark.parametrize("way", ["loser", "winner"])
def test_a_merge_that_waits_for_an_erasure_is_refused(crm, ida, ole, way):
    pair = (ida, ole) if way == "loser" else (ole, ida)
    assert codes(meanwhile(crm, erase(ida), lambda uow: uow.parties.merge(*pair))) == {"erased"}


@pytest.mark.usefixtures("ida_is_empty")
def test_whoever_was_being_merged_into_the_person_is_kept_out_with_them(crm, ida, ole, rows):
    assert meanwhile(crm, lambda uow: uow.parties.merge(ole, ida), erase(ida)) is None
    kept = rows()
    assert not any("ole@berg" in line for lines in kept.values() for line in lines)
    with pytest.raises(RefusedError, match="person who was erased"), crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ole"), emails=["ole@berg.example"])
    assert rows() == kept


def test_a_person_who_was_being_merged_into_another_is_left_to_who_erases_that_one(crm, ida, ole):
    assert isinstance(meanwhile(crm, lambda uow: uow.parties.merge(ida, ole), erase(ida)), ConflictError)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Person, ida).archived_at is None
        assert uow.count(Erasure) == 0


def test_an_erasure_that_a_hold_overtakes_is_refused(crm, ida):
    error = meanwhile(crm, lambda uow: uow.use(Privacy).hold_party(ida, reason="lawsuit 17"), erase(ida))
    assert codes(error) == {"held"}
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Person, ida).given_name == "Ida"


@pytest.mark.parametrize("way", ["loser", "winner"])
def test_at_the_same_moment_one_of_the_two_is_done_and_nobody_comes_back(crm, rows, way):
    for number in range(ROUNDS):
        name = f"zanari{number}"
        with crm.begin("ada") as uow:
            one = uow.parties.add(Person(given_name=name), emails=[f"{name}@a.example"]).id
            two = uow.parties.add(Person(given_name="Ola"), emails=[f"ola{number}@a.example"]).id
        pair = (one, two) if way == "loser" else (two, one)
        erased, merged, said = together(
            crm,
            erase(one),
            lambda uow, pair=pair: uow.parties.merge(*pair),
            lambda uow, one=one, number=number: uow.parties.add_email(one, f"late{number}@a.example"),
        )
        assert said is None or isinstance(said, RefusedError | NotFoundError)
        if erased is None:
            assert (merged is None and way == "winner") or codes(merged) == {"erased"}
        else:
            assert isinstance(erased, ConflictError)
            assert merged is None
        left = any(name in line for lines in rows().values() for line in lines)
        assert left == (erased is not None)
