"""Undo and restore against a model that shares no code with them: what was in the tables after each unit of work.

The model knows tables, their foreign and unique keys, and nothing of the change log. A unit's doing is the difference
between what was stored before it and after it; undoing it is that difference turned round, allowed if every value of it
is still as the unit left it, and if the outcome breaks no key.
"""

from __future__ import annotations

import os
from collections import Counter
from uuid import UUID

import planted
import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from verifying import assert_verifies

from crmkit import Comment, Deal, Decision, Identifier, Mechanism, Money, Organisation, Party, Ref, Relationship
from crmkit.errors import CrmkitError, RestoreRefusedError, UndoRefusedError

PAIRS = {("price", "price_currency"), ("amount", "amount_currency")}
PARTS = {
    "crm_party": {
        "crm_mechanism": "party_id",
        "crm_identifier": "party_id",
        "crm_relationship": "party_id",
        "crm_party_role": "party_id",
        "crm_lifecycle_entry": "party_id",
    },
    "crm_deal": {"crm_deal_stage_entry": "record_id"},
    "crm_toycards_card": {"crm_toycards_line": "card_id"},
}
ENTITIES = {"crm_party": "party", "crm_deal": "deal", "crm_toycards_card": "toycards.card"}
REFERENCES = [
    ("crm_party", "merged_into", "crm_party"),
    ("crm_mechanism", "party_id", "crm_party"),
    ("crm_identifier", "party_id", "crm_party"),
    ("crm_relationship", "party_id", "crm_party"),
    ("crm_relationship", "other_id", "crm_party"),
    ("crm_deal", "party_id", "crm_party"),
    ("crm_deal_stage_entry", "record_id", "crm_deal"),
    ("crm_interaction", "party_id", "crm_party"),
    ("crm_toycards_card", "party_id", "crm_party"),
    ("crm_toycards_line", "card_id", "crm_toycards_card"),
    ("crm_grant", "subject_id", None),
    ("crm_interaction", "about_id", None),
    ("crm_comment", "subject_id", None),
    ("crm_comment", "parent_id", "crm_comment"),
    ("crm_attachment", "subject_id", None),
    ("crm_attachment", "comment_id", "crm_comment"),
    ("crm_decision", "subject_id", None),
    ("crm_decision", "supersedes_id", "crm_decision"),
]
UNIQUES = [
    ("crm_mechanism", ("party_id", "kind", "normalised")),
    ("crm_identifier", ("scheme", "exclusive_value")),
    ("crm_identifier", ("party_id", "scheme", "value")),
    ("crm_toycards_card", ("number",)),
    ("crm_toycards_line", ("card_id", "slot")),
    ("crm_grant", ("grantee_kind", "grantee", "subject", "permission", "subject_id")),
    ("crm_decision", ("supersedes_id",)),
]
WAYS = (
    "add",
    "rename",
    "reach",
    "unreach",
    "label",
    "identify",
    "relate",
    "unrelate",
    "deal",
    "price",
    "move",
    "talk",
    "share",
    "remove",
    "merge",
    "merge",
    "card",
    "points",
    "worth",
    "renumber",
    "swap",
    "drop",
    "line",
    "turn",
    "wipe",
    "comment",
    "edit",
    "uncomment",
    "attach",
    "decide",
)


# -- the model --------------------------------------------------------------------------------------------------------


def difference(before, after):
    """What happened to each row: (columns before, columns after), None for a row that is not there."""
    found = {}
    for key in {*before, *after}:
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            found[key] = (old, new)
        elif old != new:
            names = {n for n in {**old, **new} if old.get(n) != new.get(n)}
            for pair in PAIRS:
                if names & set(pair):
                    names |= set(pair)
            found[key] = ({n: old.get(n) for n in names}, {n: new.get(n) for n in names})
    return found


def turned_round(now, doing):
    """What would be stored once a unit's doing was undone; None if it has moved on."""
    outcome = dict(now)
    for key, (old, new) in doing.items():
        current = now.get(key)
        if new is None:
            if current is not None:
                return None
            outcome[key] = old
        elif old is None:
            if current != new:
                return None
            del outcome[key]
        else:
            if current is None or any(current.get(n) != v for n, v in new.items()):
                return None
            outcome[key] = {n: v for n, v in {**current, **old}.items() if v is not None}
    return outcome


