"""``crmkit service_desk``, and the section of the 360 view."""

from datetime import date, timedelta

import pytest
from command_lines import running

from crmkit.errors import CrmkitError
from crmkit.plugins.service_desk import Assets, Promises, Returns, ServiceDesk
from crmkit.plugins.service_desk.cli import group


@pytest.fixture
def run(crm):
    """Runs a command as Ada; gives what it prints."""
    return running(crm, group)


def test_a_case_goes_all_its_way_on_the_command_line(run, party, crm):
    said = run("open", party, "Leaking roof", "--kind", "incident", "--detail", "severity=major", "--channel", "phone")
    assert said.startswith("#1      new      normal 2026-03-02 09:00 -          Leaking roof")
    assert "open     normal" in run("assign", 1, "sam")
    assert "waiting" in run("answer", 1, "We come", "--channel", "phone", "--wait")
    assert run("page").startswith("#1      waiting")
    assert "resolved" in run("resolve", 1, "--outcome", "New tiles")
    assert run("page") == "No case\n"
    assert run("page", "--status", "resolved").startswith("#1")
    assert "open" in run("reopen", 1, "--reason", "it drips")
    shown = run("show", 1)
    assert "  severity: major\n" in shown
    assert [line.split()[2] for line in shown.splitlines() if " by ada" in line] == [
        "new",
        "open",
        "waiting",
        "resolved",
        "open",
    ]


def test_a_case_about_an_asset_says_whether_it_is_covered(run, party, crm):
    with crm.begin("ada") as uow:
        boiler = uow.use(Assets).add_asset(party, name="Boiler", product="B-7")
        uow.use(Assets).add_term(boiler.id, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    told = "  covered: the warranty of Boiler runs from 2026-01-01 to 2026-12-31\n"
    assert told in run("open", party, "It leaks", "--asset", boiler.id)
    assert told in run("show", 1)
    with crm.begin("ada") as uow:
        uow.use(Assets).retire_asset(boiler.id)
    assert "  not covered: Boiler is out of use since 2026-03-02\n" in run("show", 1)
    assert "covered" not in run("open", party, "Leaking roof")


def test_cases_are_merged_and_the_way_back_is_named(run, opened, crm):
    opened()
    opened(subject="Roof")
    said = run("merge", 2, 1)
    unit = said.rsplit(" ", 1)[1].strip()
    assert f"to take it back: crmkit undo {unit}" in said
    assert len(run("page").splitlines()) == 1


def test_queues_are_shown_and_their_cases_distributed(run, opened, crm):
    with crm.begin("ada") as uow:
        desk = uow.use(ServiceDesk)
        desk.add_queue("roofs", label="Roofs", strategy="least_busy")
        desk.set_agent("roofs", "sam")
        desk.add_queue("walls", label="Walls")
    opened(queue="roofs")
    assert run("queues").splitlines() == [
        "roofs                least_busy   Roofs  sam",
        "walls                manual       Walls",
    ]
    assert run("distribute") == "1 of 1 cases assigned\n"
    assert "sam" in run("page", "--queue", "roofs")


def test_solutions_are_shown_by_their_use(run, opened, crm):
    with crm.begin("ada") as uow:
        solution = uow.use(ServiceDesk).add_solution("Replace the tiles", "One by one")
    opened(subject="Broken tiles")
    assert "may help:     0  " in run("show", 1)
    run("resolve", 1, "--solution", solution.id)
    assert run("solutions") == f"    1  {solution.id}  Replace the tiles\n"


def test_what_is_said_wrongly_is_refused(run, opened, party, rows):
    opened()
    before = rows()
    assert "either --outcome or --solution" in run("resolve", 1, status=2)
    assert "is not FIELD=VALUE" in run("open", party, "X", "--detail", "severity", status=2)
    assert "Invalid value" in run("open", party, "X", "--kind", "riddle", status=2)
    with pytest.raises(CrmkitError, match="not found"):
        run("assign", 7, "sam")
    assert rows() == before


def test_the_360_view_shows_what_is_under_way_and_what_was_resolved_last(crm, opened, party):
    done = opened(subject="Old")
    opened(assignee="sam")
    with crm.begin("ada") as uow:
        uow.use(ServiceDesk).resolve(done.id, outcome="Done")
    with crm.begin("ada", read_only=True) as uow:
        (section,) = [one for one in uow.parties.view(party).sections if one.plugin == "service_desk"]
    assert section.items == (("#2", "Leaking roof (open, sam)"), ("#1", "Old (resolved)"))


def test_the_360_view_says_nothing_of_who_has_no_case(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        assert [one for one in uow.parties.view(party).sections if one.plugin == "service_desk"] == []


def test_promises_are_shown_and_recounted_on_the_command_line(run, party, crm):
    assert run("sla", "policies") == "Nothing is promised\n"
    assert run("sla", "calendars") == "No calendar; time is counted around the clock\n"
    with crm.begin("ada") as uow:
        week = [["08:00-16:00"]] * 5 + [[], []]
        uow.use(Promises).add_calendar("office", label="Office", week=week, timezone="Europe/Oslo")
        uow.use(Promises).add_policy("Gold", tier="gold", resolution=timedelta(hours=2))
    assert run("sla", "calendars").startswith(
        "office       all teams    Europe/Oslo          08:00-16:00 | 08:00-16:00"
    )
    assert run("sla", "policies") == "gold       any        any              - 120 min  Gold\n"
    run("open", party, "Leaking roof")
    assert run("sla", "recount") == "1 open cases counted on 2026-03-02 09:00 UTC, 0 of them changed\n"
    assert run("sla", "tell") == "0 cases with something to tell\n"


def test_reports_are_shown_on_the_command_line(run, party, crm):
    with crm.begin("ada") as uow:
        uow.use(Promises).add_policy("All", resolution=timedelta(hours=2))
        desk = uow.use(ServiceDesk)
        desk.resolve(desk.open_case(party=party, subject="Leak", product="B-7").id, outcome="Mended")
        desk.open_case(party=party, subject="Drip")
        uow.use(Returns).record_return(party, product="B-7", reason="defective", quantity=3)
    assert run("report", "volumes", "--by", "product", "--since", "2026-03-02").splitlines()[1:] == [
        "B-7                             1        1        0",
        "-                               1        0        0",
    ]
    assert run("report", "kept", "resolution").splitlines()[1:] == [
        "all                             1        0        1   100.0%  0:00:00"
    ]
    assert run("report", "backlog").splitlines()[1:] == [
        "all                           1      0      0      0      0        0        0"
    ]
    assert run("report", "returns", "--until", "2026-03-02").splitlines()[1:] == [
        "defective                       3   100.0%   100.0% *"
    ]
