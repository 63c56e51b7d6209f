"""Comments on whatever is stored: who may read, write, change and remove them, and what becomes of them."""

from __future__ import annotations

import pytest

from crmkit import Comment, Money, Person, Ref, Rule, f, new_id
from crmkit.errors import (
    ForbiddenError,
    InvalidValueError,
    LimitExceededError,
    NotFoundError,
    StaleVersionError,
    UndoRefusedError,
    UnknownFieldError,
)


def bodies(crm, ref, actor="ada"):
    with crm.begin(actor, read_only=True) as uow:
        return [c.body for c in uow.comments.of(ref)]


def say(crm, ref, body, actor="sam", **more):
    with crm.begin(actor) as uow:
        return uow.comments.add(ref, body, **more)


# -- saying something -------------------------------------------------------------------------------------------------


def test_a_comment_says_who_wrote_what_about_which_record(crm, ida, recorded_events):
    comment = say(crm, ida, "Prefers letters")
    assert (comment.ref, comment.author_id, comment.body, comment.version) == (ida, "sam", "Prefers letters", 1)
    assert bodies(crm, ida, "sue") == ["Prefers letters"]
    assert recorded_events.names == ["PartyAdded", "CommentAdded"]


def test_comments_come_page_by_page_in_either_order(crm, ida):
    for n in range(5):
        say(crm, ida, f"no. {n}")
    with crm.begin("sam", read_only=True) as uow:
        first = uow.comments.of(ida, limit=3)
        rest = uow.comments.of(ida, limit=3, after=first.next)
        newest = uow.comments.of(ida, newest_first=True, limit=2)
    assert [c.body for c in (*first, *rest)] == [f"no. {n}" for n in range(5)]
    assert rest.next is None
    assert [c.body for c in newest] == ["no. 4", "no. 3"]


def test_a_reply_to_a_reply_joins_the_same_conversation(crm, ida):
    first = say(crm, ida, "Shall we?")
    reply = say(crm, ida, "Yes", "sue", reply_to=first.id)
    again = say(crm, ida, "Good", reply_to=reply.id)
    assert (reply.parent_id, again.parent_id) == (first.id, first.id)


def test_a_reply_is_about_the_record_of_what_it_replies_to(crm, ida, rows):
    first = say(crm, ida, "Shall we?")
    with crm.begin("sam") as uow:
        other = Ref("party", uow.parties.add(Person(given_name="Ole", family_name="Dahl")).id)
    before = rows()
    with pytest.raises(InvalidValueError, match="about another record"):
        say(crm, other, "Yes", reply_to=first.id)
    assert rows() == before


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", InvalidValueError),
        (" \n", InvalidValueError),
        ("nul \0", InvalidValueError),
        ("half \ud800", InvalidValueError),
        (7, InvalidValueError),
        ("x" * 20_001, LimitExceededError),
        (" ".join(f"@u{n}" for n in range(51)), LimitExceededError),
    ],
)
def test_a_text_that_is_none_or_too_long_is_refused(crm, ida, rows, body, error):
    before = rows()
    with pytest.raises(error):
        say(crm, ida, body)
    assert rows() == before


def test_an_edit_is_held_to_the_same(crm, ida, rows):
    comment = say(crm, ida, "Hello")
    before = rows()
    for body, error in [("", InvalidValueError), (None, InvalidValueError), ("x" * 20_001, LimitExceededError)]:
        with pytest.raises(error), crm.begin("sam") as uow:
            uow.comments.edit(comment.id, body)
    assert rows() == before


def test_what_is_no_whole_record_cannot_be_commented_on(crm, ida, rows):
    comment = say(crm, ida, "Hello")
    with crm.begin("sam") as uow:
        mail = uow.parties.add_email(ida.id, "ida@berg.example")
    before = rows()
    for ref, error in [
        (Ref("mechanism", mail.id), InvalidValueError),
        (Ref("comment", comment.id), InvalidValueError),
        (Ref("partie", ida.id), UnknownFieldError),
        (Ref("deal", ida.id), NotFoundError),
    ]:
        with pytest.raises(error):
            say(crm, ref, "No")
    assert rows() == before


