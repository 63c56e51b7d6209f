"""Roles as data: what they permit holds from the next unit on."""

from __future__ import annotations

import pytest

from crmkit import Deal, Person, f
from crmkit.core.kernel.access.rule import Rule
from crmkit.core.permissions.events import RoleChanged, RoleDefined, RoleRemoved
from crmkit.core.permissions.roles.model import Role, RoleRule
from crmkit.errors import (
    AlreadyExistsError,
    FieldForbiddenError,
    ForbiddenError,
    InvalidKeyError,
    InvalidValueError,
    NotFoundError,
    UnknownFieldError,
    UnknownRoleError,
    UnknownTeamError,
)
from crmkit.values.criteria import Variable


def permit(permission, **more):
    return Rule(effect="permit", permission=permission, **more)


def forbid(permission, **more):
    return Rule(effect="forbid", permission=permission, **more)


def test_a_new_tenant_has_roles_to_begin_with(crm):
    with crm.begin("ada") as uow:
        assert sorted(r.key for r in uow.find(Role)) == ["administrator", "manager", "seller", "steward", "viewer"]


def test_seeding_again_changes_nothing(crm, rows, tenant):
    before = rows()
    crm.tenants.seed(tenant)
    assert {t: r for t, r in rows().items() if t != "crm_unit"} == {t: r for t, r in before.items() if t != "crm_unit"}


def test_what_a_role_permits_holds_from_the_next_unit_on(crm, actors, add, recorded_events):
    add("Ida", team="sales")
    actors.add("lea", roles=["clerk"])
    with crm.begin("lea") as uow:
        assert not uow.find(Person)
    with crm.begin("ada") as uow:
        role = uow.permissions.define_role("clerk", [permit("party.read")], description="looks things up")
    assert (role.key, role.label, role.description) == ("clerk", "Clerk", "looks things up")
    with crm.begin("lea") as uow:
        (ida,) = uow.find(Person)
        with pytest.raises(ForbiddenError), uow.attempt():
            uow.parties.archive(ida.id)
    assert recorded_events.of(RoleDefined) == [RoleDefined(role="clerk")]


def test_a_changed_role_keeps_the_rules_that_do_not_differ(crm, recorded_events):
    keep, drop, come = permit("party.read", scope="own"), permit("deal.read"), forbid("deal.*", where=f.stage == "won")
    with crm.begin("ada") as uow:
        uow.permissions.define_role("clerk", [keep, drop, keep])
        before = {r.rule: r for r in uow.find(RoleRule, f.role.key == "clerk")}
    assert list(before) in ([keep, drop], [drop, keep])
    with crm.begin("ada") as uow:
        role = uow.permissions.change_role("clerk", rules=[come, keep], label="Assistant")
        after = {r.rule: r for r in uow.find(RoleRule, f.role.key == "clerk")}
    assert after.keys() == {keep, come}
    assert after[keep] == before[keep]
    assert role.label == "Assistant"
    assert recorded_events.of(RoleChanged) == [RoleChanged(role="clerk")]


def test_a_removed_role_gives_nothing(crm, actors, add, seen, recorded_events):
    add("Ida", team="sales")
    assert seen("sam") == ["Ida"]
    with crm.begin("ada") as uow:
        uow.permissions.remove_role("seller")
    assert seen("sam") == []
    assert recorded_events.of(RoleRemoved) == [RoleRemoved(role="seller")]


def test_an_unknown_role_gives_nothing(actors, add, seen):
    add("Ida")
    actors.add("eve", roles=["emperor"])
    assert seen("eve") == []


def test_a_condition_and_hidden_fields_are_kept_as_they_were_written(crm, actors, add, deal):
    actors.add("lea", roles=["clerk"])
    opened = deal(add("Ida"), owner="sam")
    with crm.begin("ada") as uow:
        rules = [
            permit("party.read"),
            permit("deal.read", where=(f.owner_id != Variable("actor")) & f.amount.is_empty()),
            forbid("deal.read", fields=("title", "class:financial")),
        ]
        uow.permissions.define_role("clerk", rules)
    with crm.begin("lea") as uow:
        (found,) = uow.find(Deal)
        assert (found.id, found.title) == (opened.id, None)
        with pytest.raises(FieldForbiddenError):
            uow.find(Deal, f.title == "for sam")
        with pytest.raises(FieldForbiddenError):
            uow.find(Deal, order="title")
        with pytest.raises(FieldForbiddenError):
            uow.tally(Deal, by=("title",))


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (permit("deal.raed"), InvalidValueError),
        (permit("nothing.*"), InvalidValueError),
        (permit("deal.read", where=f.stgae == "won"), UnknownFieldError),
        (permit("rights.explain", where=f.stage == "won"), InvalidValueError),
        (forbid("deal.read", fields=("titel",)), UnknownFieldError),
    ],
)
def test_a_rule_that_could_never_apply_is_refused(refused, rule, error):
    refused(error, "ada", lambda uow: uow.permissions.define_role("clerk", [permit("party.read"), rule]))
    refused(error, "ada", lambda uow: uow.permissions.change_role("viewer", rules=[rule]))


