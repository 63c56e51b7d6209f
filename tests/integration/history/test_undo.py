"""Undo of a unit of work: all or nothing, values and never versions, with everybody's rights."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from sqlalchemy import column, select, table

from crmkit import CRM, Deal, Key, Mechanism, Money, Organisation, Party, Person, Ref, Rule, new_id
from crmkit.errors import (
    FieldForbiddenError,
    ForbiddenError,
    NotFoundError,
    ReadOnlyUnitError,
    RefusedError,
    UndoRefusedError,
)
from crmkit.testing.factories import a_deal, a_person, an_interaction, an_organisation

pytestmark = pytest.mark.usefixtures("verified")


def unit_of(crm, work, actor="ada", **more):
    """Do it in a unit of work; the unit's id."""
    with crm.begin(actor, **more) as uow:
        work(uow)
    return uow.id


@pytest.fixture
def ida(crm: CRM) -> Person:
    with crm.begin("ada") as uow:
        return a_person(uow, team_id="sales", emails=["ida@berg.example"])


@pytest.fixture
def card(with_cards, toy, ida):
    with with_cards.begin("ada") as uow:
        return uow.use(toy.Cards).put(
            toy.Card(party_id=ida.id, number=7, points=3, price=Money(5, "EUR")), lines=("a", "b")
        )


@pytest.fixture
def refused(rows):
    """A function: the error of an undo that is refused and changes nothing."""

    def check(crm, error, unit, actor="ada", **more):
        before = rows()
        with pytest.raises(error) as caught, crm.begin(actor) as uow:
            uow.history.undo(unit, **more)
        assert rows() == before
        return caught.value

    return check


def why(error):
    return [(c.entity, c.field, c.reason, c.blocked_by) for c in error.conflicts]


# -- what is undone ---------------------------------------------------------------------------------------------------


def test_an_update_is_undone_whatever_else_has_been_changed_since(crm, ida, stored):
    first = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), family_name="Lund")))
    unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), language="nb")))
    with crm.begin("ada") as uow:
        done = uow.history.undo(first)
    with crm.begin("ada") as uow:
        found = uow.parties.get(ida.id)
    assert (found.name, found.sort_name, found.language, found.version) == ("Ida Berg", "berg ida", "nb", 4)
    assert [change.diff["family_name"] for change in done.changes] == [("Lund", "Berg")]


def test_what_is_derived_is_derived_anew_and_is_no_conflict(crm, ida):
    """The name is made of names of which another unit has changed one."""
    first = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), given_name="Eva")))
    unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), family_name="Lund")))
    unit_of(crm, lambda uow: uow.history.undo(first))
    with crm.begin("ada") as uow:
        assert (uow.parties.get(ida.id).name, uow.parties.get(ida.id).sort_name) == ("Ida Lund", "lund ida")


def test_a_deletion_is_undone_with_all_that_went_with_it(with_cards, card, ida, stored):
    with with_cards.begin("ada") as uow:
        uow.permissions.share("party", ida.id, actor="ned")
    before = stored()
    unit = unit_of(with_cards, lambda uow: uow.parties.remove(ida.id))
    assert len(stored()) < len(before) - 4
    unit_of(with_cards, lambda uow: uow.history.undo(unit))
    assert stored() == before
    with with_cards.begin("ada") as uow:
        assert uow.parties.get(ida.id).version == 3  # it goes on where the deletion was


def test_undo_of_an_undo_is_redo(with_cards, card, ida, stored, tenant):
    before = stored()
    unit = unit_of(with_cards, lambda uow: uow.parties.remove(ida.id))
    gone = stored()
    for _ in range(2):
        unit = unit_of(with_cards, lambda uow, unit=unit: uow.history.undo(unit))
        assert stored() == before
        unit = unit_of(with_cards, lambda uow, unit=unit: uow.history.undo(unit))
        assert stored() == gone
    assert list(with_cards.verify(tenant=tenant)) == []


def test_numbers_that_were_swapped_are_swapped_back(with_cards, toy, card, ida, stored):
    with with_cards.begin("ada") as uow:
        other = uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=8))
    before = stored()
    unit = unit_of(with_cards, lambda uow: uow.use(toy.Cards).swap(card.id, other.id))
    assert stored() != before
    unit_of(with_cards, lambda uow: uow.history.undo(unit))
    assert stored() == before


