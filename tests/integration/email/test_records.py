"""Messages are records like others: custom fields, history, undo and restore of what may be, merge and un-merge."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit import Person, Ref, Thread, f
from crmkit.errors import InvalidValueError, RefusedError, UndoRefusedError, UnknownFieldError
from crmkit.plugins.email import Courier, Email, Message
from crmkit.sdk import Attachment, Interaction

pytestmark = pytest.mark.usefixtures("verified")

LETTER = b"From: %s\nTo: post@crm.example\nSubject: Slates\nMessage-ID: <%s@berg.example>\n\nHello"


@pytest.fixture
def project(crm):
    """A custom field of messages."""
    with crm.begin("ada") as uow:
        uow.custom_fields.define("email.message", "project", "text", label="Project")


@pytest.fixture
def changed(crm):
    """A function that does something in a unit of its own and gives the unit's id."""

    def act(command):
        with crm.begin("ada") as uow:
            command(uow)
            return uow.id

    return act


@pytest.fixture
def undo(changed):
    return lambda unit: changed(lambda uow: uow.history.undo(unit))


def refused(crm, rows, error, act):
    before = rows()
    with pytest.raises(error) as found, crm.begin("ada") as uow:
        act(uow)
    assert rows() == before
    return found.value


def kept(crm, kind):
    with crm.begin("ada", read_only=True) as uow:
        return uow.count(kind)


# -- custom fields ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("project")
def test_custom_fields_are_set_whatever_became_of_the_message_found_by_and_undone(  # noqa: PLR0917  # fixtures
    crm, ida, send, work, stored, changed, undo
):
    message = send(party=ida)
    work()
    unit = changed(lambda uow: uow.use(Email).annotate(message.id, {"project": "ridge"}))
    assert (stored(message.id).state, stored(message.id).custom) == ("sent", {"project": "ridge"})
    with crm.begin("ada", read_only=True) as uow:
        assert [one.id for one in uow.find(Message, f.custom.project == "ridge")] == [message.id]
    undo(unit)
    assert (stored(message.id).state, stored(message.id).custom) == ("sent", {})


@pytest.mark.usefixtures("project")
def test_other_custom_fields_keep_their_values_and_none_takes_one_away(crm, ida, send, stored, changed):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("email.message", "size", "number", label="Size")
    message = send(party=ida)
    for custom in ({"project": "ridge", "size": 3}, {"size": 4}, {"project": None}):
        changed(lambda uow, custom=custom: uow.use(Email).annotate(message.id, custom))
    assert stored(message.id).custom == {"size": 4}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("custom", "error"), [({"projekt": "x"}, UnknownFieldError), ({"project": 7}, InvalidValueError)]
)
def test_a_custom_field_that_is_none_and_a_value_that_is_none_are_refused(crm, ida, send, rows, custom, error):  # noqa: PLR0917  # fixtures
    message = send(party=ida)
    refused(crm, rows, error, lambda uow: uow.use(Email).annotate(message.id, custom))


# -- undo and restore -------------------------------------------------------------------------------------------------


def test_what_was_queued_claimed_sent_or_cancelled_is_not_undone(crm, ida, changed, rows, work, tenant, clock):  # noqa: PLR0917  # fixtures
    def queue(key, **said):
        made = {}

        def send(uow):
            made["message"] = uow.use(Email).send(party=ida, purpose="service", key=key, subject="a", text="b", **said)

        return changed(send), made["message"]

    queued, later = queue("later", at=clock.now() + timedelta(hours=1))
    cancelled = changed(lambda uow: uow.use(Email).cancel(later.id))
    _, message = queue("now")
    claimed = changed(lambda uow: uow.use(Email).claim("courier"))
    refused(crm, rows, UndoRefusedError, lambda uow: uow.history.undo(claimed))
    with crm.begin("ada") as uow:
        uow.use(Email).settle("courier", {message.id: None})
    Courier(lambda: crm.begin("ada"), Email, tenant).run()
    with crm.begin("ada", read_only=True) as uow:
        settled = uow.history.versions(Ref("email.message", message.id))
    for unit in (queued, cancelled, *(version.unit for version in settled)):
        refused(crm, rows, UndoRefusedError, lambda uow, unit=unit: uow.history.undo(unit))


