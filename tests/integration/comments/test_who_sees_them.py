"""A viewer sees what hangs on a record if and only if the viewer sees the record; whatever asks, and whoever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import Attachment, Comment, Deal, Decision, Money, Ref, Rule, f
from crmkit.core.permissions.roles.model import Role
from crmkit.errors import NotFoundError

MODELS = (Comment, Attachment, Decision)
VIEWERS = ("ada", "max", "sam", "sue", "ned", "vic", "odd", "nobody")


def seen(uow, model):
    """The deals of which a viewer sees what hangs on them."""
    return {one.subject_id for one in uow.each(model, f.subject == "deal")}


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_hangs_on_a_record_is_seen_with_it(crm, actors, ida, data):
    actors.add("odd", roles=["seller", "odd"], teams=data.draw(st.lists(st.sampled_from(["sales", "north"]))))
    with crm.begin("ada") as uow:
        forbid = Rule(effect="forbid", permission="deal.read", where=f.title == "odd")
        if not uow.count(Role, f.key == "odd"):
            uow.permissions.define_role("odd", label="Odd", rules=[forbid])
        deals = []
        for _ in range(4):
            title = data.draw(st.sampled_from(["odd", "even"]))
            owner = data.draw(st.sampled_from(["sam", "sue", "ned", "odd", "ada"]))
            deal = uow.pipelines.open(
                pipeline="sales", party=ida.id, title=title, amount=Money("5", "EUR"), owner=owner
            )
            deals.append(deal.id)
            ref = Ref("deal", deal.id)
            comment = uow.comments.add(ref, title)
            uow.attachments.attach(Ref("comment", comment.id), name=title, content=title.encode())
            uow.decisions.record(ref, title, basis=title)
        if data.draw(st.booleans()):
            uow.permissions.share("deal", data.draw(st.sampled_from(deals)), actor="nobody")
    for viewer in VIEWERS:
        with crm.begin(viewer, read_only=True) as uow:
            visible = {d.id for d in uow.each(Deal)}
            for model in MODELS:
                hanging = seen(uow, model)
                assert hanging == visible, (viewer, model)
                assert uow.count(model, f.subject == "deal") == len(hanging)
                for deal in deals:  # one record at a time is asked in another way
                    where = (f.subject == "deal") & (f.subject_id == deal)
                    assert uow.count(model, where) == len(uow.find(model, where)) == (deal in hanging)


@pytest.mark.parametrize("actor", ["max", "sam", "ned", "nobody"])
def test_a_delegate_sees_what_hangs_on_what_was_lent(crm, ida, actor):
    """Where rights are lent, one record at a time is filtered as all are."""
    with crm.begin("sam") as uow:
        uow.comments.add(ida, "Hello")
    with crm.begin("sue") as uow:
        uow.permissions.delegate(to=actor, permissions=["party.*", "comment.*"], until=uow.now + timedelta(days=1))
    with crm.begin(actor, on_behalf_of="sue", read_only=True) as uow:
        assert [c.body for c in uow.comments.of(ida)] == ["Hello"]
        assert [c.body for c in uow.each(Comment)] == ["Hello"]
        with pytest.raises(NotFoundError):
            uow.comments.of(Ref("party", uow.id))


def test_what_is_forbidden_is_not_read_with_the_record(crm, actors, ida):
    with crm.begin("ada") as uow:
        forbid = Rule(effect="forbid", permission="comment.read")
        uow.permissions.define_role("deaf", label="Deaf", rules=[forbid])
        uow.comments.add(ida, "Hello, @dan")
    actors.add("dan", roles=["seller", "deaf"], teams=["sales"])
    with crm.begin("dan", read_only=True) as uow:
        assert list(uow.comments.of(ida)) == []
        assert uow.count(Comment) == 0
        assert uow.notifications.mine() == ()
        assert [s.key for s in uow.parties.view(ida.id).sections] == []


def test_a_share_gives_what_hangs_on_the_record(crm, ida):
    """Also to somebody who has no role at all."""
    with crm.begin("sam") as uow:
        comment = uow.comments.add(ida, "Hello")
        uow.permissions.share("party", ida.id, actor="nobody")
    with crm.begin("nobody", read_only=True) as uow:
        assert [c.body for c in uow.comments.of(ida)] == ["Hello"]
    with crm.begin("ada", read_only=True) as uow:
        said = uow.permissions.explain("comment.read", "comment", comment.id, actor="nobody")
    assert said.allowed
    assert "comment is read with it" in str(said)