def test_a_number_that_was_only_parked_and_that_another_has_taken_since_is_in_the_way(
    with_cards, toy, card, ida, refused
):
    """No step of an undo may break a unique key, not even one that the next step would mend."""

    def renumber(uow):
        cards = uow.use(toy.Cards)
        parked = cards.change(evolve(uow.get(toy.Card, card.id), number=50))
        cards.change(evolve(parked, number=60))

    unit = unit_of(with_cards, renumber)
    taken = unit_of(with_cards, lambda uow: uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=50)))
    error = refused(with_cards, UndoRefusedError, unit)
    assert why(error) == [("toycards.card", "number", "taken", taken)]


def test_a_moved_deal_is_moved_back_with_its_stays(crm, ida, stored):
    with crm.begin("ada") as uow:
        deal = a_deal(uow, ida.id)
    before = stored()
    unit = unit_of(crm, lambda uow: uow.pipelines.move(deal.id, to="qualified"))
    unit_of(crm, lambda uow: uow.history.undo(unit))
    assert stored() == before


def test_what_a_unit_changed_and_changed_back_is_none_of_its_doing(crm, ida):
    def there_and_back(uow):
        changed = uow.parties.update(evolve(uow.parties.get(ida.id), nickname="Ib", language="nb"))
        uow.parties.update(evolve(changed, nickname=None))

    unit = unit_of(crm, there_and_back)
    unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), nickname="Idus")))
    unit_of(crm, lambda uow: uow.history.undo(unit))
    with crm.begin("ada") as uow:
        assert (uow.parties.get(ida.id).nickname, uow.parties.get(ida.id).language) == ("Idus", None)


def test_custom_fields_are_undone_key_by_key(with_cards, toy, card):
    with with_cards.begin("ada") as uow:
        for key, kind in (("size", "number"), ("note", "text"), ("other", "text")):
            uow.custom_fields.define("toycards.card", key, kind)

    def with_custom(**custom):
        def work(uow):
            found = uow.get(toy.Card, card.id)
            uow.use(toy.Cards).change(evolve(found, custom={**found.custom, **custom}))

        return work

    unit = unit_of(with_cards, with_custom(size=1, note="a"))
    unit_of(with_cards, with_custom(other="b"))
    unit_of(with_cards, lambda uow: uow.history.undo(unit))
    with with_cards.begin("ada") as uow:
        assert dict(uow.get(toy.Card, card.id).custom) == {"other": "b"}


# -- what is in the way -----------------------------------------------------------------------------------------------


def test_each_conflict_is_listed_with_who_is_in_the_way(crm, ida, refused):
    first = unit_of(
        crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), family_name="Lund", language="nb"))
    )
    second = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), family_name="Dahl")))
    error = refused(crm, UndoRefusedError, first)
    assert why(error) == [("party", "family_name", "changed", second)]
    assert f"party {ida.id}, family_name, has been changed since (by unit {second})" in str(error)


def test_amount_and_currency_go_together(crm, ida, refused):
    with crm.begin("ada") as uow:
        deal = a_deal(uow, ida.id, amount=Money(100, "EUR"))

    def price(amount):
        return lambda uow: uow.pipelines.update(evolve(uow.get(Deal, deal.id), amount=amount))

    first = unit_of(crm, price(Money(200, "EUR")))
    second = unit_of(crm, price(Money(200, "NOK")))
    assert why(refused(crm, UndoRefusedError, first)) == [("deal", "amount", "changed", second)]


def test_a_record_into_which_somebody_has_put_something_does_not_go(crm, refused):
    with crm.begin("ada") as uow:
        firm = an_organisation(uow)
    changed = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(firm.id), language="nb")))
    assert why(refused(crm, UndoRefusedError, uow.id)) == [("party", "language", "changed", changed)]