def test_records_changing_refuses_to_send_a_message_again_by_restoring_it(crm, ida, send, work, server, rows):  # noqa: PLR0917  # fixtures
    message = send(party=ida)
    work()
    ref = Ref("email.message", message.id)
    for version in (1, 2):
        error = refused(crm, rows, RefusedError, lambda uow, version=version: uow.history.restore(ref, version))
        assert [(one.code, one.plugin) for one in error.refusals] == [("sent", "email")]
    work()
    assert server.counts == {"ida@berg.example": 1}


@pytest.mark.usefixtures("project")
def test_a_message_is_restored_as_far_as_nothing_is_sent_by_it(ida, send, work, stored, changed, server):  # noqa: PLR0917  # fixtures
    message = send(party=ida)
    work()
    changed(lambda uow: uow.use(Email).annotate(message.id, {"project": "ridge"}))
    version = stored(message.id).version
    changed(lambda uow: uow.use(Email).annotate(message.id, {"project": "gutter"}))
    changed(lambda uow: uow.history.restore(Ref("email.message", message.id), version))
    assert (stored(message.id).state, stored(message.id).custom) == ("sent", {"project": "ridge"})
    work()
    assert server.counts == {"ida@berg.example": 1}


def test_mail_that_was_taken_in_is_undone_as_a_whole_and_redone(crm, ida, changed, undo):
    taken_in = changed(lambda uow: uow.use(Email).receive(LETTER % (b"ida@berg.example", b"m1")))
    undone = undo(taken_in)
    assert [kept(crm, kind) for kind in (Message, Thread, Attachment)] == [0, 0, 0]
    undo(undone)
    with crm.begin("ada", read_only=True) as uow:
        (message,) = uow.each(Message)
        assert (message.state, message.text, message.party_id) == ("received", "Hello", ida)
        assert uow.get(Interaction, message.interaction_id).summary == "Slates"
        (file,) = uow.each(Attachment)
        with uow.attachments.open(file.id) as content:
            assert content.read() == LETTER % (b"ida@berg.example", b"m1")


def test_saying_who_a_sender_is_can_be_undone(crm, ida, changed, undo, stored):
    changed(lambda uow: uow.use(Email).receive(LETTER % (b"who@c.example", b"m1")))
    with crm.begin("ada", read_only=True) as uow:
        (message,) = uow.each(Message)
    assigned = changed(lambda uow: uow.use(Email).assign(message.id, party=ida))
    assert stored(message.id).party_id == ida
    undo(assigned)
    assert (stored(message.id).party_id, stored(message.id).thread_id) == (None, None)
    assert [kept(crm, kind) for kind in (Message, Thread)] == [1, 0]


# -- merge ------------------------------------------------------------------------------------------------------------


def test_merging_two_parties_brings_their_messages_together_and_un_merging_parts_them(  # noqa: PLR0917  # fixtures
    crm, ida, send, work, server, changed, undo
):
    with crm.begin("ada") as uow:
        twin = uow.parties.add(Person(given_name="Ida", family_name="Lund"), emails=["ida@lund.example"]).id
    hers = [send(key="a", party=twin).id, send(key="b", party=ida).id]
    work()
    changed(lambda uow: uow.use(Email).receive(LETTER % (b"ida@lund.example", b"m1")))
    changed(lambda uow: uow.use(Email).receive(LETTER % (b"ida@berg.example", b"m2")))

    def whose():
        with crm.begin("ada", read_only=True) as uow:
            return {one.id: one.party_id for one in uow.each(Message)}

    before = whose()
    assert [list(before.values()).count(party) for party in (ida, twin)] == [2, 2]
    merged = changed(lambda uow: uow.parties.merge(twin, ida))
    assert set(whose().values()) == {ida}
    with crm.begin("ada", read_only=True) as uow:
        assert len(uow.parties.view(ida).sections) > 0
        said = next(s for s in uow.parties.view(ida).sections if s.key == "mail")
    assert len(said.data["messages"]) == 4
    assert send(key="a", to="ida@lund.example").id == hers[0]  # the same key and address is the same message still
    undo(merged)
    assert whose() == before
    work()
    assert server.counts == {"ida@berg.example": 1, "ida@lund.example": 1}
