"""Rules, what they add up to, and how a decision is explained (P3, P4, P9)."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column

from crmkit.core.kernel.access.explain import explain
from crmkit.core.kernel.access.policy import Delegated, Rights, permission_for
from crmkit.core.kernel.access.rule import Rule, SourcedRule, covers
from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.entities.entity import EntityType, Field, Record
from crmkit.core.kernel.entities.registry import EntityRegistry
from crmkit.core.kernel.entities.table import entity_table, new_metadata, ref
from crmkit.errors import CrmkitError, InvalidKeyError, InvalidOperatorError, InvalidValueError
from crmkit.values.criteria import And, Variable, f

METADATA = new_metadata()
NOW = datetime(2025, 6, 1, tzinfo=UTC)


@frozen(kw_only=True)
class Deal(Record):
    owner_id: str | None = None
    team_id: str | None = None
    stage: str | None = None


@frozen(kw_only=True)
class Line(Record):
    deal_id: UUID
    text: str = ""


@frozen(kw_only=True)
class Note(Record):
    deal_id: UUID | None = None


DEAL = EntityType(
    name="deal",
    model=Deal,
    table=entity_table(
        "crm_deal", METADATA, Column("owner_id", Text()), Column("team_id", Text()), Column("stage", Text())
    ),
    label="Deal",
    display="stage",
    owner="owner_id",
    team="team_id",
    fields={"stage": Field(data_class="personal")},
)
LINE = EntityType(
    name="line",
    model=Line,
    table=entity_table("crm_line", METADATA, ref("deal"), Column("text", Text())),
    label="Line",
    display="text",
    part_of="deal_id",
    fields={"text": Field(data_class="personal")},
)
NOTE = EntityType(
    name="note",
    model=Note,
    table=entity_table("crm_note", METADATA, ref("deal", nullable=True)),
    label="Note",
    display="id",
    visible_with="deal_id",
)


@frozen
class World:
    records: tuple = ()
    grants: frozenset = frozenset()
    registry = EntityRegistry({"core": [DEAL, LINE, NOTE]})
    now = NOW

    def load(self, entity, id):
        return next((r for r in self.records if isinstance(r, entity.model) and r.id == id), None)

    def granted(self, entity, id, permission, kind, keys):
        return any((entity, id, permission, kind, key) in self.grants for key in keys)


EMPTY = World()
VERBS = ("read", "update")


def rights(*rules, actor="ann", teams=(), subtree=(), **more):
    sourced = tuple(SourcedRule(f"role {n}", r) for n, r in enumerate(rules))
    return Rights(actor=actor, teams=frozenset(teams), subtree=frozenset(subtree), rules=sourced, **more)


def permit(permission, **more):
    return Rule(effect="permit", permission=permission, **more)


def forbid(permission, **more):
    return Rule(effect="forbid", permission=permission, **more)


def may_read(given_rights, deal, world=EMPTY):
    return given_rights.check("deal.read", DEAL, deal, world)


# -- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "permission", "expected"),
    [
        ("deal.read", "deal.read", True),
        ("deal.read", "deal.update", False),
        ("deal.*", "deal.close", True),
        ("deal.*", "deals.read", False),
        ("deal.*", "deal", False),
        ("*.read", "service_desk.case.read", True),
        ("*.read", "deal.reread", False),
        ("service_desk.*", "service_desk.case.read", True),
        ("*", "anything.at_all", True),
    ],
)
def test_a_pattern_covers(pattern, permission, expected):
    assert covers(pattern, permission) is expected


@pytest.mark.parametrize("permission", ["", "deal", "*.*", "deal.", ".read", "Deal.read", "deal.*.read", "de*l.read"])
def test_what_is_no_pattern_of_permissions_is_refused(permission):
    with pytest.raises(InvalidKeyError):
        permit(permission)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"effect": "allow"}, InvalidValueError),
        ({"scope": "world"}, InvalidValueError),
        ({"fields": ("stage",)}, InvalidValueError),
        ({"effect": "forbid", "fields": ("stage",), "scope": "own"}, InvalidValueError),
        ({"effect": "forbid", "fields": ("stage",), "where": f.stage == "won"}, InvalidValueError),
        ({"where": f.stage.contains("x")}, InvalidOperatorError),
        ({"where": ~f.stage.starts_with("x")}, InvalidOperatorError),
        ({"where": f.lines.exists()}, InvalidOperatorError),
        ({"where": (f.stage == "x") | (f.lines.count() > 1)}, InvalidOperatorError),
        ({"permission": "*", "where": f.stage == "x"}, InvalidOperatorError),
        ({"permission": "*.read", "where": f.stage == "x"}, InvalidOperatorError),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong, error):
    with pytest.raises(error):
        Rule(**{"effect": "permit", "permission": "deal.read", **wrong})


def test_a_condition_that_nests_without_end_is_refused():
    where = f.stage == "x"
    for _ in range(10_000):
        where = And((where,))
    with pytest.raises(CrmkitError):
        permit("deal.read", where=where)


# -- decisions --------------------------------------------------------------------------------------------------------

MINE, OURS, BELOW, THEIRS, NOBODYS = (
    Deal(owner_id="ann", team_id="south"),
    Deal(owner_id="bob", team_id="north"),
    Deal(owner_id="bob", team_id="oslo"),
    Deal(owner_id="bob", team_id="south"),
    Deal(),
)


@pytest.mark.parametrize(
    ("scope", "visible"),
    [
        ("own", [MINE]),
        ("team", [MINE, OURS]),
        ("subtree", [MINE, OURS, BELOW]),
        ("all", [MINE, OURS, BELOW, THEIRS, NOBODYS]),
    ],
)
def test_each_scope_holds_the_one_before_it(scope, visible):
    ann = rights(permit("deal.read", scope=scope), teams=["north"], subtree=["north", "oslo"])
    assert [d for d in (MINE, OURS, BELOW, THEIRS, NOBODYS) if may_read(ann, d)] == visible


def test_nothing_is_permitted_by_default():
    assert not may_read(rights(), MINE)
    assert not rights().may("deal.read")
    assert not rights(permit("deal.update")).may("deal.read")


def test_a_forbid_beats_every_permit():
    ann = rights(permit("*"), forbid("deal.read", scope="own"), permit("deal.read", scope="own"))
    assert not may_read(ann, MINE)
    assert may_read(ann, OURS)
    assert ann.may("deal.read")
    assert not rights(permit("*"), forbid("deal.*")).may("deal.read")


def test_a_condition_sees_its_holder():
    ann = rights(permit("deal.read", where=f.stage == Variable("actor")))
    assert may_read(ann, Deal(stage="ann"))
    assert not may_read(ann, Deal(stage="bob"))


def test_an_empty_field_fits_no_comparison_but_unequal():
    assert not may_read(rights(permit("deal.read", where=f.stage < "x")), Deal())
    assert may_read(rights(permit("deal.read", where=f.stage != "x")), Deal())


def test_a_condition_on_a_field_that_is_gone_permits_nothing_and_forbids_everything():
    gone = f.gone == "x"
    assert not may_read(rights(permit("deal.read", where=gone)), MINE)
    assert not may_read(rights(permit("deal.read"), forbid("deal.read", where=gone)), MINE)


def test_a_share_permits_one_record_and_a_forbid_beats_it():
    world = World(grants=frozenset({("deal", THEIRS.id, "deal.read", "actor", "ann")}))
    ann = rights(shared=frozenset({("deal", "deal.read")}))
    assert may_read(ann, THEIRS, world)
    assert not may_read(ann, OURS, world)
    assert ann.may("deal.read")
    forbidden = rights(forbid("deal.read", scope="all"), shared=ann.shared)
    assert not may_read(forbidden, THEIRS, world)


def test_a_share_with_a_team_is_for_its_members():
    world = World(grants=frozenset({("deal", THEIRS.id, "deal.read", "team", "north")}))
    shared = frozenset({("deal", "deal.read")})
    assert may_read(rights(teams=["north"], shared=shared), THEIRS, world)
    assert not may_read(rights(teams=["oslo"], shared=shared), THEIRS, world)


def test_a_part_is_decided_by_its_root():
    line, orphan = Line(deal_id=MINE.id), Line(deal_id=UUID(int=1))
    world, ann = World((MINE, OURS)), rights(permit("deal.*", scope="own"))
    assert permission_for(world.registry, LINE, "read") == "deal.read"
    assert permission_for(world.registry, LINE, "delete") == "deal.update"
    assert ann.check("deal.update", LINE, line, world)
    assert not ann.check("deal.update", LINE, Line(deal_id=OURS.id), world)
    assert not ann.check("deal.update", LINE, orphan, world)


def test_what_is_visible_with_another_record_needs_both():
    world = World((MINE, OURS))
    ann = rights(permit("deal.read", scope="own"), permit("note.read"))
    assert ann.check("note.read", NOTE, Note(deal_id=MINE.id), world)
    assert ann.check("note.read", NOTE, Note(), world)
    assert not ann.check("note.read", NOTE, Note(deal_id=OURS.id), world)
    assert not rights(permit("deal.read")).check("note.read", NOTE, Note(deal_id=MINE.id), world)


def test_hidden_fields_are_named_or_of_a_class():
    ann = rights(
        permit("*"), forbid("deal.read", fields=("team_id", "unknown")), forbid("*.update", fields=("class:personal",))
    )
    assert ann.hidden_fields("deal.read", DEAL) == {"team_id"}
    assert ann.hidden_fields("deal.update", DEAL) == {"stage"}
    assert ann.hidden_fields("deal.update", LINE) == {"text"}
    assert may_read(ann, MINE)


def test_elevation_adds_one_permission_and_no_forbid_is_lifted():
    ann = rights(forbid("deal.update", scope="own")).elevated("deal.update", "merging")
    assert ann.check("deal.update", DEAL, OURS, EMPTY)
    assert not ann.check("deal.update", DEAL, MINE, EMPTY)
    assert not may_read(ann, OURS)


def test_a_borrower_uses_the_lenders_rights_as_the_lender():
    bob = rights(permit("deal.*", scope="own"), actor="bob")
    ann = rights(delegated=(Delegated("delegation by bob", ("deal.read",), bob),))
    assert may_read(ann, OURS)
    assert not may_read(ann, MINE)
    assert not ann.check("deal.update", DEAL, OURS, EMPTY)


def test_what_is_hidden_from_the_lender_is_hidden_from_the_borrower():
    bob = rights(permit("deal.*"), forbid("deal.read", fields=("stage",)), actor="bob")
    ann = rights(delegated=(Delegated("delegation by bob", ("deal.read",), bob),))
    assert ann.hidden_fields("deal.read", DEAL) == {"stage"}


# -- for all rights and records ---------------------------------------------------------------------------------------

actors = st.sampled_from(["ann", "bob"])
teams = st.sampled_from(["north", "south", "oslo"])
deals = st.builds(
    Deal,
    owner_id=st.none() | actors,
    team_id=st.none() | teams,
    stage=st.none() | st.sampled_from(["ann", "lead", "won"]),
)
conditions = st.sampled_from([
    f.stage == "lead",
    ~(f.stage == "won"),
    f.stage.is_empty(),
    f.stage == Variable("actor"),
    f.gone == 1,
])
rules = st.one_of(
    st.builds(
        Rule,
        effect=st.sampled_from(["permit", "forbid"]),
        permission=st.sampled_from(["deal.read", "deal.*", "*.read", "*", "note.read"]),
        scope=st.sampled_from(["own", "team", "subtree", "all"]),
    ),
    st.builds(
        Rule,
        effect=st.sampled_from(["permit", "forbid"]),
        permission=st.sampled_from(["deal.read", "deal.*"]),
        scope=st.sampled_from(["own", "team", "all"]),
        where=conditions,
    ),
    st.builds(
        Rule,
        effect=st.just("forbid"),
        permission=st.sampled_from(["deal.read", "*"]),
        fields=st.sampled_from([("stage",), ("class:personal",)]),
    ),
)
rule_lists = st.lists(rules, max_size=6)


@st.composite
def any_rights(draw, actor="ann"):
    own = draw(st.frozensets(teams, max_size=2))
    return rights(*draw(rule_lists), actor=actor, teams=own, subtree=own | draw(st.frozensets(teams)))


@given(rule_lists, st.randoms(), deals)
def test_order_and_repetition_of_rules_do_not_matter(given_rules, random, deal):
    shuffled = [*given_rules, *given_rules]
    random.shuffle(shuffled)
    one, other = rights(*given_rules, teams=["north"]), rights(*shuffled, teams=["north"])
    assert may_read(one, deal) == may_read(other, deal)
    assert one.may("deal.read") == other.may("deal.read")
    assert one.access("deal.read", DEAL) == other.access("deal.read", DEAL)
    assert one.hidden_fields("deal.read", DEAL) == other.hidden_fields("deal.read", DEAL)


@given(any_rights(), rules, deals)
def test_adding_a_forbid_never_adds_access_and_adding_a_permit_never_takes_any(ann, rule, deal):
    more = evolve(ann, rules=(*ann.rules, SourcedRule("added", rule)))
    before, after = may_read(ann, deal), may_read(more, deal)
    assert before >= after if rule.effect == "forbid" else before <= after
    assert ann.hidden_fields("deal.read", DEAL) <= more.hidden_fields("deal.read", DEAL)


@given(any_rights(), deals)
def test_who_may_do_something_to_a_record_may_do_it_at_all(ann, deal):
    assert may_read(ann, deal) <= ann.may("deal.read")


@given(rule_lists, any_rights("bob"), st.lists(st.sampled_from(["deal.read", "*", "note.*"]), max_size=2), deals)
def test_a_borrower_never_has_more_than_the_lender(forbids, bob, lent, deal):
    """Who acts on behalf of another brings along nothing but what is forbidden to one."""
    mine = [r for r in forbids if r.effect == "forbid"]
    ann = rights(*mine, delegated=(Delegated("delegation by bob", tuple(lent), bob),))
    assert may_read(ann, deal) <= may_read(bob, deal)
    assert ann.may("deal.read") <= bob.may("deal.read")
    if any(covers(p, "deal.read") for p in lent):
        assert ann.hidden_fields("deal.read", DEAL) >= bob.hidden_fields("deal.read", DEAL)


@given(any_rights(), any_rights("bob"), deals)
def test_a_restriction_leaves_what_both_have(ann, bob, deal):
    both = ann.restricted_to(bob)
    assert may_read(both, deal) == (may_read(ann, deal) and may_read(bob, deal))
    assert both.hidden_fields("deal.read", DEAL) == ann.hidden_fields("deal.read", DEAL) | bob.hidden_fields(
        "deal.read", DEAL
    )


@given(any_rights(), any_rights("bob"), st.sampled_from(["plain", "lent", "restricted"]), deals)
def test_an_explanation_agrees_with_the_decision_and_with_what_it_considers(ann, bob, how, deal):
    if how == "lent":
        ann = evolve(ann, delegated=(Delegated("delegation by bob", ("*",), bob),))
    if how == "restricted":
        ann = ann.restricted_to(bob)
    explanation = explain(ann, "deal.read", DEAL, deal, EMPTY)
    assert explanation.allowed == may_read(ann, deal)
    restricting = [c for c in explanation.considered if c.source.startswith("on behalf of")]
    rest = [c for c in explanation.considered if c not in restricting]
    forbidden = any(c.applies for c in rest if c.text.startswith("forbid "))
    permitted = any(c.applies for c in rest if not c.text.startswith("forbid "))
    assert explanation.allowed == (permitted and not forbidden and all(c.applies for c in restricting))
    assert explain(ann, "deal.read").allowed == ann.may("deal.read")
    assert ("denied" in explanation.verdict) is not explanation.allowed
    assert all(c.source in str(explanation) for c in explanation.considered)


def test_an_explanation_reads_well():
    deal = Deal(id=UUID(int=1), owner_id="bob", team_id="oslo", stage="won")
    ann = Rights(
        actor="ann",
        teams=frozenset({"north"}),
        rules=(
            SourcedRule("role seller", permit("deal.*", scope="team")),
            SourcedRule("role seller", permit("deal.read")),
            SourcedRule("role trainee", forbid("deal.read", where=(f.stage == "won") & ~f.team_id.is_empty())),
            SourcedRule("role trainee", forbid("deal.read", fields=("stage",))),
        ),
    )
    condition = "(stage = won and not team_id is empty)"
    assert str(explain(ann, "deal.read", DEAL, deal, EMPTY)).splitlines() == [
        "ann, deal.read on deal 00000000-0000-0000-0000-000000000001: denied; role trainee forbids it",
        "  - role seller: permit deal.* in scope team (the owner is bob, the team is oslo)",
        "  + role seller: permit deal.read (scope all)",
        f"  + role trainee: forbid deal.read where {condition} (scope all; {condition}: yes)",
        "  without the fields: stage",
    ]


def test_an_explanation_says_why_a_part_or_companion_is_hidden():
    world = World((OURS,))
    ann = rights(permit("deal.read", scope="own"), permit("note.read"))
    note = explain(ann, "note.read", NOTE, Note(deal_id=OURS.id), world)
    assert note.verdict == "denied; the deal that it belongs to is hidden"
    line = explain(ann, "deal.read", LINE, Line(deal_id=OURS.id), world)
    assert line.verdict == "denied; no permit applies"
    assert f"part of deal {OURS.id}" in str(line)
    orphan = explain(ann, "deal.read", LINE, Line(deal_id=UUID(int=1)), world)
    assert not orphan.allowed