def test_a_record_to_which_something_refers_since_does_not_go(crm, refused):
    with crm.begin("ada") as uow:
        firm = an_organisation(uow)
    added = uow.id
    mail = unit_of(crm, lambda uow: uow.parties.add_email(firm.id, "post@berg.example"))
    call = unit_of(crm, lambda uow: an_interaction(uow, firm.id))
    shared = unit_of(crm, lambda uow: uow.permissions.share("party", firm.id, actor="ned"))
    error = refused(crm, UndoRefusedError, added)
    assert {by for _, _, _, by in why(error)} == {mail, call, shared}
    assert {reason for _, _, reason, _ in why(error)} == {"in_use"}


def test_what_has_been_deleted_since_is_named(crm, ida, refused):
    changed = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), language="nb")))
    gone = unit_of(crm, lambda uow: uow.parties.remove(ida.id))
    assert why(refused(crm, UndoRefusedError, changed)) == [("party", None, "gone", gone)]


def test_a_unit_that_was_undone_cannot_be_undone_again(crm, ida, refused):
    unit = unit_of(crm, lambda uow: uow.parties.remove(ida.id))
    undone = unit_of(crm, lambda uow: uow.history.undo(unit))
    error = refused(crm, UndoRefusedError, unit)
    assert {(reason, by) for _, _, reason, by in why(error)} == {("exists", undone)}


def test_a_reference_to_what_has_gone_since_is_not_brought_back(crm, refused):
    with crm.begin("ada") as uow:
        first, second = an_organisation(uow, name="One"), an_organisation(uow, name="Two")
        link = uow.parties.relate(first.id, "partner_of", second.id)
    ended = unit_of(crm, lambda uow: uow.parties.remove_relationship(link.id))
    gone = unit_of(crm, lambda uow: uow.parties.remove(second.id))
    assert why(refused(crm, UndoRefusedError, ended)) == [("relationship", "other_id", "target_gone", gone)]


def test_a_unique_value_that_another_has_now_is_not_brought_back(crm, refused):
    with crm.begin("ada") as uow:
        first, second = an_organisation(uow, name="One"), an_organisation(uow, name="Two")
        number = uow.parties.add_identifier(first.id, "tax", "1", exclusive=True)
    removed = unit_of(crm, lambda uow: uow.parties.remove_identifier(number.id))
    taken = unit_of(crm, lambda uow: uow.parties.add_identifier(second.id, "tax", "1", exclusive=True))
    error = refused(crm, UndoRefusedError, removed)
    assert why(error) == [("identifier", "scheme, exclusive_value", "taken", taken)]


def test_what_the_model_would_no_longer_accept_is_not_brought_back(with_cards, toy, card, refused, monkeypatch):
    unit = unit_of(with_cards, lambda uow: uow.use(toy.Cards).drop(card.id))

    def too_few(self):
        message = "too few points for this year"
        raise ValueError(message)

    monkeypatch.setattr(toy.Card, "__attrs_post_init__", too_few)
    error = refused(with_cards, UndoRefusedError, unit)
    assert ("toycards.card", None, "invalid", None) in why(error)


def test_what_cannot_be_undone_is_refused_whatever_else_the_unit_did(with_cards, toy, card, refused):
    def post(uow):
        uow.use(toy.Cards).post(card.id)
        uow.parties.update(evolve(uow.parties.get(card.party_id), language="nb"))

    unit = unit_of(with_cards, post)
    for partial in (False, True):
        assert why(refused(with_cards, UndoRefusedError, unit, partial=partial)) == [
            ("unit", None, "irreversible", None)
        ]


# -- partial ----------------------------------------------------------------------------------------------------------


def test_partial_undoes_the_rest_field_by_field(crm, ida):
    first = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), nickname="Ib", language="nb")))
    second = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), nickname="Idus")))
    with crm.begin("ada") as uow:
        done = uow.history.undo(first, partial=True)
    assert [(c.field, c.blocked_by) for c in done.conflicts] == [("nickname", second)]
    with crm.begin("ada") as uow:
        assert (uow.parties.get(ida.id).nickname, uow.parties.get(ida.id).language) == ("Idus", None)


