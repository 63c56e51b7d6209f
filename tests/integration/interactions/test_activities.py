"""What is planned is done once, by somebody, and leaves an interaction."""

from datetime import datetime, timedelta

import pytest

from crmkit import CRM, Actor, Config, Money, Ref, f
from crmkit.core.interactions.activities.events import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityPlanned,
    ActivityReassigned,
    ActivityRescheduled,
)
from crmkit.core.interactions.activities.model import Activity, NextAction
from crmkit.core.interactions.activities.rules import without_next_action
from crmkit.core.interactions.events import InteractionRecorded
from crmkit.core.interactions.model import Interaction, Participant
from crmkit.core.pipelines.definitions.model import NewStage, Pipeline
from crmkit.core.pipelines.model import Deal
from crmkit.errors import (
    ConflictError,
    InvalidValueError,
    NaiveDatetimeError,
    NotFoundError,
    RefusedError,
    UnknownChannelError,
)
from crmkit.values.ids import new_id

TOMORROW = timedelta(days=1)
NAIVE = datetime(2026, 3, 2)  # noqa: DTZ001  # the naive datetime is what is refused

CHANGES = {
    "complete": {},
    "cancel": {"reason": "because"},
    "reassign": {"assignee": "sam"},
    "reschedule": {"due_at": datetime.fromisoformat("2030-01-01T00:00:00Z")},
}


def plan(crm, actor="ada", **said):
    with crm.begin(actor) as uow:
        return uow.interactions.plan(**{"kind": "call", "subject": "call back", "due_at": uow.now + TOMORROW, **said})


def stored(crm, activity):
    with crm.begin("ada", read_only=True) as uow:
        return uow.get(Activity, activity.id)


@pytest.fixture
def roof(crm, ida):
    with crm.begin("ada") as uow:
        return uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", amount=Money("12000", "EUR"))


def test_what_is_planned_is_read_back_as_it_was_said(crm, ida, told):
    planned = plan(crm, party=ida.id, note="ask for the size", priority="high", assignee="sam")
    assert stored(crm, planned) == planned
    assert (planned.status, planned.assignee_id, planned.version) == ("open", "sam", 1)
    assert told == [
        ActivityPlanned(
            activity=planned.id, kind="call", due_at=planned.due_at, assignee="sam", party=ida.id, about=None
        )
    ]


def test_whoever_plans_does_it_unless_a_team_shall(crm):
    assert plan(crm).assignee_id == "ada"
    for_team = plan(crm, team="sales")
    assert (for_team.assignee_id, for_team.team_id) == (None, "sales")


def test_what_is_about_a_deal_is_with_its_party_and_keeps_its_title(crm, ida, roof):
    planned = plan(crm, about=Ref("deal", roof.id))
    assert (planned.party_id, planned.ref, planned.about_label) == (ida.id, Ref("deal", roof.id), "Roof")


def test_what_is_about_a_party_is_with_that_party(crm, ida):
    assert plan(crm, about=Ref("party", ida.id)).party_id == ida.id


def test_what_is_done_records_the_interaction_in_the_same_unit_and_both_are_linked(crm, ida, roof, told):
    planned = plan(crm, about=Ref("deal", roof.id))
    with crm.begin("ada") as uow:
        done = uow.interactions.complete(
            planned.id, summary="agreed on the price", direction="out", participants=[Participant(name="the neighbour")]
        )
    with crm.begin("ada", read_only=True) as uow:
        said = uow.get(Interaction, done.interaction_id)
        assert uow.get(Activity, planned.id) == done
    assert (done.status, done.closed_at) == ("done", said.occurred_at)
    assert (said.party_id, said.ref, said.about_label) == (ida.id, Ref("deal", roof.id), "Roof")
    assert (said.summary, said.channel, said.direction) == ("agreed on the price", "phone", "out")
    assert [type(e) for e in told] == [ActivityPlanned, InteractionRecorded, ActivityCompleted]
    assert told[-1].interaction == said.id


def test_what_concerns_nobody_is_done_without_an_interaction(crm):
    planned = plan(crm, kind="task", subject="order paper")
    with crm.begin("ada") as uow:
        done = uow.interactions.complete(planned.id)
        assert (done.status, done.interaction_id) == ("done", None)
        assert uow.count(Interaction) == 0


def test_what_comes_next_is_planned_in_the_same_unit(crm, ida, roof):
    planned = plan(crm, about=Ref("deal", roof.id))
    with crm.begin("ada") as uow:
        action = NextAction(kind="meeting", subject="sign", due_at=uow.now + TOMORROW)
        uow.interactions.complete(planned.id, next_action=action)
        following = uow.interactions.next_action(Ref("deal", roof.id))
        assert following is not None
        assert (following.kind, following.subject, following.about_label) == ("meeting", "sign", "Roof")
        assert uow.interactions.next_action(Ref("party", ida.id)) == following