def broken_keys(rows):
    """References to nothing or to what has been merged, and unique keys that several rows have."""
    found = set()
    merged = {id_ for (_, id_), row in rows.items() if "merged_into" in row}
    ids = {id_ for _, id_ in rows}
    for (table, id_), row in rows.items():
        for name, column, target in REFERENCES:
            if table == name and row.get(column) is not None:
                there = (target, row[column]) in rows if target else row[column] in ids
                if not there or row[column] in merged:
                    found.add((table, id_, column))
    for name, columns in UNIQUES:
        values = Counter(
            tuple(row.get(c) for c in columns)
            for (table, _), row in rows.items()
            if table == name and None not in [row.get(c) for c in columns]
        )
        found |= {(name, columns, value) for value, count in values.items() if count > 1}
    return found


def whole_of(rows, root):
    """A record's row and those of its parts."""
    table, id_ = root
    parts = PARTS[table]
    return {key: row for key, row in rows.items() if key == root or (key[0] in parts and row[parts[key[0]]] == id_)}


def followed(now, root, wanted):
    """The rows of a version, where what has been merged since is replaced by what it was merged into."""
    into = {id_: row["merged_into"] for (_, id_), row in now.items() if "merged_into" in row}
    columns = {(table, column) for table, column, _ in REFERENCES}
    return {
        key: {
            n: into.get(v, v) if (key[0], n) in columns and v != root[1] else v
            for n, v in row.items()
            if n != "merged_into"
        }
        for key, row in wanted.items()
    }


# -- the machine ------------------------------------------------------------------------------------------------------