def test_partial_leaves_what_would_hang_in_the_air(with_cards, toy, ida, tenant):
    """The card stays since it was changed; so its lines may go, but the party that it is of must stay."""

    def add(uow):
        party = uow.parties.add(Organisation(name="Berg Tak"))
        made = uow.use(toy.Cards).put(toy.Card(party_id=party.id, number=9), lines=("a",))
        ids.extend((party.id, made.id))

    ids: list = []
    first = unit_of(with_cards, add)
    unit_of(with_cards, lambda uow: uow.use(toy.Cards).change(evolve(uow.get(toy.Card, ids[1]), points=4)))
    with with_cards.begin("ada") as uow:
        done = uow.history.undo(first, partial=True)
    assert {(c.entity, c.reason) for c in done.conflicts} == {("toycards.card", "changed"), ("party", "in_use")}
    with with_cards.begin("ada") as uow:
        assert uow.get(toy.Card, ids[1]).party_id == uow.get(Party, ids[0]).id
        assert list(uow.each(toy.Line)) == []
    assert list(with_cards.verify(tenant=tenant)) == []


def test_a_unit_that_was_partly_undone_is_refused_and_the_rest_can_follow(crm, ida, refused, rows):
    first = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), nickname="Ib", language="nb")))
    second = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), nickname="Idus")))
    partly = unit_of(crm, lambda uow: uow.history.undo(first, partial=True))
    error = refused(crm, UndoRefusedError, first)
    assert set(why(error)) == {
        ("party", "nickname", "changed", second),
        ("party", "language", "changed", partly),
    }
    before = rows()
    with crm.begin("ada") as uow:
        assert uow.history.undo(first, partial=True).changes == ()
    assert {t: r for t, r in rows().items() if t != "crm_unit"} == {t: r for t, r in before.items() if t != "crm_unit"}
    unit_of(crm, lambda uow: uow.history.undo(second))
    assert why(refused(crm, UndoRefusedError, first)) == [("party", "language", "changed", partly)]
    unit_of(crm, lambda uow: uow.history.undo(partly))
    unit_of(crm, lambda uow: uow.history.undo(first))
    with crm.begin("ada") as uow:
        assert (uow.parties.get(ida.id).nickname, uow.parties.get(ida.id).language) == (None, None)


# -- the plan ---------------------------------------------------------------------------------------------------------


def test_a_plan_says_exactly_what_undoing_will_do_and_writes_nothing(with_cards, card, ida, rows):
    unit = unit_of(with_cards, lambda uow: uow.parties.remove(ida.id))
    before = rows()
    with with_cards.begin("ada", read_only=True) as uow:
        plan = uow.history.plan([unit])
    assert rows() == before
    with with_cards.begin("ada") as uow:
        again = uow.history.plan([unit])
        done = uow.history.undo(unit)
        written = uow.id
    with with_cards.begin("ada") as uow:
        changes = uow.history.unit(written).changes
    assert plan == again == evolve(done, applied=False)
    assert [(c.entity, c.id, c.op) for c in plan.changes] == [(c.entity, c.id, c.op) for c in changes]
    told = [{name: after for name, (_, after) in c.diff.items() if name != "created_at"} for c in plan.changes]
    logged = [{name: after for name, (_, after) in c.diff.items() if name != "created_at"} for c in changes]
    assert told == logged


def test_a_unit_that_only_reads_cannot_undo(crm, ida):
    unit = unit_of(crm, lambda uow: uow.parties.remove(ida.id))
    with pytest.raises(ReadOnlyUnitError), crm.begin("ada", read_only=True) as uow:
        uow.history.undo(unit)


# -- who may ----------------------------------------------------------------------------------------------------------


def test_one_may_undo_what_one_did_oneself_and_others_need_a_right(crm, ida, refused):
    unit = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), language="nb")), "sam")
    assert refused(crm, ForbiddenError, unit, "sue").permission == "history.undo"
    with crm.begin("ada") as uow:
        uow.permissions.define_role("undoer", [Rule(effect="permit", permission="history.undo")])
    unit_of(crm, lambda uow: uow.history.undo(unit), "sam")


