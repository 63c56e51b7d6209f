"""A person is erased while somebody else works on them: both come out as if one had waited for the other."""

from __future__ import annotations

import pytest
from attrs import evolve
from racing import meanwhile, together

from crmkit import Mechanism, Person, Ref, f
from crmkit.errors import ConflictError, NotFoundError, StaleVersionError

ROUNDS = 4

pytestmark = pytest.mark.usefixtures("verified")


def adding(word):
    """What others do with a person meanwhile, by name; each says the word."""
    return {
        "email": lambda uow, id_: uow.parties.add_email(id_, f"{word}@late.example"),
        "identifier": lambda uow, id_: uow.parties.add_identifier(id_, "ssn", f"{word}9"),
        "interaction": lambda uow, id_: uow.interactions.record(
            party=id_, channel="phone", direction="in", summary=f"{word} rings late"
        ),
        "deal": lambda uow, id_: uow.pipelines.open(pipeline="sales", party=id_, title=f"{word} door"),
        "comment": lambda uow, id_: uow.comments.add(Ref("party", id_), f"{word} is late"),
        "file": lambda uow, id_: uow.attachments.attach(Ref("party", id_), name=f"{word}.txt", content=b"late"),
    }


def erase(party):
    return lambda uow: uow.erasure.erase(Ref("party", party), "asked for it")


@pytest.fixture
def ida(crm, canary):
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name=canary), emails=[f"{canary}@a.example"]).id


@pytest.fixture
def other(crm, canary):
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name=f"{canary} again"), emails=[f"{canary}@b.example"]).id


@pytest.mark.parametrize("what", sorted(adding("")))
def test_what_was_being_added_when_the_erasure_began_is_erased_too(crm, ida, canary, found, what):
    add = adding(canary)[what]
    assert meanwhile(crm, lambda uow: add(uow, ida), erase(ida)) is None
    assert found() == []


@pytest.mark.parametrize("what", sorted(adding("")))
def test_what_is_added_during_an_erasure_comes_after_it(crm, ida, found, what):
    """It stands on an empty party, as it would if it had been added a minute later."""
    add = adding("somebody")[what]
    assert meanwhile(crm, erase(ida), lambda uow: add(uow, ida)) is None
    assert found() == []
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Person, ida).name == "(erased)"
        assert [one.raw for one in uow.each(Mechanism, f.party_id == ida)] == ["somebody@late.example"] * (
            what == "email"
        )


def test_a_change_of_the_person_during_the_erasure_is_stale(crm, ida, found, canary):
    with crm.begin("ada") as uow:
        known = uow.get(Person, ida)

    def rename(uow):
        uow.parties.update(evolve(known, family_name=canary))

    assert isinstance(meanwhile(crm, erase(ida), rename), StaleVersionError)
    assert found() == []


def test_whoever_was_being_merged_into_the_person_is_erased_with_them(crm, ida, other, found):
    assert meanwhile(crm, lambda uow: uow.parties.merge(other, ida), erase(ida)) is None
    assert found() == []


def test_a_person_who_was_being_merged_into_another_is_not_erased_by_half(crm, ida, other, canary):
    error = meanwhile(crm, lambda uow: uow.parties.merge(ida, other), erase(ida))
    assert isinstance(error, ConflictError)
    assert str(other) in str(error)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Person, ida).given_name == canary
        assert uow.count(Mechanism, f.party_id == other) == 2


@pytest.mark.parametrize("way", ["loser", "winner"])
def test_merges_and_erasures_at_the_same_moment_leave_nothing_dangling(crm, rows, canary, way):
    """Whichever is first; what is left of a name is that of somebody whom nobody has erased."""
    for number in range(ROUNDS):
        word = f"{canary}r{number}"
        with crm.begin("ada") as uow:
            one = uow.parties.add(Person(given_name=word), emails=[f"{word}@a.example"]).id
            two = uow.parties.add(Person(given_name="Ole"), emails=["ole@a.example"]).id
        loser, winner = (one, two) if way == "loser" else (two, one)
        merged, erased, said = together(
            crm,
            lambda uow, loser=loser, winner=winner: uow.parties.merge(loser, winner),
            erase(one),
            lambda uow, one=one: uow.parties.add_email(one, "late@a.example"),
        )
        assert merged is None
        assert erased is None or (way == "loser" and isinstance(erased, ConflictError))
        assert said is None or isinstance(said, NotFoundError)
        with crm.begin("ada", read_only=True) as uow:
            assert [uow.get(Person, id_).merged_into for id_ in (loser, winner)] == [winner, None]
            assert not uow.count(Mechanism, f.party_id == loser)
        left = any(word in line for lines in rows().values() for line in lines)
        assert left == (erased is not None)