def test_a_record_that_is_hidden_is_as_one_that_is_not_there(crm, ida, rows):
    comment = say(crm, ida, "Secret")
    before = rows()
    for ref in (ida, Ref("party", new_id())):
        for attempt in (
            lambda uow, ref=ref: uow.comments.add(ref, "Hello"),
            lambda uow, ref=ref: uow.comments.of(ref),
            lambda uow, ref=ref: uow.attachments.attach(ref, name="a", content=b"a"),
            lambda uow, ref=ref: uow.attachments.of(ref),
            lambda uow, ref=ref: uow.decisions.record(ref, "No", basis="No"),
            lambda uow, ref=ref: uow.decisions.of(ref),
            lambda uow, ref=ref: uow.decisions.standing(ref),
        ):
            with pytest.raises(NotFoundError) as refused, crm.begin("ned") as uow:
                attempt(uow)
            assert refused.value.args[0].replace(str(ref.id), "ID") == str(NotFoundError("party", "ID"))
    with pytest.raises(NotFoundError), crm.begin("ned") as uow:
        uow.comments.edit(comment.id, "Mine")
    with crm.begin("ned", read_only=True) as uow:
        assert (uow.count(Comment), list(uow.each(Comment))) == (0, [])
    assert rows() == before


def test_who_only_looks_may_not_comment(crm, ida, rows):
    before = rows()
    with pytest.raises(ForbiddenError), crm.begin("vic") as uow:
        uow.comments.add(ida, "Hello")
    assert rows() == before


# -- changing and removing --------------------------------------------------------------------------------------------


def test_only_its_author_changes_a_comment_and_history_keeps_the_old_text(crm, ida, rows):
    comment = say(crm, ida, "Prefers leters")
    with crm.begin("sam") as uow:
        after = uow.comments.edit(comment.id, "Prefers letters", version=1)
    assert (after.body, after.version, after.edited_at is None) == ("Prefers letters", 2, False)
    with crm.begin("sue", read_only=True) as uow:
        assert uow.history.at(Ref("comment", comment.id), 1).fields["body"] == "Prefers leters"
    before = rows()
    for actor in ("sue", "max", "ada"):
        with pytest.raises(ForbiddenError), crm.begin(actor) as uow:
            uow.comments.edit(comment.id, "Prefers nothing")
    for actor in ("sue", "max"):  # nor by a way round
        with pytest.raises(ForbiddenError), crm.begin(actor) as uow:
            uow.history.restore(Ref("comment", comment.id), 1)
    with pytest.raises(StaleVersionError), crm.begin("sam") as uow:
        uow.comments.edit(comment.id, "Prefers nothing", version=1)
    assert rows() == before


def test_a_comment_that_is_changed_into_what_it_is_stays_at_its_version(crm, ida, rows):
    comment = say(crm, ida, "Hello")
    before = rows()
    with crm.begin("sam") as uow:
        assert uow.comments.edit(comment.id, "Hello") == comment
    assert rows() == before


def test_authors_remove_their_own_comments_and_stewards_any(crm, actors, ida, rows):
    actors.add("stu", roles=["steward"])
    one, other = say(crm, ida, "One"), say(crm, ida, "Other")
    before = rows()
    for actor in ("sue", "max"):
        with pytest.raises(ForbiddenError), crm.begin(actor) as uow:
            uow.comments.remove(one.id)
    assert rows() == before
    with crm.begin("sam") as uow:
        uow.comments.remove(one.id)
    with crm.begin("stu") as uow:
        uow.comments.remove(other.id)
    assert bodies(crm, ida) == []


