"""Without its extras crmkit works; what needs one says which to install, and changes nothing.

Each test runs in a fresh interpreter in which the modules of the extras cannot be imported, so it proves the same where
they are installed and where they are not.
"""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.no_extras

MODULES = ("charset_normalizer", "duckdb", "jellyfish", "psycopg", "pyarrow", "splink", "vobject")
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({MODULES!r}))\n"

EMBEDDED = """
from io import BytesIO
from crmkit import CRM, Actor, Party
from crmkit.errors import ConfigError
from crmkit.plugins.exchange import Importer

def users(tenant, ids):
    return {id_: Actor(id=id_, name=id_, roles={"administrator"}) for id_ in ids}

crm = CRM({"database.url": "sqlite://", "crmkit.plugins": ["exchange"], "crmkit.default_tenant": "acme"}, actors=users)
crm.schema.upgrade()
crm.start()
crm.tenants.create("acme")

def names():
    with crm.begin("ada", read_only=True) as uow:
        return [party.name for party in uow.each(Party)]
"""


def run(program):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT + program], capture_output=True, text=True, check=False
    )


def test_every_manifest_loads():
    done = run("""
from importlib.metadata import entry_points
for point in entry_points(group="crmkit.plugins"):
    print(point.load().id)
""")
    assert done.returncode == 0, done.stderr
    assert "exchange" in done.stdout.split()


def test_a_file_in_utf_8_is_imported_and_exported():
    done = run(
        EMBEDDED
        + """
from crmkit.plugins.exchange import Exporter
Importer(crm, actor="ada").run(BytesIO("name,email\\nJörg Berg,joerg@berg.example\\n".encode()))
assert names() == ["Jörg Berg"], names()
for format in ("csv", "vcard"):
    out = BytesIO()
    Exporter(crm, actor="ada").run(out, format=format)
    assert "Jörg Berg".encode() in out.getvalue(), out.getvalue()
"""
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("name\nJörg Berg, Köln\n".encode("cp1252"), id="an older encoding"),
        pytest.param(b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Berg;Ida;;;\r\nFN:Ida Berg\r\nEND:VCARD\r\n", id="vCard 3.0"),
    ],
)
def test_what_needs_an_extra_names_it_and_changes_nothing(content):
    done = run(
        EMBEDDED
        + f"""
try:
    Importer(crm, actor="ada").run(BytesIO({content!r}))
except ConfigError as error:
    print(error)
assert names() == [], names()
"""
    )
    assert done.returncode == 0, done.stderr
    assert "python -m pip install 'crmkit[exchange]'" in done.stdout


@pytest.mark.parametrize("what", ["finder.update()", "finder.run()", "suggest()"])
def test_duplicates_are_not_looked_for_without_the_extra_but_parties_are_added(what):
    done = run(
        EMBEDDED.replace('["exchange"]', '["dedupe", "exchange"]')
        + f"""
from crmkit import Person
from crmkit.plugins.dedupe import Dedupe, DuplicateFinder
finder = DuplicateFinder(crm, actor="ada")
with crm.begin("ada") as uow:
    for _ in range(2):
        uow.parties.add(Person(given_name="Ida", family_name="Bergh"), emails=["ida@berg.example"])
def suggest():
    with crm.begin("ada", read_only=True) as uow:
        uow.use(Dedupe).suggest(next(iter(uow.find(Person))))
try:
    {what}
except ConfigError as error:
    print(error)
assert names() == ["Ida Bergh", "Ida Bergh"], names()
with crm.begin("ada", read_only=True) as uow:
    assert uow.use(Dedupe).stats().proposed == 0
    assert uow.use(Dedupe).stats().pending == 2
"""
    )
    assert done.returncode == 0, done.stderr
    assert "python -m pip install 'crmkit[dedupe]'" in done.stdout


def test_postgresql_without_its_driver_names_the_extra():
    done = run("""
from crmkit import CRM
from crmkit.errors import ConfigError
try:
    CRM({"database.url": "postgresql://nowhere.example/crm"}).start()
except ConfigError as error:
    print(error)
""")
    assert done.returncode == 0, done.stderr
    assert 'pip install "crmkit[postgresql]"' in done.stdout
