"""However many parties there are, a batch is recognised by ranges of indexes; in SQLite's own words."""

import pytest
from sqlalchemy import event

FILE = (
    "external id,given name,family name,email,phone,organisation,notes\n"
    "1,Ida,Berg,ida@berg.example,+4722123456,Berg Roofs,Calls before ten\n"
    "2,Tom,Reid,tom@reid.example,+4722123457,Berg Roofs,Never calls\n"
)
SEARCHED = {
    ("crm_identifier", "(tenant_id=? AND scheme=? AND value=?)"),
    ("crm_mechanism", "(tenant_id=? AND search_key=?)"),
    ("crm_party", "(tenant_id=? AND id=?)"),
    *((f"crm_{part}", "(tenant_id=? AND party_id=?)") for part in ("identifier", "mechanism", "relationship")),
    ("crm_interaction", "(tenant_id=? AND party_id=?)"),
    ("crm_search", "(tenant_id=? AND entity=? AND record_id=?)"),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_recognising_rows_walks_through_no_table(crm, importer, csv):
    """Asked for the keys of a batch in the order of ids, a database without statistics would walk through them all."""
    importer.run(csv(FILE))
    sent = []

    def remember(_connection, _cursor, sql, values, _context, _many):
        if sql.startswith("SELECT") and " IN (" in sql:
            sent.append((sql, values))

    event.listen(crm.engine, "before_cursor_execute", remember)
    assert importer.run(csv(FILE.replace("Ida,", "Idi,"))).updated == 1
    event.remove(crm.engine, "before_cursor_execute", remember)
    with crm.engine.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in sent]
    steps = [steps[0].detail for steps in plans]
    assert {(step.split()[1].removesuffix("_1"), step[step.index("(") :]) for step in steps} == SEARCHED
