"""Migrations: one line per unit, one transaction per revision, one process at a time, on both databases."""

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Column, MetaData, Table, UniqueConstraint, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from crmkit.core.kernel.entities.columns import Day, Exact, Flag, Id, Instant, Integer, Json, Text
from crmkit.core.kernel.entities.table import entity_table, money, new_metadata, ref
from crmkit.core.kernel.storage.engines import make_engine
from crmkit.core.kernel.storage.migrations import Migrations, Unit, current, heads, render, runner, schema_of
from crmkit.errors import MigrationError, RetryableStorageError

pytestmark = pytest.mark.migrations

SCHEMA = "crm"
HEADER = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {0!r}\ndown_revision = {1!r}\n"
CARD = "op.create_table('crm_card', sa.Column('id', sa.Integer(), primary_key=True))"
STAMP = "op.add_column('crm_card', sa.Column('stamp', sa.Text()))"


class Place:
    """A database, and the folders of migrations of some units."""

    def __init__(self, engine, folder, schema):
        self.engine, self.folder, self.schema = engine, folder, schema
        self.units = {}
        self.noted = []

    def unit(self, name, *revisions, depends=()):
        """A unit whose revisions are ``(stem, upgrade, downgrade)``, each on top of the one before."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        below = None
        for stem, *bodies in revisions:
            self.write(name, stem, *bodies, below=below)
            below = stem
        self.units[name] = Unit(id=name, location=folder, depends=depends)
        return self.units[name]

    def write(self, name, stem, upgrade="pass", downgrade="pass", *, below=None, revision=None):
        functions = f"def upgrade():\n    {upgrade}\n\n\ndef downgrade():\n    {downgrade}\n"
        (self.folder / name / f"{stem}.py").write_text(HEADER.format(revision or stem, below) + functions)

    @property
    def migrations(self):
        return Migrations(self.engine, self.units.values(), self.schema, after_revision=self.note)

    def note(self, connection, unit):
        self.noted.append((unit, self.current_on(connection)[unit]))

    def current_on(self, connection):
        return current(SimpleNamespace(connection=connection, schema=self.schema), self.units.values())

    def current(self):
        with self.engine.connect() as connection:
            return self.current_on(connection)

    def tables(self, prefix="crm_"):
        with self.engine.connect() as connection:
            return sorted(t for t in inspect(connection).get_table_names(self.schema) if t.startswith(prefix))

    def run(self, statement):
        """Run SQL in the schema, and give the first column."""
        with self.engine.begin() as connection:
            if self.schema:
                connection.execute(text(f'SET LOCAL search_path TO "{self.schema}"'))
            result = connection.execute(text(statement))
            return [row[0] for row in result] if result.returns_rows else None


@pytest.fixture(params=["sqlite", "postgresql", "postgresql in a schema"])
def place(request, make, tmp_path):
    if request.param == "postgresql in a schema":
        database = request.getfixturevalue("postgres_database")
        yield Place(make(make_engine, database, schema=SCHEMA), tmp_path, SCHEMA)
    else:
        url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
        yield Place(make(make_engine, url), tmp_path, None)


@pytest.fixture
def postgres_database(postgres, make):
    """A server's database in which the schema ``crm`` can be made and is removed."""
    engine = make(create_engine, postgres)
    name = f"crmkit_{id(engine):x}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    yield engine.url.set(database=name)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def cards(place):
    place.unit(
        "core", ("0001_initial", "op.create_table('crm_party', sa.Column('id', sa.Integer(), primary_key=True))")
    )
    place.unit(
        "cards",
        ("0001_initial", CARD, "op.drop_table('crm_card')"),
        ("0002_stamp", STAMP, "op.drop_column('crm_card', 'stamp')"),
    )
    return place


# -- up and down ------------------------------------------------------------------------------------------------------


def test_an_upgrade_applies_every_unit_to_its_head(cards):
    cards.migrations.upgrade()
    assert cards.current() == {"core": "0001_initial", "cards": "0002_stamp"}
    assert cards.tables() == ["crm_card", "crm_party", "crm_version_cards", "crm_version_core"]