def test_what_is_reassigned_or_rescheduled_tells_what_it_was(crm, told):
    planned = plan(crm)
    with crm.begin("ada") as uow:
        moved = uow.interactions.reassign(planned.id, assignee="sam")
        later = uow.interactions.reschedule(planned.id, due_at=planned.due_at + TOMORROW)
    assert (moved.assignee_id, later.assignee_id, later.due_at) == ("sam", "sam", planned.due_at + TOMORROW)
    assert told[1:] == [
        ActivityReassigned(activity=planned.id, before="ada", assignee="sam", team=None),
        ActivityRescheduled(activity=planned.id, before=planned.due_at, due_at=later.due_at),
    ]


def test_reassigning_to_the_same_actor_is_no_change(crm, told):
    planned = plan(crm)
    with crm.begin("ada") as uow:
        assert uow.interactions.reassign(planned.id, assignee="ada").version == 1
    assert len(told) == 1


def test_what_is_cancelled_says_why_and_leaves_no_interaction(crm, ida, told):
    planned = plan(crm, party=ida.id)
    with crm.begin("ada") as uow:
        gone = uow.interactions.cancel(planned.id, reason="moved away")
        assert uow.count(Interaction) == 0
    assert (gone.status, gone.cancel_reason) == ("cancelled", "moved away")
    assert told[-1] == ActivityCancelled(activity=planned.id, party=ida.id, about=None)


# -- asking -----------------------------------------------------------------------------------------------------------


def test_due_is_what_is_open_and_not_later_than_asked_for_the_earliest_first(crm):
    with crm.begin("ada") as uow:
        area, now = uow.interactions, uow.now
        late = area.plan(kind="task", subject="late", due_at=now - TOMORROW)
        today = area.plan(kind="task", subject="today", due_at=now)
        area.plan(kind="task", subject="next week", due_at=now + 7 * TOMORROW)
        sams = area.plan(kind="task", subject="sam's", due_at=now - 2 * TOMORROW, assignee="sam")
        norths = area.plan(kind="task", subject="north's", due_at=now - 3 * TOMORROW, team="north")
        done = area.plan(kind="task", subject="done", due_at=now - TOMORROW)
        area.complete(done.id)
        assert [a.id for a in area.due()] == [norths.id, sams.id, late.id, today.id]
        assert [a.id for a in area.due(assignee="ada")] == [late.id, today.id]
        assert [a.id for a in area.due(team="north")] == [norths.id]
        assert [a.subject for a in area.due(until=now + 8 * TOMORROW, assignee="ada")] == ["late", "today", "next week"]
        first = area.due(limit=3)
        assert [a.id for a in area.due(limit=3, after=first.next)] == [today.id]


def test_the_next_action_of_a_record_is_its_earliest_open_activity(crm, roof):
    of = Ref("deal", roof.id)
    with crm.begin("ada") as uow:
        area = uow.interactions
        assert area.next_action(of) is None
        area.plan(kind="call", subject="later", due_at=uow.now + 2 * TOMORROW, about=of)
        sooner = area.plan(kind="call", subject="sooner", due_at=uow.now + TOMORROW, about=of)
        assert area.next_action(of) == sooner
        area.cancel(sooner.id, reason="because")
        following = area.next_action(of)
        assert following is not None
        assert following.subject == "later"


def test_open_deals_without_a_next_action_are_exactly_those_without_an_open_activity(crm, ida):
    with crm.begin("ada") as uow:
        area = uow.interactions
        deals = {
            name: uow.pipelines.open(pipeline="sales", party=ida.id, title=name)
            for name in ("none", "open", "done", "cancelled", "done and open")
        }
        for name, deal in deals.items():
            if "done" in name:
                area.complete(area.plan(kind="call", subject="x", due_at=uow.now, about=Ref("deal", deal.id)).id)
            if "cancelled" in name:
                gone = area.plan(kind="call", subject="x", due_at=uow.now, about=Ref("deal", deal.id))
                area.cancel(gone.id, reason="because")
            if "open" in name:
                area.plan(kind="call", subject="x", due_at=uow.now - TOMORROW, about=Ref("deal", deal.id))
        found = {d.title for d in uow.find(Deal, (f.category == "open") & without_next_action())}
    assert found == {"none", "done", "cancelled"}


def test_a_party_has_a_next_action_if_anything_is_planned_with_it(crm, ida, roof):
    plan(crm, about=Ref("deal", roof.id))
    with crm.begin("ada") as uow:
        other = uow.parties.add(type(ida)(given_name="Per", family_name="Dahl"))
        found = {p.id for p in uow.find(type(ida), without_next_action())}
    assert found == {other.id}


# -- the policy that nothing is left without a next action ------------------------------------------------------------