def test_a_comment_to_which_others_replied_is_not_removed_by_its_author(crm, actors, ida, rows):
    actors.add("stu", roles=["steward"])
    first = say(crm, ida, "Shall we?")
    say(crm, ida, "Yes", "sue", reply_to=first.id)
    before = rows()
    with pytest.raises(ForbiddenError), crm.begin("sam") as uow:
        uow.comments.remove(first.id)
    assert rows() == before
    with crm.begin("stu") as uow:
        uow.comments.remove(first.id)
        unit = uow.id
    assert bodies(crm, ida) == []
    with crm.begin("stu") as uow:
        uow.history.undo(unit)
    assert bodies(crm, ida) == ["Shall we?", "Yes"]


def test_what_was_said_is_taken_back_by_undo_and_said_again_by_undoing_that(crm, ida):
    with crm.begin("sam") as uow:
        uow.comments.add(ida, "Hello @sue")
        said = uow.id
    with crm.begin("sam") as uow:
        uow.history.undo(said)
        taken = uow.id
    assert bodies(crm, ida) == []
    with crm.begin("sam") as uow:
        uow.history.undo(taken)
    assert bodies(crm, ida) == ["Hello @sue"]


# -- records of plugins -----------------------------------------------------------------------------------------------


@pytest.fixture
def card(with_cards, toy, actors, ida):
    """A card of sam's, which others of the tenant may see."""
    with with_cards.begin("ada") as uow:
        rules = [
            Rule(effect="permit", permission=p, scope=s)
            for p, s in (("toycards.card.*", "own"), ("toycards.card.read", "all"))
        ]
        uow.permissions.define_role("carder", label="Carder", rules=rules)
    actors.add("sam", roles=["seller", "carder"], teams=["sales"])
    actors.add("sue", roles=["seller", "carder"], teams=["sales"])
    with with_cards.begin("sam") as uow:
        return Ref("toycards.card", uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=1)).id)


def test_a_record_of_a_plugin_takes_its_comments_files_and_decisions_along(with_cards, toy, card):
    """Whoever may remove it needs no right to those that others have written; and undo brings back all."""
    crm = with_cards
    first = say(crm, card, "Lost?", "sue")
    say(crm, card, "No", reply_to=first.id)
    with crm.begin("sue") as uow:
        uow.attachments.attach(card, name="scan.png", content=b"scan")
        uow.attachments.attach(Ref("comment", first.id), name="note.txt", content=b"note")
        old = uow.decisions.record(card, "Keep it", basis="Still valid")
        uow.decisions.record(card, "Replace it", basis="Worn", supersedes=old.id)
    with crm.begin("ada", read_only=True) as uow:
        before = [repr(r) for kind in ("comment", "attachment", "decision") for r in uow.each(uow.entity(kind))]
    with crm.begin("sam") as uow:
        uow.use(toy.Cards).drop(card.id)
        dropped = uow.id
    with crm.begin("ada", read_only=True) as uow:
        assert [uow.count(uow.entity(kind)) for kind in ("comment", "attachment", "decision")] == [0, 0, 0]
    with crm.begin("sam") as uow:
        uow.history.undo(dropped)
    with crm.begin("ada", read_only=True) as uow:
        after = [repr(r) for kind in ("comment", "attachment", "decision") for r in uow.each(uow.entity(kind))]
        assert [a.split("subject=")[1] for a in after] == [b.split("subject=")[1] for b in before]
    assert list(crm.verify(tenant=uow.tenant)) == []


def test_a_record_that_was_commented_on_since_is_not_undone(with_cards, toy, card, rows):
    crm = with_cards
    with crm.begin("ada", read_only=True) as uow:
        made = uow.history.changes(uow.get(toy.Card, card.id))[0].unit
    say(crm, card, "Lost?", "sue")
    before = rows()
    with pytest.raises(UndoRefusedError) as refused, crm.begin("sam") as uow:
        uow.history.undo(made)
    assert [c.reason for c in refused.value.conflicts] == ["in_use"]
    assert rows() == before


