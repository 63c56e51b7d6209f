"""An undo finds the jobs of its unit by indexes, however many jobs there are."""

import pytest

from crmkit import new_id
from crmkit.core.kernel.jobs.queries import CANCEL, INSERT, REQUEUE, TO_CANCEL, TO_REQUEUE, blank
from crmkit.core.kernel.storage.database import Db

ASKED = {
    "what an undo would cancel": (TO_CANCEL, ["ix_crm_job_undo", "ix_crm_job_unit"]),
    "what an undo cancels": (CANCEL, ["ix_crm_job_undo", "ix_crm_job_unit"]),
    "what a redo would queue again": (TO_REQUEUE, ["ix_crm_job_undo"]),
    "what a redo queues again": (REQUEUE, ["ix_crm_job_undo"]),
}


@pytest.fixture
def plans(crm, tenant):
    """How the database answers each question among thousands of jobs that wait and thousands that were dropped."""
    now = crm.runtime.clock.now()
    said = {"kind": "event", "name": "PartyAdded", "plugin": "reminding", "handler": "reminding:greet", "payload": {}}

    def job(n):
        dropped = {"state": "dropped", "due_at": None, "undo_id": new_id()} if n % 2 else {}
        return {**blank(tenant, new_id(), now), **said, "unit_id": new_id(), **dropped}

    def explained(db, statement):
        found = db.prepare(statement)
        of = {"tenant": tenant, "unit": new_id(), "undo": new_id(), "error": "undone", "over": now, "due": now}
        prefix = "EXPLAIN QUERY PLAN" if db.dialect == "sqlite" else "EXPLAIN"
        return str(db.connection.exec_driver_sql(f"{prefix} {found.sql}", found.bind(of)).all())

    with crm.engine.connect() as connection, connection.begin() as transaction:
        db = Db(connection)
        db.run_many(INSERT, [job(n) for n in range(6_000)])
        connection.exec_driver_sql("ANALYZE crm_job")
        found = {question: explained(db, statement) for question, (statement, _) in ASKED.items()}
        transaction.rollback()
    return found


@pytest.mark.parametrize("question", ASKED)
def test_the_jobs_of_a_unit_are_found_by_indexes(plans, question):
    _, indexes = ASKED[question]
    assert [index for index in indexes if index not in plans[question]] == []
    assert not [word for word in ("SCAN crm_job", "Seq Scan") if word in plans[question]]
