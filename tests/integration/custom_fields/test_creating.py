"""Custom values of new records: of every command that makes one from what it is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmkit import NextAction, Person, Ref
from crmkit.errors import InvalidValueError

DUE = datetime(2030, 1, 1, 9, tzinfo=UTC)


def planned(uow, ida, **custom):
    return uow.interactions.plan(kind="call", subject="Call", due_at=DUE, party=ida.id, **custom)


def completed(uow, ida, **custom):
    done = uow.interactions.complete(planned(uow, ida).id, summary="called", **custom)
    return uow.get(uow.entity("interaction"), done.interaction_id)


def next_of(uow, ida, **custom):
    action = NextAction(kind="call", subject="Again", due_at=DUE, **custom)
    first = uow.interactions.plan(kind="call", subject="Call", due_at=DUE, party=ida.id, custom={"size": 1})
    uow.interactions.complete(first.id, next_action=action)
    return uow.interactions.next_action(Ref("party", ida.id))


def related(uow, ida, **custom):
    other = uow.parties.add(Person(given_name="Ola"))
    return uow.parties.relate(ida.id, "spouse_of", other.id, **custom)


ADDING = {
    "deal.open": ("deal", lambda uow, ida, **c: uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", **c)),
    "interaction.record": (
        "interaction",
        lambda uow, ida, **c: uow.interactions.record(party=ida.id, channel="phone", summary="rang", **c),
    ),
    "interaction.note": (
        "interaction",
        lambda uow, ida, **c: uow.interactions.note(party=ida.id, kind="shop.sold", summary="bought", **c),
    ),
    "thread.open": ("thread", lambda uow, ida, **c: uow.interactions.open_thread(party=ida.id, subject="Leak", **c)),
    "activity.plan": ("activity", planned),
    "activity.complete": ("interaction", completed),
    "next action": ("activity", next_of),
    "mechanism.add": (
        "mechanism",
        lambda uow, ida, **c: uow.parties.add_mechanism(ida.id, "email", "a@b.example", **c),
    ),
    "email.add": ("mechanism", lambda uow, ida, **c: uow.parties.add_email(ida.id, "a@b.example", **c)),
    "phone.add": ("mechanism", lambda uow, ida, **c: uow.parties.add_phone(ida.id, "+47 22 33 44 55", **c)),
    "address.add": ("mechanism", lambda uow, ida, **c: uow.parties.add_address(ida.id, locality="Oslo", **c)),
    "handle.add": ("mechanism", lambda uow, ida, **c: uow.parties.add_handle(ida.id, "telegram", "@ida", **c)),
    "url.add": ("mechanism", lambda uow, ida, **c: uow.parties.add_url(ida.id, "https://berg.example", **c)),
    "identifier.add": ("identifier", lambda uow, ida, **c: uow.parties.add_identifier(ida.id, "tax", "1", **c)),
    "party.relate": ("relationship", related),
    "party_role.add": ("party_role", lambda uow, ida, **c: uow.parties.add_role(ida.id, "supplier", **c)),
    "comment.add": ("comment", lambda uow, ida, **c: uow.comments.add(Ref("party", ida.id), "nice", **c)),
    "attachment.attach": (
        "attachment",
        lambda uow, ida, **c: uow.attachments.attach(Ref("party", ida.id), name="a.txt", content=b"a", **c),
    ),
    "decision.record": (
        "decision",
        lambda uow, ida, **c: uow.decisions.record(Ref("party", ida.id), "yes", basis="law", **c),
    ),
}
"""Command to the entity of what it makes, and a call of it."""


@pytest.fixture
def ida(crm):
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida"))


@pytest.mark.parametrize("command", ADDING)
def test_a_new_record_takes_custom_values_and_must_have_those_that_are_required(command, crm, ida, rows):
    entity, call = ADDING[command]
    with crm.begin("ada") as uow:
        uow.custom_fields.define(entity, "size", "number", required=True)
    before = rows()
    for refused in ({}, {"custom": {"size": "large"}}):
        with pytest.raises(InvalidValueError, match="size"), crm.begin("ada") as uow:
            call(uow, ida, **refused)
        assert rows() == before
    with crm.begin("ada") as uow:
        made = call(uow, ida, custom={"size": 7})
    with crm.begin("ada", read_only=True) as uow:
        assert dict(uow.get(uow.entity(entity), made.id).custom) == {"size": 7}


def test_what_was_done_with_nobody_has_no_interaction_for_custom_values(crm, rows):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("interaction", "size", "number")
        alone = uow.interactions.plan(kind="task", subject="Tidy up", due_at=DUE)
    before = rows()
    with pytest.raises(InvalidValueError), crm.begin("ada") as uow:
        uow.interactions.complete(alone.id, custom={"size": 7})
    assert rows() == before