def test_a_record_of_a_plugin_that_is_disabled_can_be_talked_about(with_cards, tenant, card):
    crm = with_cards
    crm.plugins.disable("toycards", tenant=tenant)
    say(crm, card, "Who has it?")
    with crm.begin("sam") as uow:
        uow.attachments.attach(card, name="scan.png", content=b"scan")
        uow.decisions.record(card, "Keep it", basis="Still valid")
    assert bodies(crm, card, "sue") == ["Who has it?"]


def test_what_was_said_of_a_plugin_that_is_gone_is_seen_by_who_sees_everything(crm, with_cards, card):
    say(with_cards, card, "Lost?")
    for actor, seen in (("ada", ["Lost?"]), ("sue", []), ("sam", [])):
        with crm.begin(actor, read_only=True) as uow:
            assert [c.body for c in uow.each(Comment)] == seen


# -- merged parties ---------------------------------------------------------------------------------------------------


def test_what_hangs_on_a_party_follows_it_into_another_and_back(crm, ida):
    """Also what others have written: who may merge the parties need not be able to change that."""
    with crm.begin("sam") as uow:
        twin = Ref("party", uow.parties.add(Person(given_name="Ida", family_name="Berg")).id)
    first = say(crm, twin, "One", "sue")
    say(crm, twin, "Two", "max", reply_to=first.id)
    with crm.begin("sue") as uow:
        uow.attachments.attach(twin, name="a.txt", content=b"a")
        uow.attachments.attach(Ref("comment", first.id), name="b.txt", content=b"b")
        uow.decisions.record(twin, "10 % off", basis="Loyal")
    with crm.begin("sam") as uow:
        uow.parties.merge(twin.id, ida.id)
        merged = uow.id
    assert bodies(crm, ida, "sue") == ["One", "Two"]
    with crm.begin("sue", read_only=True) as uow:
        assert [a.name for a in uow.attachments.of(ida)] == ["a.txt"]
        assert [(a.name, a.ref) for a in uow.attachments.of(Ref("comment", first.id))] == [("b.txt", ida)]
        assert [d.text for d in uow.decisions.standing(ida)] == ["10 % off"]
    with crm.begin("sam") as uow:
        uow.history.undo(merged)
    assert (bodies(crm, ida), bodies(crm, twin)) == ([], ["One", "Two"])
    assert list(crm.verify(tenant=uow.tenant)) == []


def test_a_party_that_was_merged_takes_no_more_comments(crm, ida, rows):
    with crm.begin("sam") as uow:
        twin = Ref("party", uow.parties.add(Person(given_name="Ida", family_name="Berg")).id)
    with crm.begin("sam") as uow:
        uow.parties.merge(twin.id, ida.id)
    before = rows()
    with pytest.raises(NotFoundError):
        say(crm, twin, "Hello")
    assert rows() == before


# -- the 360 view, and criteria ---------------------------------------------------------------------------------------


def test_the_view_of_a_party_shows_what_was_said_last(crm, ida):
    for n in range(5):
        say(crm, ida, f"no. {n}\nmore")
    with crm.begin("sue", read_only=True) as uow:
        (section,) = [s for s in uow.parties.view(ida.id).sections if s.key == "comments"]
    assert [text for _, text in section.items] == [f"sam: no. {n} more" for n in (4, 3, 2)] + ["and 2 before"]
    assert section.data["count"] == 5


def test_records_are_found_by_what_was_said_about_them(crm, ida):
    with crm.begin("sam") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", amount=Money("5", "EUR"))
        uow.comments.add(Ref("deal", deal.id), "urgent")
    with crm.begin("sam", read_only=True) as uow:
        assert [d.id for d in uow.find(type(deal), f.comments.exists(f.body.contains("urgent")))] == [deal.id]
        assert uow.count(Person, f.comments.exists()) == 0