def test_a_unit_of_which_something_is_hidden_is_not_found(crm, ida, refused):
    unit = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), language="nb")), "sam")
    unit_of(crm, lambda uow: uow.parties.assign(ida.id, owner="ada", team=None))
    found = refused(crm, NotFoundError, unit, "sam")
    unknown = refused(crm, NotFoundError, new_id(), "sam")
    assert str(found).replace(str(found.id), "") == str(unknown).replace(str(unknown.id), "")
    with pytest.raises(NotFoundError), crm.begin("sam") as uow:
        uow.history.plan([unit])
    with pytest.raises(NotFoundError), crm.begin("sam") as uow:
        uow.history.unit(unit)


def test_the_unit_of_another_tenant_is_not_found(crm, ida, refused):
    crm.tenants.create(f"{crm.config.crmkit.default_tenant}-x")
    with crm.begin("ada", f"{crm.config.crmkit.default_tenant}-x") as uow:
        a_person(uow)
    refused(crm, NotFoundError, uow.id)


def test_undo_needs_the_rights_to_do_it_by_hand(crm, ida, refused):
    """Sam may add deals of the team's parties, and may not hand the party over to where he sees it no more."""
    with crm.begin("ada") as uow:
        uow.permissions.define_role(
            "adder", [Rule(effect="permit", permission=f"party.{v}") for v in ("read", "create")]
        )
    crm.runtime.directory.add("eve", roles=["adder"])
    with crm.begin("eve") as uow:
        a_person(uow)
    assert refused(crm, ForbiddenError, uow.id, "eve").permission == "party.delete"


def test_undo_needs_the_right_to_each_field_and_shows_none_that_is_hidden(with_cards, toy, ida, refused):
    with with_cards.begin("ada") as uow:
        uow.permissions.define_role(
            "keeper",
            [
                Rule(effect="permit", permission="party.*"),
                Rule(effect="permit", permission="toycards.card.*"),
                Rule(effect="permit", permission="history.undo"),
                Rule(effect="forbid", permission="toycards.card.read", fields=("secret",)),
                Rule(effect="forbid", permission="toycards.card.update", fields=("price",)),
            ],
        )
        made = uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=7, secret="canary"))
    with_cards.runtime.directory.add("kim", roles=["keeper"])

    def change(**values):
        return unit_of(with_cards, lambda uow: uow.use(toy.Cards).change(evolve(uow.get(toy.Card, made.id), **values)))

    priced = change(price=Money(9, "EUR"), points=1)
    told = change(secret="other canary", points=2)
    assert refused(with_cards, FieldForbiddenError, priced, "kim", partial=True).field == "price"
    with with_cards.begin("kim") as uow:
        assert "canary" not in repr(uow.history.plan([told]))
        assert "canary" not in repr(uow.history.unit(told))
        assert "canary" not in repr(uow.history.at(Ref("toycards.card", made.id), 3))
        assert "canary" not in repr(uow.history.diff(Ref("toycards.card", made.id), 1, 3))


def test_a_share_that_is_undone_gives_no_right_any_more(crm, ida):
    with crm.begin("ada") as uow:
        hidden = a_person(uow)
    unit = unit_of(crm, lambda uow: uow.permissions.share("party", hidden.id, actor="ned"))
    with crm.begin("ned") as uow:
        assert uow.parties.get(hidden.id)
    unit_of(crm, lambda uow: uow.history.undo(unit))
    with pytest.raises(NotFoundError), crm.begin("ned") as uow:
        uow.parties.get(hidden.id)


def test_a_share_is_brought_back_only_by_who_may_do_oneself_what_it_allows(crm, ida, refused):
    with crm.begin("ada") as uow:
        uow.permissions.define_role(
            "clerk",
            [Rule(effect="permit", permission=p) for p in ("party.read", "grant.*", "history.undo")],
        )
        uow.permissions.share("party", ida.id, actor="ned", verbs=["update"])
    crm.runtime.directory.add("kim", roles=["clerk"])
    unshared = unit_of(crm, lambda uow: uow.permissions.unshare("party", ida.id, actor="ned"))
    assert refused(crm, ForbiddenError, unshared, "kim").permission == "party.update"
    with pytest.raises(ForbiddenError), crm.begin("kim", read_only=True) as uow:
        uow.history.plan([unshared])
    unit_of(crm, lambda uow: uow.history.undo(unshared))
    with crm.begin("ned") as uow:
        assert uow.parties.get(ida.id)


