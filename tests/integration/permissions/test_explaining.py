"""What an actor may do, and why."""

from __future__ import annotations

import pytest

from crmkit import Deal, new_id
from crmkit.errors import ForbiddenError, NotFoundError, UnknownActorError


def test_an_explanation_names_roles_scopes_and_the_verdict(crm, add, deal):
    opened = deal(add("Ida", team="sales"), owner="sam")
    with crm.begin("sam") as uow:
        explanation = uow.permissions.explain("deal.update", "deal", opened.id)
    assert explanation.allowed
    assert str(explanation).splitlines() == [
        f"sam, deal.update on deal {opened.id}: allowed",
        "  + role seller: permit deal.* in scope own (the owner is sam)",
    ]


def test_an_administrator_asks_about_others(crm, add, deal):
    opened = deal(add("Ida", owner="sam"), owner="sam")
    with crm.begin("ada") as uow:
        for actor, allowed in (("sam", True), ("sue", False), ("max", False), ("vic", True), ("nobody", False)):
            explanation = uow.permissions.explain("deal.read", "deal", opened.id, actor=actor)
            assert (explanation.actor, explanation.allowed) == (actor, allowed)
        assert "no rule speaks of it" in str(uow.permissions.explain("deal.read", actor="nobody"))
    for actor, allowed in (("sam", True), ("sue", False), ("max", False), ("vic", True)):
        with crm.begin(actor) as uow:
            assert bool(uow.count(Deal)) is allowed


def test_what_is_hidden_is_not_explained(crm, add):
    ida = add("Ida", owner="ned")
    with crm.begin("sam") as uow:
        for id_ in (ida.id, new_id()):
            with pytest.raises(NotFoundError) as caught:
                uow.permissions.explain("party.read", "party", id_)
            assert str(caught.value) == f"party {id_} was not found"


def test_one_does_not_ask_about_others_without_the_right(crm):
    with crm.begin("sam") as uow:
        assert uow.permissions.explain("deal.read", actor="sam").allowed
        with pytest.raises(ForbiddenError):
            uow.permissions.explain("deal.read", actor="max")
        with pytest.raises(ForbiddenError):
            uow.permissions.rights("max")
    with crm.begin("ada") as uow, pytest.raises(UnknownActorError):
        uow.permissions.explain("deal.read", actor="who")


def test_rights_are_listed_with_where_they_come_from(crm, add):
    ida = add("Ida")
    with crm.begin("ada") as uow:
        uow.permissions.share("party", ida.id, actor="max")
    with crm.begin("max") as uow:
        rights = uow.permissions.rights()
    assert (rights.actor, rights.teams, rights.subtree) == ("max", ("sales",), ("north", "sales"))
    assert ("role manager", "permit deal.* in scope subtree") in rights.rules
    assert rights.shared == (("party", "party.read"),)
    assert rights.lent == ()
