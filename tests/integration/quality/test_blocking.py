"""Rules that block: at the end of a unit, by the final images, on every path, and nothing is stored."""

from contextlib import suppress

import attrs
import pytest

from crmkit import Money, Organisation, Person, Ref, f
from crmkit.errors import RefusedError

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def blocking(add, reachable):
    return add(attrs.evolve(reachable, level="block"))[0]


@pytest.fixture
def refused(crm, rows):
    """Does something in a unit that must be refused; gives the refusals, and sees that nothing was stored."""

    def refused(do):
        before = rows()
        with pytest.raises(RefusedError) as caught, crm.begin("ada") as uow:
            do(uow)
        assert rows() == before
        return [(refusal.code, refusal.message) for refusal in caught.value.refusals]

    return refused


def test_a_record_that_breaks_a_blocking_rule_is_not_stored(blocking, refused):
    ida = Person(given_name="Ida")
    assert refused(lambda uow: uow.parties.add(ida)) == [("contactable", f"mend contactable (party {ida.id})")]


def test_a_record_may_break_it_until_the_unit_ends(crm, blocking):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
        uow.parties.update(attrs.evolve(ida, nickname="Idi"))
        uow.parties.add_email(ida.id, "ida@berg.example")


def test_a_part_that_goes_is_a_change_of_its_record(crm, blocking, refused):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"), phones=["+44 20 7946 0018"])
        (phone,) = uow.find(type(uow.parties.add_email(ida.id, "i@berg.example")), f.kind == "phone")
    with crm.begin("ada") as uow:
        uow.parties.remove_mechanism(phone.id)
        (email,) = uow.parties.view(ida.id).mechanisms
    assert len(refused(lambda uow: uow.parties.remove_mechanism(email.id))) == 1


def test_every_refusal_of_every_record_is_listed(add, rule, refused):
    add(rule("named", ~f.family_name.is_empty(), level="block"), rule("spoken", f.language == "nb", level="block"))

    def two(uow):
        uow.parties.add(Person(given_name="Ida"))
        uow.parties.add(Person(given_name="Bo", family_name="Dahl"))

    assert [key for key, _ in refused(two)] == ["named", "spoken", "spoken"]


def test_a_rule_is_asked_only_of_those_that_it_is_about(crm, add, rule, refused):
    add(rule("named", ~f.family_name.is_empty(), applies=f.kind == "person", level="block"))
    with crm.begin("ada") as uow:
        uow.parties.add(Organisation(name="Berg Ltd"))
    assert len(refused(lambda uow: uow.parties.add(Person(given_name="Ida")))) == 1


def test_records_that_broke_a_rule_before_are_left_alone_until_they_are_written(crm, rule, add, refused, tenant):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
        bo = uow.parties.add(Person(given_name="Bo"))
    add(rule("named", ~f.family_name.is_empty(), level="block"))
    with crm.begin("ada") as uow:
        uow.interactions.record(party=ida.id, channel="phone", direction="in", summary="asked")  # no change of hers
        (named,) = uow.quality.report("party")
        assert (named.rule.key, named.violations) == ("named", 2)
        assert {party.id for party in uow.quality.violations("party", "named")} == {ida.id, bo.id}
    assert len(refused(lambda uow: uow.parties.update(attrs.evolve(uow.get(Person, ida.id), nickname="Idi")))) == 1
    with crm.begin("ada") as uow:
        uow.parties.update(attrs.evolve(uow.get(Person, ida.id), family_name="Berg"))


def test_an_undo_that_would_bring_back_what_is_refused_is_refused(crm, rule, add, refused):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
    with crm.begin("ada") as uow:
        uow.parties.update(attrs.evolve(ida, family_name="Berg"))
        named = uow.id
    add(rule("named", ~f.family_name.is_empty(), level="block"))
    assert len(refused(lambda uow: uow.history.undo(named))) == 1
    assert len(refused(lambda uow: uow.history.restore(Ref("party", ida.id), 1))) == 1


def test_a_merge_is_held_to_the_rules_and_the_loser_is_not(crm, rule, add, refused):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
        twin = uow.parties.add(Person(given_name="Ida"))
    add(rule("named", ~f.family_name.is_empty(), level="block"))
    assert len(refused(lambda uow: uow.parties.merge(ida.id, twin.id, choose="winner"))) == 1
    with crm.begin("ada") as uow:
        uow.parties.merge(twin.id, ida.id)


def test_records_of_any_entity_are_held_to_rules(crm, add, rule, refused):
    add(rule("worth", f.amount >= Money(100, "EUR"), entity="deal", level="block"))
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
        uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", amount=Money(500, "EUR"))

    def open_small(uow):
        uow.pipelines.open(pipeline="sales", party=ida.id, title="Nail", amount=Money(1, "EUR"))

    assert [key for key, _ in refused(open_small)] == ["worth"]


def test_an_attempt_is_held_to_the_rules_when_it_ends(crm, blocking):
    with crm.begin("ada") as uow:
        kept = uow.parties.add(Person(given_name="Ida"))  # is made reachable later, and no attempt is to blame
        with suppress(RefusedError), uow.attempt():
            uow.parties.add(Person(given_name="Bo"))
        with uow.attempt():
            uow.parties.add(Person(given_name="Eva"), emails=["eva@berg.example"])
        uow.parties.add_email(kept.id, "ida@berg.example")
    with crm.begin("ada") as uow:
        assert {person.given_name for person in uow.each(Person)} == {"Ida", "Eva"}


def test_the_rest_of_a_unit_is_held_to_the_rules_after_an_attempt(blocking, refused):
    def after(uow):
        uow.parties.add(Person(given_name="Ida"))
        with uow.attempt():
            uow.parties.add(Person(given_name="Eva"), emails=["eva@berg.example"])

    assert len(refused(after)) == 1


def test_a_rule_that_is_switched_off_or_removed_refuses_nothing(crm, blocking):
    with crm.begin("ada") as uow:
        off = uow.quality.change_rule(attrs.evolve(blocking, active=False))
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"))
        uow.quality.change_rule(attrs.evolve(off, active=True))
        uow.parties.add_email(ida.id, "ida@berg.example")
    with crm.begin("ada") as uow:
        uow.quality.remove_rule(blocking.id)
        uow.parties.add(Person(given_name="Bo"))


def test_a_rule_that_comes_back_by_undo_refuses_again(crm, blocking, refused):
    with crm.begin("ada") as uow:
        uow.quality.remove_rule(blocking.id)
        removed = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(removed)
    assert len(refused(lambda uow: uow.parties.add(Person(given_name="Ida")))) == 1


def test_a_rule_refuses_in_the_unit_that_adds_it(crm, reachable, rows):
    before = rows()
    with pytest.raises(RefusedError), crm.begin("ada") as uow:
        uow.quality.add_rules([attrs.evolve(reachable, level="block")])
        uow.parties.add(Person(given_name="Ida"))
    assert rows() == before


def test_another_tenants_rules_do_not_matter(crm, blocking):
    crm.tenants.create("next-door-" + crm.config.crmkit.default_tenant)
    with crm.begin("ada", "next-door-" + crm.config.crmkit.default_tenant) as uow:
        uow.parties.add(Person(given_name="Ida"))


def test_custom_fields_are_fields_like_others(crm, add, rule, refused):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "number", label="Size")
    add(rule("sized", f.custom.size > 3, level="block"))
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida", custom={"size": 4}))
    assert len(refused(lambda uow: uow.parties.add(Person(given_name="Bo", custom={"size": 2})))) == 1