def test_what_somebody_else_has_lent_is_not_lent_again_by_an_undo(crm, refused):
    """Nobody can lend the rights of others by hand."""
    with crm.begin("ada") as uow:
        uow.permissions.define_role("lender", [Rule(effect="permit", permission="*")])
    crm.runtime.directory.add("kim", roles=["lender"])
    with crm.begin("kim") as uow:
        lent = uow.permissions.delegate("ned", ["party.read"], until=uow.now + timedelta(days=1))
    revoked = unit_of(crm, lambda uow: uow.permissions.revoke_delegation(lent.id), "kim")
    assert refused(crm, ForbiddenError, revoked, "ada").permission == "delegation.create"
    unit_of(crm, lambda uow: uow.history.undo(revoked), "kim")


# -- guards, events, jobs, keys ---------------------------------------------------------------------------------------


def test_records_changing_may_refuse_an_undo_and_its_plan(with_cards, toy, card, refused):
    unit = unit_of(with_cards, lambda uow: uow.use(toy.Cards).change(evolve(uow.get(toy.Card, card.id), points=99)))
    error = refused(with_cards, RefusedError, unit)
    assert [(r.plugin, r.code) for r in error.refusals] == [("toycards", "frozen")]
    with pytest.raises(RefusedError), with_cards.begin("ada", read_only=True) as uow:
        uow.history.plan([unit])


def test_a_stage_that_deals_are_in_is_not_undone(crm, ida, refused):
    from crmkit import NewStage, Pipeline

    stages = [
        NewStage(key="new", probability="0.1"),
        NewStage(key="done", category="won"),
        NewStage(key="no", category="lost"),
    ]
    unit = unit_of(
        crm, lambda uow: uow.pipelines.define_pipeline(Pipeline(key="repairs", label="Repairs"), stages=stages)
    )
    unit_of(crm, lambda uow: a_deal(uow, ida.id, pipeline="repairs"))
    assert refused(crm, RefusedError, unit).refusals[0].code == "stage_in_use"


def test_a_deal_is_not_brought_back_into_a_stage_that_is_gone(crm, ida, refused):
    from crmkit import NewStage, Pipeline

    stages = [
        NewStage(key="new", probability="0.1"),
        NewStage(key="done", category="won"),
        NewStage(key="no", category="lost"),
    ]
    unit_of(crm, lambda uow: uow.pipelines.define_pipeline(Pipeline(key="repairs", label="Repairs"), stages=stages))
    with crm.begin("ada") as uow:
        deal = a_deal(uow, ida.id, pipeline="repairs")
    opened = uow.id
    undone = unit_of(crm, lambda uow: uow.history.undo(opened))
    unit_of(crm, lambda uow: uow.pipelines.remove_pipeline("repairs"))
    assert refused(crm, RefusedError, undone).refusals[0].code == "stage_gone"
    assert deal.stage == "new"


def test_an_undo_is_told_and_recorded(crm, ida, recorded_events):
    unit = unit_of(crm, lambda uow: uow.parties.remove(ida.id))
    undone = unit_of(crm, lambda uow: uow.history.undo(unit))
    (event,) = recorded_events.of(type(next(e for e in recorded_events.events if type(e).__name__ == "UnitUndone")))
    assert (event.undone, event.whole) == (unit, True)
    with crm.begin("ada") as uow:
        entry = uow.history.units()[0]
    assert (entry.id, entry.undoes, entry.commands) == (undone, unit, ("history.undo",))


def test_queued_jobs_are_dropped_and_keys_released(with_cards, toy, ida, tenant):
    def make(uow):
        uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=5))
        units.append(uow.id)

    units: list = []
    with_cards.run(make, "ada", once=Key("k-1"))
    with_cards.run(make, "ada", once=Key("k-1"))
    assert len(units) == 1
    with with_cards.begin("ada") as uow:
        plan = uow.history.plan(units)
        assert (plan.jobs, plan.keys) == (1, 1)
        assert uow.history.undo(units[0]).jobs == 1
    jobs = table("crm_job", column("tenant_id"), column("state"))
    with with_cards.engine.connect() as connection:
        assert connection.scalars(select(jobs.c.state).where(jobs.c.tenant_id == tenant)).all() == ["dropped"]
    with_cards.run(make, "ada", once=Key("k-1"))
    assert len(units) == 2