def test_an_upgrade_tells_each_revision_before_it_is_applied(cards):
    told = []
    cards.migrations.upgrade(progress=lambda line: told.append((line, len(cards.noted))))
    assert told == [("core: 0001_initial", 0), ("cards: 0001_initial", 1), ("cards: 0002_stamp", 2)]


def test_an_upgrade_of_what_is_up_to_date_does_nothing(cards):
    cards.migrations.upgrade()
    told = []
    cards.migrations.upgrade(progress=told.append)
    assert told == []


def test_an_upgrade_goes_on_from_where_it_stands(cards):
    cards.migrations.upgrade()
    cards.write("cards", "0003_more", "op.create_table('crm_more', sa.Column('id', sa.Integer()))", below="0002_stamp")
    told = []
    cards.migrations.upgrade(progress=told.append)
    assert told == ["cards: 0003_more"]
    assert "crm_more" in cards.tables()


def test_one_unit_is_upgraded_with_what_it_depends_on_and_the_core(cards):
    cards.unit("other", ("0001_initial",))
    cards.unit("stamps", ("0001_initial",), depends=("cards",))
    cards.migrations.upgrade("stamps")
    assert [unit for unit, revision in cards.current().items() if revision] == ["core", "cards", "stamps"]


def test_units_are_upgraded_after_what_they_depend_on_the_core_first(place):
    place.unit("b", ("0001_initial",), depends=("c", "unknown"))
    place.unit("a", ("0001_initial",), depends=("b",))
    place.unit("c", ("0001_initial",))
    place.unit("core", ("0001_initial",))
    place.migrations.upgrade()
    assert [unit for unit, _ in place.noted] == ["core", "c", "b", "a"]


def test_the_status_says_what_is_pending(cards):
    cards.migrations.upgrade("core")
    core, other = cards.migrations.status()
    assert (core.current, core.head, core.pending, core.newer) == ("0001_initial", "0001_initial", (), False)
    assert (other.current, other.head, other.pending, other.newer) == (
        None,
        "0002_stamp",
        ("0001_initial", "0002_stamp"),
        False,
    )


def test_the_status_of_an_empty_unit_is_empty(place):
    place.unit("cards")
    place.migrations.upgrade()
    (status,) = place.migrations.status()
    assert (status.current, status.head, status.pending) == (None, None, ())


def test_a_downgrade_takes_back_newest_first(cards):
    cards.migrations.upgrade()
    told = []
    cards.migrations.downgrade("cards", "0001_initial", progress=told.append)
    assert told == ["cards: 0002_stamp"]
    assert cards.current()["cards"] == "0001_initial"
    assert [c["name"] for c in inspect(cards.engine).get_columns("crm_card", cards.schema)] == ["id"]


def test_a_downgrade_to_base_leaves_no_trace_of_the_unit(cards):
    cards.migrations.upgrade()
    cards.migrations.downgrade("cards", "base")
    assert cards.tables() == ["crm_party", "crm_version_core"]
    assert cards.current() == {"core": "0001_initial", "cards": None}


def test_up_down_and_up_again_gives_the_same_tables(cards):
    def there():
        with cards.engine.connect() as connection:
            return schema_of(connection, cards.schema)

    cards.migrations.upgrade()
    before = there()
    cards.migrations.downgrade("cards", "base")
    cards.migrations.upgrade()
    assert there() == before


def test_the_hook_after_a_revision_writes_in_its_transaction(cards):
    def fail(connection, unit):
        if unit == "cards":
            raise ZeroDivisionError

    migrations = Migrations(cards.engine, cards.units.values(), cards.schema, after_revision=fail)
    with pytest.raises(MigrationError, match="0001_initial failed"):
        migrations.upgrade()
    assert cards.tables() == ["crm_party", "crm_version_core"]


