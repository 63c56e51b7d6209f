"""A deployment in a folder of its own, and a way to say ``crmkit ...`` in it."""

import json
import shutil
import sys
import uuid
import warnings

import pytest
from click.testing import CliRunner
from sqlalchemy import MetaData, create_engine, inspect, literal_column, select, table

from crmkit import CRM, Config, Manifest, Person
from crmkit.cli.root import root
from crmkit.core.kernel.plugins import discovery
from crmkit.testing import postgres

CONFIG = """\
# written by hand
[crmkit]
default_tenant = "acme"
plugins = []  # none yet

[database]
url = "{url}"
{schema}
[access]
membership = "database"

[parties]
default_region = "GB"
"""


class Deployment:
    """A folder with a crmkit.toml, which is the working directory."""

    def __init__(self, folder, url, schema=None):
        self.folder, self.url, self.schema = folder, url, schema
        self.file = folder / "crmkit.toml"
        said = f'schema = "{schema}"\n' if schema else ""
        self.file.write_text(CONFIG.format(url=url, schema=said), "utf-8")

    def run(self, *args, actor="ada", **options):
        """What ``crmkit ...`` does and prints."""
        before = ["--actor", actor] if actor else []
        return CliRunner().invoke(root, [*before, *map(str, args)], prog_name="crmkit", **options)

    def done(self, *args, **options):
        """What it prints on stdout; it must succeed."""
        ran = self.run(*args, **options)
        assert ran.exit_code == 0, ran.output
        return ran.stdout

    def refused(self, *args, **options):
        """The one line that it prints on stderr; it must fail with status 1, and change neither file nor database."""
        before = self.file.read_text("utf-8"), self.stored()
        ran = self.run(*args, **options)
        assert ran.exit_code == 1, ran.output
        assert (self.file.read_text("utf-8"), self.stored()) == before
        (line,) = ran.stderr.strip().splitlines()
        assert line.startswith("Error: ")
        assert "Traceback" not in line
        return line.removeprefix("Error: ")

    def findings(self):
        """What ``crmkit verify`` finds, having changed nothing: check, subject and message of each."""
        before = self.stored()
        ran = self.run("verify", "--json", actor=None)
        assert self.stored() == before
        assert ran.stdout, ran.stderr
        found = json.loads(ran.stdout)
        assert ran.exit_code == (1 if found["findings"] or found["problems"] else 0)
        # That search does not know a damaged record as it is follows from the damage; it has tests of its own.
        told = [f for f in found["findings"] if f["check"] != "search"]
        return [(f["check"], f["subject"], f["message"]) for f in told]

    def crm(self):
        return CRM(Config.load(self.file, environ={})).start()

    def stored(self):
        """Every row of every table, but for denials."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            tables = [table(name, schema=self.schema) for name in inspect(connection).get_table_names(self.schema)]
            every = {t: select(literal_column("*")).select_from(t) for t in tables if t.name != "crm_denial"}
            found = {t.name: sorted(map(repr, connection.execute(rows))) for t, rows in every.items()}
        engine.dispose()
        return found

    def _reflected(self, engine):
        metadata = MetaData()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
            metadata.reflect(engine, schema=self.schema)
        return metadata

    def write(self, change):
        """Let ``change`` write past crmkit: given the reflected tables and a connection."""
        engine = create_engine(self.url)
        metadata = self._reflected(engine)
        with engine.begin() as connection:
            change({t.name: t for t in metadata.sorted_tables}, connection)
        engine.dispose()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A SQLite file with the core's tables and a tenant, to be copied."""
    file = tmp_path_factory.mktemp("prepared") / "crm.db"
    config = {
        "database.url": f"sqlite:///{file.as_posix()}",
        "crmkit.default_tenant": "acme",
        "access.membership": "database",
    }
    crm = CRM(Config.of(config))
    crm.schema.upgrade()
    crm.start()
    crm.tenants.create("acme", name="Acme")
    crm.appoint("ada")
    crm.appoint("vic", role="viewer")
    crm.close()
    return file


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Nothing of the surroundings has a say: neither variables nor what is installed."""
    for name in ("CONFIG", "TENANT", "ACTOR", "DEBUG"):
        monkeypatch.delenv(f"CRMKIT_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    install(monkeypatch)


def install(monkeypatch, *manifests, problems=(), faults=()):
    """Let exactly these plugins be installed."""
    found = discovery.Found(manifests=manifests, problems=tuple(problems), faults=tuple(faults))
    monkeypatch.setattr(discovery, "_installed", lambda: found)


@pytest.fixture
def installed(monkeypatch):
    return lambda *manifests, **more: install(monkeypatch, *manifests, **more)


@pytest.fixture
def deployment(prepared, tmp_path):
    """On SQLite, with tables, the tenant ``acme``, and Ada, who may do everything in it."""
    shutil.copy(prepared, tmp_path / "crm.db")
    return Deployment(tmp_path, f"sqlite:///{(tmp_path / 'crm.db').as_posix()}")


@pytest.fixture
def empty(request, tmp_path, database_url):
    """On each database, without tables."""
    if database_url.startswith("sqlite"):
        yield Deployment(tmp_path, f"sqlite:///{(tmp_path / 'crm.db').as_posix()}")
        return
    # Of its own, since PostgreSQL looks at the tables of all schemas whenever one is looked at.
    with postgres.database(request.getfixturevalue("postgres_server")) as url:
        yield Deployment(tmp_path, url, schema="apart")


@pytest.fixture
def each(empty):
    """On each database, with tables, a tenant and Ada."""
    crm = CRM(Config.load(empty.file, environ={}))
    crm.schema.upgrade()
    crm.start()
    crm.tenants.create("acme")
    crm.appoint("ada")
    crm.close()
    return empty


@pytest.fixture
def ida(deployment):
    with deployment.crm() as crm, crm.begin("ada") as uow:
        return uow.parties.add(
            Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"], phones=["020 7946 0018"]
        )


@pytest.fixture(scope="session")
def guest_book(tmp_path_factory):
    """The project that ``plugins new guest_book`` writes."""
    folder = tmp_path_factory.mktemp("plugin") / "crmkit-guest-book"
    ran = CliRunner().invoke(root, ["plugins", "new", "guest_book", "--folder", str(folder)])
    assert ran.exit_code == 0, ran.output
    return folder


@pytest.fixture
def book(guest_book, installed, monkeypatch):
    """The manifest of that plugin, installed; it is not loaded yet."""
    monkeypatch.syspath_prepend(str(guest_book / "src"))
    from crmkit_guest_book.manifest import MANIFEST

    installed(MANIFEST)
    return MANIFEST


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Makes the manifest of a plugin whose implementation is the source given."""

    def toy(id_, source="", **more):
        package = f"toy_{id_}_{uuid.uuid4().hex[:6]}"
        (tmp_path / "toys" / package).mkdir(parents=True)
        (tmp_path / "toys" / package / "__init__.py").touch()
        (tmp_path / "toys" / package / "plugin.py").write_text(source or PLAIN, "utf-8")
        monkeypatch.syspath_prepend(str(tmp_path / "toys"))
        place = f"{package}.plugin:Toy"
        return Manifest(id=id_, distribution=f"crmkit-{id_}", api=">=1,<2", implementation=place, version="1.0", **more)

    return toy


PLAIN = "from crmkit.sdk import Plugin\n\nclass Toy(Plugin):\n    '''Nothing.'''\n"


def parsed(text):
    return json.loads(text)
