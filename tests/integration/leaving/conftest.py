"""The example plugin with data, history and jobs in flight, in two tenants of a database of its own."""

from __future__ import annotations

import shutil
import sys
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

HERE = Path(__file__).resolve()
sys.path += [str(HERE.parent), str(HERE.parent / "toy")]
# The example is a distribution of its own, and not installed here.
sys.path.append(str(HERE.parents[3] / "examples" / "crmkit-membership" / "src"))
from leaving_place import TENANTS, Place, live  # noqa: E402  # found there

from crmkit.testing import postgres  # noqa: E402  # as isort has it


class Templates:
    """Databases that are filled once, to be copied for each test."""

    def __init__(self, folder, server):
        self.folder, self.server, self.stack, self.made = folder, server, ExitStack(), {}

    def of(self, kind, name):
        """URL and story of the database in which people worked with or without the plugin."""
        if (kind, name) not in self.made:
            if kind == "sqlite":
                url = f"sqlite:///{self.folder / name}.db"
            else:
                url = self.stack.enter_context(postgres.database(self.server()))
            place = Place(url)
            crm = place.made(*(["membership"] if name == "lived" else []))
            did = {tenant: live(crm, tenant, plugin=name == "lived") for tenant in TENANTS}
            place.close()
            self.made[kind, name] = url, did, place.clock.now()
        return self.made[kind, name]

    def copy(self, kind, name, folder):
        """URL of a copy that no other test uses."""
        url = self.of(kind, name)[0]
        if kind == "sqlite":
            shutil.copy(make_url(url).database, folder / f"{name}.db")
            return f"sqlite:///{folder / name}.db"
        copied = f"crmkit_{uuid.uuid4().hex[:12]}"
        self.say(f'CREATE DATABASE "{copied}" TEMPLATE "{make_url(url).database}"')
        self.stack.callback(self.say, f'DROP DATABASE "{copied}" WITH (FORCE)')
        return make_url(url).set(database=copied).render_as_string(hide_password=False)

    def say(self, statement):
        engine = create_engine(self.server(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@pytest.fixture(scope="session")
def templates(request, tmp_path_factory):
    served = []

    def server():  # asked for only once, and not where there is none
        if not served:
            served.append(request.getfixturevalue("postgres_server"))
        return served[0]

    made = Templates(tmp_path_factory.mktemp("leaving"), server)
    with made.stack:
        yield made


@pytest.fixture
def place_of(request, templates, database_url, tmp_path):
    """Gives a copy of a database, which no other test uses, since tables come and go."""
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    with ExitStack() as stack:

        def copied(name):
            place = Place(templates.copy(kind, name, tmp_path))
            place.did, now = templates.of(kind, name)[1:]
            place.clock.advance(now - place.clock.now())
            stack.callback(place.close)
            return place

        yield copied


@pytest.fixture
def place(place_of):
    """A database in which people have worked with the plugin, which some other deployment had."""
    return place_of("lived")


@pytest.fixture
def lived(place):
    """What people did, by tenant."""
    return place.did


@pytest.fixture
def never(place_of):
    """A database in which the same people did all the rest, and that never had the plugin."""
    return place_of("never")