def test_the_hook_after_a_revision_finds_it_applied(cards):
    cards.migrations.upgrade("cards")
    assert cards.noted == [("core", "0001_initial"), ("cards", "0001_initial"), ("cards", "0002_stamp")]


# -- failing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", ["op.execute('this is no SQL')", "raise ZeroDivisionError('oh')"])
def test_a_revision_that_fails_leaves_nothing_and_those_before_it_stay(cards, failure):
    made = "op.create_table('crm_half', sa.Column('id', sa.Integer()))"
    row = "op.execute('INSERT INTO crm_card VALUES (7, null)')"
    cards.write("cards", "0003_half", f"{made}; {row}; {failure}", below="0002_stamp")
    with pytest.raises(MigrationError, match="0003_half failed, and nothing of it was applied") as caught:
        cards.migrations.upgrade()
    assert caught.value.unit == "cards"
    assert caught.value.__cause__ is not None
    assert cards.tables() == ["crm_card", "crm_party", "crm_version_cards", "crm_version_core"]
    assert cards.current()["cards"] == "0002_stamp"
    assert cards.run("SELECT count(*) FROM crm_card") == [0]


def test_the_very_first_revision_that_fails_leaves_nothing_not_even_a_version_table(place):
    place.unit("cards", ("0001_initial", CARD + "; raise ZeroDivisionError"))
    with pytest.raises(MigrationError):
        place.migrations.upgrade()
    assert place.tables() == []


def test_the_message_of_a_failure_shows_no_values(cards):
    twice = "op.execute(\"INSERT INTO crm_card VALUES (7, 's3cret'), (7, 's3cret')\")"
    cards.write("cards", "0003_twice", twice, below="0002_stamp")
    with pytest.raises(MigrationError) as caught:
        cards.migrations.upgrade()
    assert "s3cret" not in str(caught.value)
    assert "(7)" not in str(caught.value)


def test_a_downgrade_that_fails_leaves_everything(cards):
    cards.write(
        "cards", "0003_one_way", "pass", "raise NotImplementedError('cannot be taken back')", below="0002_stamp"
    )
    cards.migrations.upgrade()
    with pytest.raises(MigrationError, match="cannot be taken back"):
        cards.migrations.downgrade("cards", "base")
    assert cards.current()["cards"] == "0003_one_way"


def test_a_database_newer_than_the_code_is_refused(cards):
    cards.migrations.upgrade()
    (cards.folder / "cards" / "0002_stamp.py").unlink()
    for act in (cards.migrations.upgrade, lambda: cards.migrations.downgrade("cards", "base")):
        with pytest.raises(MigrationError, match="'0002_stamp', which the code does not have; it is newer"):
            act()
    assert cards.migrations.status()[1].newer
    assert cards.current()["cards"] == "0002_stamp"


def test_a_downgrade_to_an_unknown_revision_is_refused(cards):
    with pytest.raises(MigrationError, match="no revision '0009_x'; there are: 0001_initial, 0002_stamp"):
        cards.migrations.downgrade("cards", "0009_x")


@pytest.mark.parametrize("act", ["upgrade", "sql"])
def test_an_unknown_unit_is_refused(cards, act):
    with pytest.raises(MigrationError, match="no such unit; there are: core, cards"):
        getattr(cards.migrations, act)("other")


def broken(place, *files, match):
    for stem, options in files:
        place.write("cards", stem, **options)
    with pytest.raises(MigrationError, match=match):
        place.migrations.upgrade("cards")
    assert "crm_card" not in place.tables()


def test_a_branch_is_refused(cards):
    broken(cards, ("0002_other", {"below": "0001_initial"}), match="0002_other and 0002_stamp are a branch")


def test_a_branch_under_another_number_is_refused(cards):
    match = "0003_other.py must have revision = '0003_other' and down_revision = '0002_stamp'"
    broken(cards, ("0003_other", {"below": "0001_initial"}), match=match)