class Histories(RuleBasedStateMachine):
    """Random units of work, undone and restored in any order."""

    crm = stored = toy = None
    count = 0

    @initialize()
    def begin(self):
        type(self).count += 1
        self.base = type(self).count * 1000
        self.before = set(type(self).stored())
        self.now = {}
        self.units = []  # (unit, what it did)
        self.past = {}  # (root, version) -> its rows

    def read(self):
        return {key: row for key, row in type(self).stored().items() if key not in self.before}

    def note(self, unit):
        """Remember what a unit did, and each record at the version that it has now."""
        after = self.read()
        doing = difference(self.now, after)
        self.now = after
        if doing:
            self.units.append((unit, doing))
            with type(self).crm.begin("ada", read_only=True) as uow:
                models = {"crm_party": Party, "crm_deal": Deal, "crm_toycards_card": type(self).toy.Card}
                for root in [key for key in after if key[0] in PARTS]:
                    ids = {repr(r.id): r for r in uow.each(models[root[0]])}
                    if root[1] in ids:
                        self.past.setdefault((root, ids[root[1]].version), whole_of(after, root))

    # -- units of work --

    @rule(ways=st.lists(st.tuples(st.sampled_from(WAYS), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=4))
    def work(self, ways):
        try:
            with type(self).crm.begin("ada") as uow:
                for way, one, other in ways:
                    self.step(uow, way, one, other)
        except CrmkitError:
            assert self.read() == self.now
        else:
            self.note(uow.id)

    def pick(self, uow, model, n):
        """One of the records of this example."""
        earlier = {id_ for _, id_ in self.before}
        found = sorted((r for r in uow.each(model) if repr(r.id) not in earlier), key=lambda r: r.id)
        return found[n % len(found)] if found else None

    def step(self, uow, way, one, other):
        cards = uow.use(type(self).toy.Cards)
        party = self.pick(uow, Party, one)
        if way == "add" or party is None:
            mails = [f"x{other}@berg.example"] if other % 2 else []
            uow.parties.add(Organisation(name=f"Org {one}"), emails=mails)
            return
        getattr(self, f"do_{way}")(uow, cards, party, one, other)

    def do_rename(self, uow, _cards, party, _one, other):
        uow.parties.update(evolve(party, name=f"Org {other}", language=["nb", "en", None][other % 3]))

    def do_reach(self, uow, _cards, party, _one, other):
        uow.parties.add_email(party.id, f"x{other}@berg.example")

    def do_unreach(self, uow, _cards, _party, _one, other):
        if found := self.pick(uow, Mechanism, other):
            uow.parties.remove_mechanism(found.id)

    def do_label(self, uow, _cards, _party, one, other):
        if found := self.pick(uow, Mechanism, other):
            uow.parties.change_mechanism(evolve(found, label=f"l{one % 3}"))

    def do_identify(self, uow, _cards, party, _one, other):
        if other > 3 and (found := self.pick(uow, Identifier, other)):
            uow.parties.remove_identifier(found.id)
        else:
            uow.parties.add_identifier(party.id, "tax", f"{self.base}-{other % 2}", exclusive=True)

    def do_relate(self, uow, _cards, party, _one, other):
        if (employer := self.pick(uow, Party, other)) and employer.id != party.id:
            uow.parties.relate(party.id, "partner_of", employer.id)

    def do_unrelate(self, uow, _cards, _party, _one, other):
        if found := self.pick(uow, Relationship, other):
            uow.parties.remove_relationship(found.id)

    def do_deal(self, uow, _cards, party, one, _other):
        uow.pipelines.open(pipeline="sales", party=party.id, title=f"Roof {one}", amount=Money(one, "EUR"))

    def do_price(self, uow, _cards, _party, one, other):
        if found := self.pick(uow, Deal, other):
            uow.pipelines.update(evolve(found, amount=Money(one, ["EUR", "NOK"][other % 2]) if one else None))

    def do_move(self, uow, _cards, _party, one, other):
        if found := self.pick(uow, Deal, one):
            uow.pipelines.move(found.id, to=["qualified", "proposal"][other % 2])

    def do_talk(self, uow, _cards, party, _one, other):
        uow.interactions.record(party=party.id, channel="phone", direction="in", summary=f"said {other}")

    def do_share(self, uow, _cards, party, _one, other):
        if other > 3:
            uow.permissions.unshare("party", party.id, actor="ned")
        else:
            uow.permissions.share("party", party.id, actor="ned")

    def do_remove(self, uow, _cards, party, _one, _other):
        uow.parties.remove(party.id)

    def do_merge(self, uow, _cards, party, _one, other):
        if (winner := self.pick(uow, Party, other)) and winner.id != party.id:
            uow.parties.merge(party.id, winner.id, choose=["fill", "winner", "loser"][other % 3])

    def do_card(self, _uow, cards, party, one, other):
        card = type(self).toy.Card(
            party_id=party.id, number=self.base + 1 + one % 4, price=Money(other, "EUR") if other else None
        )
        cards.put(card, lines=("a", "b")[: other % 3])

    def changed(self, uow, cards, one, **values):
        if found := self.pick(uow, type(self).toy.Card, one):
            cards.change(evolve(found, **values))

    def do_points(self, uow, cards, _party, one, other):
        self.changed(uow, cards, one, points=other)

    def do_worth(self, uow, cards, _party, one, other):
        self.changed(
            uow, cards, one, price=Money(other, "NOK") if other else None, custom={"size": other} if other % 2 else {}
        )

    def do_renumber(self, uow, cards, _party, one, other):
        self.changed(uow, cards, one, number=self.base + 1 + other % 4)

    def do_swap(self, uow, cards, _party, one, other):
        first, second = self.pick(uow, type(self).toy.Card, one), self.pick(uow, type(self).toy.Card, other)
        if first and first.id != second.id:
            cards.swap(first.id, second.id)

    def do_drop(self, uow, cards, _party, one, _other):
        if found := self.pick(uow, type(self).toy.Card, one):
            cards.drop(found.id)

    def do_line(self, uow, cards, _party, one, other):
        if found := self.pick(uow, type(self).toy.Card, one):
            cards.write(found.id, other % 3, f"line {one}")

    def do_turn(self, uow, cards, _party, one, other):
        if card := self.pick(uow, type(self).toy.Card, one):
            lines = [found for found in uow.each(type(self).toy.Line) if found.card_id == card.id]
            if len(lines) > 1 and lines[0].id != lines[1].id:
                cards.turn(lines[0].id, lines[1].id)

    def do_wipe(self, uow, cards, _party, _one, other):
        if found := self.pick(uow, type(self).toy.Line, other):
            cards.wipe(found.id)

    def subject(self, uow, party, one, other):
        """A party, a deal or a card."""
        model = [Party, Deal, type(self).toy.Card][other % 3]
        found = self.pick(uow, model, one) or party
        return Ref({Deal: "deal", type(self).toy.Card: "toycards.card"}.get(type(found), "party"), found.id)

    def do_comment(self, uow, _cards, party, one, other):
        if other > 3 and (found := self.pick(uow, Comment, one)):
            uow.comments.add(found.ref, f"reply {other}", reply_to=found.id)
        else:
            uow.comments.add(self.subject(uow, party, one, other), f"said {one}")

    def do_edit(self, uow, _cards, _party, one, other):
        if found := self.pick(uow, Comment, one):
            uow.comments.edit(found.id, f"said {other}")

    def do_uncomment(self, uow, _cards, _party, one, _other):
        if found := self.pick(uow, Comment, one):
            uow.comments.remove(found.id)

    def do_attach(self, uow, _cards, party, one, other):
        comment = self.pick(uow, Comment, one) if other > 3 else None
        ref = self.subject(uow, party, one, other) if comment is None else Ref("comment", comment.id)
        uow.attachments.attach(ref, name=f"file {one}", content=bytes(other))

    def do_decide(self, uow, _cards, party, one, other):
        old = self.pick(uow, Decision, one) if other > 3 else None
        ref = self.subject(uow, party, one, other) if old is None else old.ref
        uow.decisions.record(ref, f"decided {one}", basis="x", supersedes=None if old is None else old.id)

    # -- undo and restore --

    @precondition(lambda self: self.units)
    @rule(n=st.integers(0, 3))
    def undo(self, n):
        self.undone(self.units[-1 - n % len(self.units)])

    @precondition(lambda self: self.units)
    @rule(n=st.integers(0, 100))
    def undo_any(self, n):
        self.undone(self.units[n % len(self.units)])

    def undone(self, chosen):
        unit, doing = chosen
        outcome = turned_round(self.now, doing)
        allowed = outcome is not None and not broken_keys(outcome) - broken_keys(self.now)
        with type(self).crm.begin("ada", read_only=True) as uow:
            plan = uow.history.plan([unit])
        assert (not plan.conflicts) == allowed, (plan.conflicts, doing)
        try:
            with type(self).crm.begin("ada") as uow:
                uow.history.undo(unit)
        except UndoRefusedError:
            assert not allowed
            assert self.read() == self.now
        else:
            assert allowed
            assert self.read() == outcome
            self.note(uow.id)

    @precondition(lambda self: self.units)
    @rule(n=st.integers(0, 100))
    def undo_partly(self, n):
        """All that is left of the doing after that is what has moved on; so undoing it again changes nothing more."""
        unit, _ = self.units[n % len(self.units)]
        with type(self).crm.begin("ada") as uow:
            uow.history.undo(unit, partial=True)
        assert not broken_keys(self.read())
        self.note(uow.id)

    @precondition(lambda self: self.past)
    @rule(n=st.integers(0, 1000))
    def restore(self, n):
        (root, version), wanted = sorted(self.past.items(), key=repr)[n % len(self.past)]
        others = {key: row for key, row in self.now.items() if key not in whole_of(self.now, root)}
        wanted = followed(self.now, root, wanted)
        merged = "merged_into" in self.now.get(root, {})
        outcome = None if merged or set(wanted) & set(others) else {**others, **wanted}
        allowed = outcome is not None and not broken_keys(outcome) - broken_keys(self.now)
        id_ = UUID(root[1].removeprefix("UUID('").removesuffix("')"))
        try:
            with type(self).crm.begin("ada") as uow:
                uow.history.restore(Ref(ENTITIES[root[0]], id_), version)
        except RestoreRefusedError:
            assert not allowed
            assert self.read() == self.now
        else:
            assert allowed
            assert self.read() == outcome
            self.note(uow.id)

    @invariant()
    def nothing_is_broken(self):
        if hasattr(self, "now"):
            assert not broken_keys(self.now)


def test_undo_and_restore_agree_with_what_was_stored(with_cards, stored, toy, tenant):
    """Undoing and restoring in any order does what the tables of before say, or is refused where they say so."""
    with with_cards.begin("ada") as uow:
        uow.custom_fields.define("toycards.card", "size", "number")
    machine = type("Machine", (Histories,), {"stored": staticmethod(stored), "crm": with_cards, "toy": toy})
    # Not shrunk: that takes longer than reading the steps of a failure.
    chosen = settings(
        max_examples=int(os.environ.get("CRMKIT_TEST_EXAMPLES", "6")),
        stateful_step_count=25,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)
    assert_verifies(with_cards, tenant)


@pytest.mark.parametrize(
    "plant",
    [planted.values_not_compared, planted.references_not_looked_at],
    ids=lambda plant: plant.__name__,
)
def test_random_histories_notice_a_planted_bug(plant, with_cards, stored, toy, monkeypatch):
    machine = type("Machine", (Histories,), {"stored": staticmethod(stored), "crm": with_cards, "toy": toy})
    chosen = settings(
        max_examples=60,
        stateful_step_count=25,
        phases=[Phase.generate],
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    plant(monkeypatch)
    with pytest.raises((AssertionError, CrmkitError)):
        run_state_machine_as_test(machine, settings=chosen)
