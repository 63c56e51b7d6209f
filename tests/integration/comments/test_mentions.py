"""A mention notifies a user who may read the record, and nobody else (F102)."""

from __future__ import annotations

import pytest

from crmkit import ActorMentioned, Person, Ref, new_id
from crmkit.errors import LimitExceededError, NotFoundError, ReadOnlyUnitError

EVERYBODY = ("ada", "max", "sam", "sue", "ned", "vic", "nobody")


def mine(crm, actor, **how):
    with crm.begin(actor, read_only=True) as uow:
        return [n.comment.body for n in uow.notifications.mine(**how)]


def say(crm, ref, body, actor="sam", **more):
    with crm.begin(actor) as uow:
        return uow.comments.add(ref, body, **more)


def test_a_mention_notifies_who_may_read_the_record_and_nobody_else(crm, ida, recorded_events):
    everybody = " ".join(f"@{actor}" for actor in (*EVERYBODY, "gone", "ghost"))
    comment = say(crm, ida, everybody)
    assert {actor for actor in EVERYBODY if mine(crm, actor)} == {"ada", "max", "sue", "vic"}
    told = recorded_events.of(ActorMentioned)
    assert [e.actor for e in told] == ["ada", "max", "sue", "vic"]
    assert {(e.comment, e.about, e.origin.actor) for e in told} == {(comment.id, ida, "sam")}


def test_who_mentions_somebody_is_not_told_whether_that_one_may_read_it(crm, ida, recorded_events):
    """What the author gets, and all that others of the same rights can see, is the same either way."""
    with crm.begin("sam") as uow:
        seen = uow.comments.add(ida, "x", mentions=["sue"])
        hidden = uow.comments.add(ida, "x", mentions=["ned"])
        unknown = uow.comments.add(ida, "x", mentions=["ghost"])
    plain = [repr(c).replace(str(c.id), "ID") for c in (seen, hidden, unknown)]
    assert len(set(plain)) == 1
    for actor in ("sam", "max"):
        with crm.begin(actor, read_only=True) as uow:
            versions = [uow.history.versions(Ref("comment", c.id)) for c in (seen, hidden, unknown)]
            assert {repr(v) for v in versions} == {repr(versions[0])}
            assert uow.notifications.mine() == ()


def test_nobody_is_notified_later_who_gains_the_right(crm, ida):
    say(crm, ida, "Look, @ned")
    with crm.begin("sam") as uow:
        uow.permissions.share("party", ida.id, actor="ned")
    assert mine(crm, "ned") == []
    say(crm, ida, "Look now, @ned")
    assert mine(crm, "ned") == ["Look now, @ned"]


def test_a_right_given_in_the_same_unit_counts(crm, ida):
    with crm.begin("sam") as uow:
        uow.permissions.share("party", ida.id, actor="ned")
        uow.comments.add(ida, "Look, @ned")
    assert mine(crm, "ned") == ["Look, @ned"]


def test_a_right_given_in_a_unit_that_fails_is_not_remembered(crm, ida, rows):
    before = rows()
    with pytest.raises(ZeroDivisionError), crm.begin("sam") as uow:
        uow.permissions.share("party", ida.id, actor="ned")
        uow.comments.add(ida, "Look, @ned")
        raise ZeroDivisionError
    assert rows() == before
    with crm.begin("ada") as uow:
        uow.permissions.add_team("other")  # which takes the number that the failed unit had taken
    say(crm, ida, "Look, @ned")
    with crm.begin("ned", read_only=True) as uow:
        assert not uow.sees(Person, [ida.id])
    assert mine(crm, "ned") == []


def test_a_notification_whose_record_may_not_be_seen_any_more_is_not_shown(crm, ida, rows):
    with crm.begin("sam") as uow:
        uow.permissions.share("party", ida.id, actor="ned")
    say(crm, ida, "Look, @ned")
    with crm.begin("ned", read_only=True) as uow:
        (told,) = uow.notifications.mine()
    with crm.begin("sam") as uow:
        uow.permissions.unshare("party", ida.id, actor="ned")
    assert mine(crm, "ned") == []
    before = rows()
    for nothing in (told.id, new_id()):
        with pytest.raises(NotFoundError), crm.begin("ned") as uow:
            uow.notifications.mark_read(nothing)
    assert rows() == before