def test_a_file_whose_revision_is_not_its_name_is_refused(cards):
    match = "0003_name.py does not have revision = '0003_name'"
    broken(cards, ("0003_name", {"below": "0002_stamp", "revision": "0003_other"}), match=match)


def test_two_files_of_one_revision_are_refused(cards):
    match = "0003_name.py does not have revision = '0003_name'"
    broken(cards, ("0003_name", {"below": "0001_initial", "revision": "0002_stamp"}), match=match)


def test_a_file_on_top_of_one_that_is_not_there_is_refused(cards):
    broken(cards, ("0004_gap", {"below": "0003_missing"}), match="down_revision = '0003_missing', which is not there")


def test_a_file_that_cannot_be_loaded_is_refused(cards):
    (cards.folder / "cards" / "0003_bad.py").write_text("this is no Python")
    broken(cards, match="a file cannot be loaded: SyntaxError")


@pytest.mark.parametrize("stem", ["initial", "1_initial", "0001-initial", "0001_Initial", "0001_" + "x" * 28, "0001_"])
def test_a_file_that_is_not_named_like_a_revision_is_refused(tmp_path, stem):
    (tmp_path / f"{stem}.py").touch()
    with pytest.raises(MigrationError, match="is not named like 0007_card_number"):
        heads([Unit(id="cards", location=tmp_path)])


# -- where revisions are ----------------------------------------------------------------------------------------------


def test_heads_are_read_from_the_names_of_files(cards):
    (cards.folder / "cards" / "__init__.py").touch()
    assert heads(cards.units.values()) == {"core": "0001_initial", "cards": "0002_stamp"}


