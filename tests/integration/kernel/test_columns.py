"""Column types through SQLAlchemy itself, as hosts use crmkit's tables in queries of their own."""

from sqlalchemy import Column, MetaData, Table, create_engine, insert, select

from crmkit.core.kernel.entities.columns import EMPTY, Integer, Json


def test_json_is_stored_once_encoded_and_comes_back_frozen(database_url):
    table = Table("json_once", MetaData(), Column("id", Integer(), primary_key=True), Column("value", Json()))
    given = [EMPTY, {"a": [1, None, "ø"]}, [1, 2], "text", 1.5, None]
    engine = create_engine(database_url)
    with engine.connect() as connection:
        table.create(connection)
        connection.execute(insert(table), [{"id": n, "value": value} for n, value in enumerate(given)])
        found = connection.execute(select(table.c.value).order_by(table.c.id)).scalars().all()
        assert found == [EMPTY, {"a": [1, None, "ø"]}, (1, 2), "text", 1.5, None]
        if engine.dialect.name == "postgresql":
            kinds = connection.exec_driver_sql("SELECT jsonb_typeof(value) FROM json_once ORDER BY id").scalars().all()
            assert kinds == ["object", "object", "array", "string", "number", None]
        connection.rollback()
        table.drop(connection, checkfirst=True)
        connection.commit()
    engine.dispose()
