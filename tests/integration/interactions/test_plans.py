"""The questions that are asked all day are answered by a range of an index, in SQLite's own words."""

import pytest
from sqlalchemy import event

from crmkit import Ref


@pytest.fixture
def plans(crm):
    """A function that gives the plan of every statement on ``table`` that a query sends."""

    def plans_of(table, ask):
        sent = []

        def remember(_connection, _cursor, statement, parameters, _context, _many):
            if f"FROM {table} " in statement.replace("\n", " "):
                sent.append((statement, parameters))

        with crm.begin("ada", read_only=True) as uow:
            event.listen(crm.engine, "before_cursor_execute", remember)
            ask(uow.interactions)
            event.remove(crm.engine, "before_cursor_execute", remember)
        with crm.engine.connect() as connection:
            explained = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in sent]
        return [step.detail for steps in explained for step in steps]

    return plans_of


ASKED = {
    "timeline": ("crm_interaction", lambda area, ida: area.timeline(ida.id), "party_id=?"),
    "last entry": ("crm_interaction", lambda area, ida: area.last_state(ida.id), "party_id=?"),
    "promises": ("crm_activity", lambda area, ida: area.last_state(ida.id), "party_id=? AND status=?"),
    "due": ("crm_activity", lambda area, _: area.due(), "status=? AND due_at<?"),
    "my due": ("crm_activity", lambda area, _: area.due(assignee="ada"), "assignee_id=? AND status=? AND due_at<?"),
    "next action": (
        "crm_activity",
        lambda area, ida: area.next_action(Ref("party", ida.id)),
        "party_id=? AND status=?",
    ),
}


@pytest.mark.parametrize("question", ASKED)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_is_answered_by_a_range_of_an_index_and_nothing_is_sorted(plans, ida, question):
    table, ask, condition = ASKED[question]
    (step,) = plans(table, lambda area: ask(area, ida))
    assert step.startswith(f"SEARCH {table}")
    assert f"(tenant_id=? AND {condition})" in step


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_later_page_begins_where_the_one_before_ended(crm, plans, ida, ago):
    with crm.begin("ada") as uow:
        for hours in range(3):
            uow.interactions.record(party=ida.id, channel="chat", summary="hello", occurred_at=ago(hours=hours))
        first = uow.interactions.timeline(ida.id, limit=1)
    (step,) = plans("crm_interaction", lambda area: area.timeline(ida.id, limit=1, after=first.next))
    assert "(tenant_id=? AND party_id=? AND (occurred_at,id)<(?,?))" in step