def test_a_folder_in_a_package_is_found_without_importing_the_package(tmp_path, monkeypatch):
    folder = tmp_path / "crmkit_cards" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise ImportError")
    (folder / "0001_initial.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    assert heads([Unit(id="cards", location="crmkit_cards:migrations")]) == {"cards": "0001_initial"}


@pytest.mark.parametrize(
    "location", ["nowhere:migrations", "crmkit:nowhere", "nowhere.at_all:migrations", "", Path("nowhere")]
)
def test_a_folder_that_is_not_there_is_named(location):
    with pytest.raises(MigrationError, match=f"no folder '{location}'"):
        heads([Unit(id="cards", location=location)])


def test_an_id_that_is_no_name_is_refused(cards):
    cards.units["x;"] = Unit(id="x;", location=cards.folder / "cards")
    with pytest.raises(MigrationError, match="lower-case letters"):
        cards.current()


def test_what_is_applied_is_asked_without_alembic(sqlite_url, tmp_path):
    program = f"""
        import sys
        from types import SimpleNamespace
        from crmkit.core.kernel.storage.engines import make_engine
        from crmkit.core.kernel.storage.migrations import Unit, current, heads
        units = [Unit(id="core", location={str(tmp_path)!r})]
        with make_engine({sqlite_url!r}).connect() as connection:
            print(current(SimpleNamespace(connection=connection, schema=None), units))
        print({{"alembic", "sqlalchemy.orm"}} & set(sys.modules))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["{'core': None}", "set()"]


def test_what_is_applied_takes_two_statements_for_any_number_of_units(cards):
    from sqlalchemy import event  # only here

    cards.migrations.upgrade()
    with cards.engine.connect() as connection:
        seen = []
        event.listen(connection, "before_cursor_execute", lambda *args: seen.append(args[2]))
        cards.current_on(connection)
    assert len(seen) == 2


# -- several at once --------------------------------------------------------------------------------------------------


def test_processes_that_upgrade_at_once_apply_each_revision_once(cards):
    """The slow revision makes sure that the others come while it runs."""
    slow = "import time; time.sleep(0.5); op.execute('INSERT INTO crm_card (id) VALUES (7)')"
    cards.write("cards", "0003_slow", slow, below="0002_stamp")
    program = f"""
        from pathlib import Path
        from crmkit.core.kernel.storage.engines import make_engine
        from crmkit.core.kernel.storage.migrations import Migrations, Unit
        url = {cards.engine.url.render_as_string(hide_password=False)!r}
        units = [Unit(id=u, location=Path({str(cards.folder)!r}) / u) for u in ("core", "cards")]
        engine = make_engine(url)
        Migrations(engine, units, {cards.schema!r}).upgrade(progress=print)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    ended = [(process.communicate(timeout=60), process.returncode) for process in running]
    assert [code for _, code in ended] == [0] * 4, ended
    applied = sorted(line for (out, _), _ in ended for line in out.splitlines())
    assert cards.current() == {"core": "0001_initial", "cards": "0003_slow"}
    assert cards.run("SELECT count(*) FROM crm_card") == [1]
    assert applied == ["cards: 0001_initial", "cards: 0002_stamp", "cards: 0003_slow", "core: 0001_initial"]


def test_a_lock_that_another_holds_too_long_is_retryable(cards, make, monkeypatch):
    engine = cards.engine
    with engine.connect() as holder:
        holder.begin()  # on SQLite with the write lock
        if engine.dialect.name == "sqlite":
            monkeypatch.setattr(runner, "WAIT", 50)
        else:
            holder.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": runner.ADVISORY_LOCK})
            engine = make(make_engine, engine.url.update_query_dict({"options": "-clock_timeout=50"}))
        with pytest.raises(RetryableStorageError):
            Migrations(engine, cards.units.values(), cards.schema).upgrade()
    assert cards.tables() == []


def test_a_migration_is_not_hurt_by_serializable(make, cards):
    if cards.engine.dialect.name == "postgresql":
        engine = make(make_engine, cards.engine.url, isolation_level="SERIALIZABLE")
        Migrations(engine, cards.units.values(), cards.schema).upgrade()
        assert cards.current()["cards"] == "0002_stamp"


# -- SQLite's own ways ------------------------------------------------------------------------------------------------


@pytest.fixture
def referred(make, sqlite_url, tmp_path):
    """A table with rows that rows of another table refer to."""
    place = Place(make(make_engine, sqlite_url), tmp_path, None)
    part = "op.create_table('crm_part', sa.Column('card', sa.Integer(), sa.ForeignKey('crm_card.id')))"
    rows = "op.execute('INSERT INTO crm_card VALUES (7)'); op.execute('INSERT INTO crm_part VALUES (7)')"
    place.unit("cards", ("0001_initial", f"{CARD}; {part}; {rows}"))
    place.migrations.upgrade()
    return place


def test_a_table_that_others_refer_to_can_be_made_anew(referred):
    """Dropping the old one would delete its rows one by one, had foreign keys been on."""
    stamp = "sa.Column('stamp', sa.Text(), nullable=False, server_default='none')"
    anew = f"with op.batch_alter_table('crm_card', recreate='always') as batch: batch.add_column({stamp})"
    referred.write("cards", "0002_anew", anew, below="0001_initial")
    referred.migrations.upgrade()
    assert referred.run("SELECT stamp FROM crm_card") == ["none"]
    assert referred.run("SELECT card FROM crm_part") == [7]
    with pytest.raises(IntegrityError):
        referred.run("INSERT INTO crm_part VALUES (8)")


def test_a_revision_that_would_leave_dangling_references_is_refused(referred):
    referred.write("cards", "0002_lost", "op.execute('DELETE FROM crm_card')", below="0001_initial")
    with pytest.raises(MigrationError, match="rows of crm_part that refer to rows of crm_card that are not there"):
        referred.migrations.upgrade()
    assert referred.run("SELECT id FROM crm_card") == [7]
    assert referred.current() == {"cards": "0001_initial"}


def test_connections_are_given_back_as_they_were(make, sqlite_url, tmp_path):
    place = Place(make(make_engine, sqlite_url, pool_size=1), tmp_path, None)
    place.unit("cards", ("0001_initial", CARD + "; raise ZeroDivisionError"))
    with pytest.raises(MigrationError):
        place.migrations.upgrade()
    with place.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5000


def test_a_hosts_engine_is_attached_before_it_migrates(make, sqlite_url, tmp_path):
    place = Place(make(create_engine, sqlite_url), tmp_path, None)
    place.unit("cards", ("0001_initial", CARD + "; raise ZeroDivisionError"))
    with pytest.raises(MigrationError):
        place.migrations.upgrade()
    assert place.tables() == []


def test_a_database_in_memory_can_be_migrated(make, tmp_path):
    place = Place(make(make_engine, "sqlite://"), tmp_path, None)
    place.unit("cards", ("0001_initial", CARD))
    place.migrations.upgrade()
    assert place.tables() == ["crm_card", "crm_version_cards"]


# -- PostgreSQL's schemas ---------------------------------------------------------------------------------------------


def test_tables_are_made_in_the_schema_also_by_sql_text_and_beside_others_of_their_names(
    make, postgres_database, tmp_path
):
    """Another crmkit in the default schema has a version table of the same name."""
    one = Place(make(make_engine, postgres_database), tmp_path, None)
    one.unit("cards", ("0001_initial", f"{CARD}; op.execute('CREATE INDEX i ON crm_card (id)')"))
    other = Place(make(make_engine, postgres_database), tmp_path, SCHEMA)
    other.units = one.units
    one.migrations.upgrade()
    assert other.current() == {"cards": None}
    other.migrations.upgrade()
    assert one.tables() == other.tables() == ["crm_card", "crm_version_cards"]
    with one.engine.connect() as connection:
        assert schema_of(connection) == schema_of(connection, SCHEMA)


# -- as SQL -----------------------------------------------------------------------------------------------------------


def test_the_sql_makes_what_an_upgrade_makes(cards, make, request, tmp_path):
    sql = cards.migrations.sql()
    assert cards.tables() == []
    if cards.engine.dialect.name == "sqlite":
        import sqlite3  # only here

        driver = sqlite3.connect(cards.engine.url.database)
        driver.executescript(sql)
        driver.close()
    else:
        with cards.engine.connect() as connection:
            driver = connection.connection.driver_connection
            driver.autocommit = True
            driver.execute(sql)
            driver.autocommit = False
            connection.invalidate()
    assert cards.current() == {"core": "0001_initial", "cards": "0002_stamp"}
    with cards.engine.connect() as connection:
        by_sql = schema_of(connection, cards.schema)
    cards.migrations.downgrade("cards", "base")
    cards.migrations.upgrade()
    with cards.engine.connect() as connection:
        assert schema_of(connection, cards.schema) == by_sql


def test_the_sql_asks_no_database(tmp_path):
    place = Place(make_engine("postgresql://crm@db.invalid/crm"), tmp_path, SCHEMA)
    place.unit("cards", ("0001_initial", CARD))
    sql = place.migrations.sql()
    assert 'SET search_path TO "crm", public;' in sql
    assert "CREATE TABLE crm.crm_version_cards" in sql


def test_what_needs_a_database_is_refused_as_sql(cards):
    asking = "op.get_bind().execute(sa.text('SELECT 1')).scalar()"
    cards.write("cards", "0003_asks", asking, below="0002_stamp")
    with pytest.raises(MigrationError, match="cannot be written as SQL without a database"):
        cards.migrations.sql("cards")


# -- rendering --------------------------------------------------------------------------------------------------------


def some_tables():
    metadata = new_metadata()
    entity_table("crm_party", metadata, Column("name", Text(), nullable=False), unique=[("name",)])
    deals = entity_table(
        "crm_sales_deal",
        metadata,
        ref("party"),
        money("amount"),
        Column("probability", Exact(6)),
        Column("won", Flag(), nullable=False),
        Column("close_on", Day()),
        Column("due_at", Instant()),
        Column("count", Integer(), nullable=False, server_default="0"),
        Column("extra", Json()),
        Column("other", Id()),
        indexes=[("won", "due_at")],
    )
    from sqlalchemy import Index  # only here

    Index("ox_crm_sales_deal_due_at", deals.c.tenant_id, deals.c.due_at.is_(None), deals.c.due_at, deals.c.id)
    Index("ox_unique", deals.c.tenant_id, deals.c.count, unique=True)
    Index("ox_sum", deals.c.tenant_id, deals.c.count + deals.c.version)
    return metadata


def test_a_rendered_migration_makes_what_create_all_makes(place):
    metadata = some_tables()
    place.unit("sales")
    source = render(metadata)
    (place.folder / "sales" / "0001_initial.py").write_text(source)
    assert "crmkit" not in source
    assert "sa.column('due_at').is_(None)" in source

    place.migrations.upgrade()
    with place.engine.connect() as connection:
        migrated = schema_of(connection, place.schema)
    place.migrations.downgrade("sales", "base")
    assert place.tables() == []
    metadata.create_all(place.engine)
    with place.engine.connect() as connection:
        created = schema_of(connection, place.schema)
    assert migrated == created
    assert set(created) == {"crm_party", "crm_sales_deal"}
    assert created["crm_sales_deal"]["indexes"]["ox_crm_sales_deal_due_at"].count("due_at") >= 2


def test_the_core_itself_can_be_rendered(place):
    from crmkit.core.kernel.storage.tables import metadata  # only here

    place.unit("core")
    (place.folder / "core" / "0001_initial.py").write_text(render(metadata))
    place.migrations.upgrade()
    with place.engine.connect() as connection:
        migrated = schema_of(connection, place.schema)
    place.migrations.downgrade("core", "base")
    metadata.create_all(place.engine)
    with place.engine.connect() as connection:
        assert schema_of(connection, place.schema) == migrated


def test_tables_that_refer_to_the_core_s_are_rendered_without_it():
    metadata = new_metadata()
    entity_table("crm_sales_deal", metadata, ref("party"))
    source = render(metadata)
    assert "'crm_party.tenant_id', 'crm_party.id'" in source
    assert source.count("op.create_table") == source.count("op.drop_table") == 1
    assert list(metadata.tables) == ["crm_sales_deal"]


def test_types_of_others_are_rendered_as_alembic_does():
    from sqlalchemy import String  # only here

    metadata = MetaData()
    Table("crm_odd", metadata, Column("x", String(7)), UniqueConstraint("x", name="uq_odd"))
    assert "sa.String(length=7)" in render(metadata, revision="0002_odd", below="0001_initial", title="Odd")


# -- comparing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX more ON crm_party (name)",
        "ALTER TABLE crm_party ADD COLUMN more TEXT",
        "ALTER TABLE crm_party RENAME COLUMN name TO title",
        "DROP INDEX ox_crm_sales_deal_due_at",
        "CREATE TABLE crm_more (id INTEGER CHECK (id > 0))",
    ],
)
def test_every_change_of_the_tables_is_seen(url, make, change):
    engine = make(make_engine, url)
    some_tables().create_all(engine)
    with engine.begin() as connection:
        before = schema_of(connection)
        assert schema_of(connection) == before
        connection.execute(text(change))
    with engine.connect() as connection:
        assert schema_of(connection) != before


@pytest.mark.parametrize(
    "change",
    [
        "ALTER COLUMN name DROP NOT NULL",
        "ALTER COLUMN name SET DEFAULT 'x'",
        'ALTER COLUMN name TYPE text COLLATE "POSIX"',
        "ALTER COLUMN version TYPE integer",
        "ADD CONSTRAINT more CHECK (version > 0)",
        "DROP CONSTRAINT pk_crm_party CASCADE",
    ],
)
def test_every_change_of_a_column_is_seen(postgres_url, make, change):
    engine = make(make_engine, postgres_url)
    some_tables().create_all(engine)
    with engine.connect() as connection:
        before = schema_of(connection)
        connection.execute(text(f"ALTER TABLE crm_party {change}"))
        assert schema_of(connection) != before