def test_jobs_that_an_undo_has_dropped_are_queued_again_when_that_is_undone(with_cards, toy, ida, tenant):
    jobs = table("crm_job", column("tenant_id"), column("state"))

    def states():
        with with_cards.engine.connect() as connection:
            return connection.scalars(select(jobs.c.state).where(jobs.c.tenant_id == tenant)).all()

    unit = unit_of(with_cards, lambda uow: uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=5)))
    for _ in range(2):
        with with_cards.begin("ada") as uow:
            done = uow.history.undo(unit)
        assert (done.jobs, done.requeued, states()) == (1, 0, ["dropped"])
        undone = uow.id
        with with_cards.begin("ada") as uow:
            plan = uow.history.plan([undone])
            done = uow.history.undo(undone)
        assert (plan.jobs, plan.requeued) == (done.jobs, done.requeued) == (0, 1)
        assert states() == ["queued"]
        unit = uow.id
    with_cards.jobs.run_once(tenant=tenant)
    assert states() == ["done"]
    unit_of(with_cards, lambda uow: uow.history.undo(unit))
    assert states() == ["done"]


# -- plugins that are gone --------------------------------------------------------------------------------------------


def test_what_a_plugin_did_is_undone_when_its_package_is_gone(with_cards, crm, toy, card, stored):
    """The catalogue knows its tables; the CRM that undoes has never heard of the plugin."""
    before = stored()
    changed = unit_of(with_cards, lambda uow: uow.use(toy.Cards).change(evolve(uow.get(toy.Card, card.id), points=4)))
    dropped = unit_of(with_cards, lambda uow: uow.use(toy.Cards).drop(card.id))
    assert "toycards.card" not in crm.runtime.registry
    unit_of(crm, lambda uow: uow.history.undo(dropped))
    unit_of(crm, lambda uow: uow.history.undo(changed))
    assert stored() == before


def test_a_record_of_an_absent_plugin_keeps_what_it_refers_to(with_cards, crm, toy, refused):
    with with_cards.begin("ada") as uow:
        firm = an_organisation(uow)
    added = uow.id
    put = unit_of(with_cards, lambda uow: uow.use(toy.Cards).put(toy.Card(party_id=firm.id, number=3)))
    assert why(refused(crm, UndoRefusedError, added)) == [("party", None, "in_use", put)]


def test_a_record_of_an_absent_plugin_is_hidden_with_what_it_is_visible_with(with_cards, crm, toy, refused):
    with with_cards.begin("ada") as uow:
        permits = [Rule(effect="permit", permission=p) for p in ("toycards.card.*", "history.undo")]
        uow.permissions.define_role("keeper", [*permits, Rule(effect="permit", permission="party.*", scope="own")])
    crm.runtime.directory.add("kim", roles=["keeper"])
    units = []
    for owner, number in (("ada", 1), ("kim", 2)):
        with with_cards.begin("ada") as uow:
            party = uow.parties.add(Organisation(name="Berg Tak", owner_id=owner))
        units.append(
            unit_of(
                with_cards,
                lambda uow, party=party, number=number: uow.use(toy.Cards).put(
                    toy.Card(party_id=party.id, number=number)
                ),
            )
        )
    refused(crm, NotFoundError, units[0], "kim")
    unit_of(crm, lambda uow: uow.history.undo(units[1]), "kim")


def test_the_mechanisms_of_a_unit_are_undone_one_by_one(crm, ida):
    """Statements are grouped by table, kind and columns; the order of a unit's writes is kept all the same."""

    def several(uow):
        first = uow.parties.add_email(ida.id, "b@berg.example")
        uow.parties.remove_mechanism(first.id)
        uow.parties.add_email(ida.id, "b@berg.example")
        uow.parties.add_email(ida.id, "c@berg.example")

    unit = unit_of(crm, several)
    unit_of(crm, lambda uow: uow.history.undo(unit))
    with crm.begin("ada") as uow:
        assert [m.raw for m in uow.each(Mechanism)] == ["ida@berg.example"]
