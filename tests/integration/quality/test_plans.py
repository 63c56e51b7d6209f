"""Scores of a page of records are found by the index of their ids, also in a table of which nothing is known yet."""

import pytest

from crmkit import new_id
from crmkit.core.kernel.quality.tables import quality_score_table
from crmkit.core.kernel.storage.among import id_lists
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.units.projecting import _deleting, _inserting


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_looks_at_no_more_scores_than_those_between_the_first_and_the_last(crm, tenant):
    """Counting on few rows, it would compare all scores of the tenant with each of the ids."""
    ids = [new_id() for _ in range(3_000)]
    score = {"entity": "party", "score": 50, "completeness": 50, "validity": None}
    [(length, named)] = id_lists(ids[1_000:2_000], "postgresql")
    with crm.engine.connect() as connection, connection.begin() as transaction:
        db = Db(connection)
        db.run_many(_inserting(quality_score_table), [{"tenant_id": tenant, "record_id": id_, **score} for id_ in ids])
        found = db.prepare(_deleting(quality_score_table, length))
        values = found.bind({"tenant": tenant, "entity": "party", **named})
        plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {found.sql}", values).all()]
        assert any("Index Cond" in step and "record_id >= " in step and "record_id <= " in step for step in plan)
        assert db.run(_deleting(quality_score_table, length), {"tenant": tenant, "entity": "party", **named}) == 1_000
        transaction.rollback()