def test_a_notification_is_its_actors_alone(crm, ida, rows):
    say(crm, ida, "Look, @sue")
    with crm.begin("sue", read_only=True) as uow:
        (told,) = uow.notifications.mine()
    before = rows()
    for actor in ("ada", "sam", "max"):
        assert mine(crm, actor) == []
        with pytest.raises(NotFoundError), crm.begin(actor) as uow:
            uow.notifications.mark_read(told.id)
    with pytest.raises(ReadOnlyUnitError), crm.begin("sue", read_only=True) as uow:
        uow.notifications.mark_read(told.id)
    assert rows() == before


def test_a_notification_stays_in_its_tenant(crm, crm_with, tenant, ida, rows):
    say(crm, ida, "Look, @vic")
    with crm.begin("vic", read_only=True) as uow:
        (told,) = uow.notifications.mine()
    other = crm_with(tenant=f"{tenant}-2")
    before = rows()
    assert mine(other, "vic") == []
    with pytest.raises(NotFoundError), other.begin("vic") as uow:
        uow.notifications.mark_read(told.id)
    assert rows() == before


def test_what_is_marked_as_read_is_no_longer_unread(crm, ida):
    say(crm, ida, "One, @sue")
    say(crm, ida, "Two, @sue")
    with crm.begin("sue") as uow:
        two, one = uow.notifications.mine()
        assert (one.read_at, one.ref, one.comment.author_id) == (None, ida, "sam")
        uow.notifications.mark_read(one.id)
        uow.notifications.mark_read(one.id)
    assert mine(crm, "sue", unread=True) == ["Two, @sue"]
    with crm.begin("sue", read_only=True) as uow:
        read = {n.id: n.read_at for n in uow.notifications.mine()}
    assert (read[two.id], read[one.id] is None) == (None, False)


def test_notifications_come_page_by_page_over_what_is_hidden(crm, ida):
    with crm.begin("ada") as uow:
        hidden = Ref("party", uow.parties.add(Person(given_name="Ole", family_name="Dahl")).id)
        uow.permissions.share("party", hidden.id, actor="sue")
    with crm.begin("ada") as uow:
        uow.comments.add(ida, "first @sue")
        for n in range(120):
            uow.comments.add(hidden, f"{n} @sue")
        uow.comments.add(ida, "second @sue")
    with crm.begin("ada") as uow:
        uow.permissions.unshare("party", hidden.id, actor="sue")
    assert mine(crm, "sue", limit=2) == ["second @sue", "first @sue"]
    with crm.begin("sue", read_only=True) as uow:
        (newest,) = uow.notifications.mine(limit=1)
        assert [n.comment.body for n in uow.notifications.mine(before=newest.id)] == ["first @sue"]
        for wrong in (0, 501):
            with pytest.raises(LimitExceededError):
                uow.notifications.mine(limit=wrong)


def test_an_edit_notifies_those_who_are_mentioned_for_the_first_time(crm, ida, recorded_events):
    comment = say(crm, ida, "Look, @sue")
    with crm.begin("sam") as uow:
        uow.comments.edit(comment.id, "Look, @sue and @max", mentions=["vic"])
    assert [e.actor for e in recorded_events.of(ActorMentioned)] == ["sue", "max", "vic"]
    assert mine(crm, "sue") == ["Look, @sue and @max"]


def test_nobody_is_notified_of_what_was_taken_back(crm, ida):
    with crm.begin("sam") as uow:
        uow.comments.add(ida, "Look, @sue")
        said = uow.id
    with crm.begin("sue") as uow:
        uow.notifications.mark_read(uow.notifications.mine()[0].id)
    with crm.begin("sam") as uow:
        uow.history.undo(said)
        taken = uow.id
    assert mine(crm, "sue") == []
    with crm.begin("sam") as uow:
        uow.history.undo(taken)
    assert mine(crm, "sue") == ["Look, @sue"]
    assert mine(crm, "sue", unread=True) == []


def test_what_is_refused_notifies_nobody(crm, ida, rows, recorded_events):
    before = rows()
    with crm.begin("sam") as uow, pytest.raises(ZeroDivisionError), uow.attempt():
        uow.comments.add(ida, "Look, @sue")
        raise ZeroDivisionError
    assert rows() == before
    assert recorded_events.of(ActorMentioned) == []