def test_the_nearest_permission_is_named(refused):
    error = refused(InvalidValueError, "ada", lambda uow: uow.permissions.define_role("clerk", [permit("party.raed")]))
    assert "party.read" in str(error)


def test_a_role_is_refused_if_its_key_is_taken_unknown_or_none(refused):
    refused(AlreadyExistsError, "ada", lambda uow: uow.permissions.define_role("viewer", []))
    refused(InvalidKeyError, "ada", lambda uow: uow.permissions.define_role("Big Boss", []))
    error = refused(UnknownRoleError, "ada", lambda uow: uow.permissions.change_role("emperor", label="x"))
    assert error.known == ("administrator", "manager", "seller", "steward", "viewer")
    refused(UnknownRoleError, "ada", lambda uow: uow.permissions.remove_role("emperor"))


@pytest.mark.parametrize("actor", ["sam", "max", "vic", "nobody"])
def test_only_who_may_changes_roles_and_teams(refused, actor):
    refused(ForbiddenError, actor, lambda uow: uow.permissions.define_role("king", [permit("*")]))
    refused(ForbiddenError, actor, lambda uow: uow.permissions.change_role("seller", rules=[permit("*")]))
    refused(ForbiddenError, actor, lambda uow: uow.permissions.remove_role("seller"))
    refused(ForbiddenError, actor, lambda uow: uow.permissions.add_team("west"))
    refused(ForbiddenError, actor, lambda uow: uow.permissions.move_team("north", parent=None))
    refused(ForbiddenError, actor, lambda uow: uow.permissions.assign(actor, role="administrator"))


# -- who has which role, in the database ------------------------------------------------------------------------------


@pytest.fixture
def kept(crm_with, actors):
    """A CRM that keeps memberships itself; the directory's roles and teams count for nothing there."""
    actors.add("lea")
    crm = crm_with()
    with crm.begin("ada") as uow:
        uow.permissions.assign("ada", role="administrator")
    return crm_with(config={"access": {"membership": "database"}})


def test_memberships_are_asked_where_they_are_kept_in_the_database(kept):
    with kept.begin("sam") as uow:
        assert uow.permissions._work.rights.rules == ()
    with kept.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", team_id="sales"))
        uow.permissions.assign("lea", role="seller")
        uow.permissions.assign("lea", team="sales")
    with kept.begin("lea") as uow:
        assert [p.id for p in uow.find(Person)] == [ida.id]
    with kept.begin("ada") as uow:
        uow.permissions.unassign("lea", team="sales")
    with kept.begin("lea") as uow:
        assert not uow.find(Person)
    with kept.begin("ada") as uow:
        uow.permissions.remove_role("seller")
        assert uow.count(Role, f.key == "seller") == 0
    with kept.begin("lea") as uow:
        assert not uow.permissions._work.rights.rules


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"role": "emperor"}, UnknownRoleError),
        ({"team": "west"}, UnknownTeamError),
        ({"role": "viewer", "team": "sales"}, InvalidValueError),
        ({}, InvalidValueError),
    ],
)
def test_a_membership_that_makes_no_sense_is_refused(refused, wrong, error):
    refused(error, "ada", lambda uow: uow.permissions.assign("lea", **wrong))


def test_a_membership_is_there_once_and_can_be_ended_once(crm, refused):
    with crm.begin("ada") as uow:
        uow.permissions.assign("lea", role="viewer")
    refused(AlreadyExistsError, "ada", lambda uow: uow.permissions.assign("lea", role="viewer"))
    refused(NotFoundError, "ada", lambda uow: uow.permissions.unassign("lea", role="seller"))