@pytest.fixture
def strict(crm, ida):
    """A deal on a pipeline that demands a next action, with one activity planned."""
    with crm.begin("ada") as uow:
        uow.pipelines.define_pipeline(
            Pipeline(key="strict", label="Strict", demands_next_action=True),
            stages=(NewStage(key="lead"), NewStage(key="won", category="won"), NewStage(key="lost", category="lost")),
        )
        deal = uow.pipelines.open(pipeline="strict", party=ida.id, title="Roof")
        return uow.interactions.plan(kind="call", subject="call", due_at=uow.now, about=Ref("deal", deal.id))


@pytest.mark.parametrize("verb", ["complete", "cancel"])
def test_the_last_open_activity_of_a_deal_cannot_be_closed_by_itself(crm, strict, rows, verb):
    before = rows()
    with pytest.raises(RefusedError) as caught, crm.begin("ada") as uow:
        getattr(uow.interactions, verb)(strict.id, **CHANGES[verb])
    assert [r.code for r in caught.value.refusals] == ["next_action_missing"]
    assert rows() == before


@pytest.mark.parametrize("verb", ["complete", "cancel"])
def test_it_can_be_closed_together_with_planning_the_next_one(crm, strict, verb):
    with crm.begin("ada") as uow:
        action = NextAction(kind="call", subject="again", due_at=uow.now + TOMORROW)
        assert not getattr(uow.interactions, verb)(strict.id, **CHANGES[verb], next_action=action).is_open


def test_it_can_be_closed_while_another_one_is_open(crm, strict):
    with crm.begin("ada") as uow:
        uow.interactions.plan(kind="call", subject="again", due_at=uow.now + TOMORROW, about=strict.ref)
        assert uow.interactions.complete(strict.id).status == "done"


def test_what_is_won_needs_no_next_action(crm, strict):
    with crm.begin("ada") as uow:
        uow.pipelines.win(strict.about_id)
        assert uow.interactions.complete(strict.id).status == "done"


def test_the_configuration_can_demand_a_next_action_of_any_entity(crm, ida, tenant, rows):
    planned = plan(crm, party=ida.id)
    config = Config.of({"crmkit": {"default_tenant": tenant}, "interactions": {"demand_next_action": ["party"]}})
    administrators = {"ada": Actor(id="ada", roles=("administrator",))}
    demanding = CRM(config, engine=crm.engine, actors=lambda _, ids: {i: administrators[i] for i in ids}).start()
    before = rows()
    with pytest.raises(RefusedError, match="next_action_missing"), demanding.begin("ada") as uow:
        uow.interactions.complete(planned.id)
    assert rows() == before


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"due_at": NAIVE}, NaiveDatetimeError),
        ({"due_at": None}, InvalidValueError),
        ({"kind": "cal"}, InvalidValueError),
        ({"subject": ""}, InvalidValueError),
        ({"priority": "urgent"}, InvalidValueError),
        ({"party": new_id()}, NotFoundError),
        ({"about": Ref("deal", new_id())}, NotFoundError),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_planning_is_refused_and_nothing_is_changed(crm, rows, told, said, error):
    before = rows()
    with pytest.raises(error):
        plan(crm, **said)
    assert rows() == before
    assert told == []


@pytest.mark.parametrize("verb", CHANGES)
@pytest.mark.parametrize("end", ["complete", "cancel"])
def test_what_is_closed_stays_closed(crm, ida, rows, verb, end):
    planned = plan(crm, party=ida.id)
    with crm.begin("ada") as uow:
        getattr(uow.interactions, end)(planned.id, **CHANGES[end])
    before = rows()
    with pytest.raises(ConflictError), crm.begin("ada") as uow:
        getattr(uow.interactions, verb)(planned.id, **CHANGES[verb])
    assert rows() == before


REFUSED = {
    "an unknown channel": ("complete", {"channel": "pigeon"}, UnknownChannelError),
    "a naive instant": ("complete", {"occurred_at": NAIVE}, NaiveDatetimeError),
    "no reason": ("cancel", {"reason": " "}, InvalidValueError),
    "nobody": ("reassign", {}, InvalidValueError),
    "a naive date": ("reschedule", {"due_at": NAIVE}, NaiveDatetimeError),
    "no date": ("reschedule", {"due_at": None}, InvalidValueError),
}


@pytest.mark.parametrize("change", REFUSED)
def test_a_change_is_refused_and_nothing_is_changed(crm, ida, rows, change):
    verb, said, error = REFUSED[change]
    planned = plan(crm, party=ida.id)
    before = rows()
    with pytest.raises(error), crm.begin("ada") as uow:
        getattr(uow.interactions, verb)(planned.id, **said)
    assert rows() == before


def test_what_was_said_with_nobody_is_not_dropped_silently(crm, rows):
    planned = plan(crm)
    before = rows()
    with pytest.raises(InvalidValueError, match="no party"), crm.begin("ada") as uow:
        uow.interactions.complete(planned.id, summary="agreed")
    assert rows() == before
