"""The CRM of the suite with the plugin in it, a mail server, and a party."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from mail_sink import Sink, sink

from crmkit import CRM, FixedClock, Person
from crmkit.plugins.email import Email, Message
from crmkit.plugins.privacy import Privacy
from crmkit.testing import postgres


@pytest.fixture
def server() -> Iterator[Sink]:
    """A mail server without TLS."""
    with sink() as running:
        yield running


@pytest.fixture
def made(crm_with: Callable[..., CRM], clock: FixedClock, server: Sink, tmp_path: Path) -> Callable[..., CRM]:
    """A function that gives the suite's CRM with mail, sending to the server, with further settings."""

    def make(**settings: Any) -> CRM:
        values = {
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "sender": "Berg Tak <post@crm.example>",
            "reply_address": "reply@crm.example",
            "bounce_address": "bounce@crm.example",
            "unsubscribe_url": "https://crm.example/unsubscribe",
            "journal": str(tmp_path / "journal"),
            "timeout": 5.0,
            **settings,
        }
        return crm_with("privacy", "email", config={"plugins": {"email": values}}, clock=clock)

    return make


@pytest.fixture
def crm(made: Callable[..., CRM]) -> CRM:
    """The CRM with the default settings."""
    return made()


@pytest.fixture
def ida(crm: CRM) -> UUID:
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"]).id


@pytest.fixture
def consent(crm: CRM) -> Callable[..., None]:
    """A function that records a consent to marketing, or its withdrawal."""

    def record(party: UUID, given: bool = True, purpose: str = "marketing") -> None:
        with crm.begin("ada") as uow:
            uow.use(Privacy).record_consent(party=party, purpose=purpose, channel="email", given=given)

    return record


@pytest.fixture
def send(crm: CRM) -> Callable[..., Message]:
    """A function that queues a message in a unit of its own."""

    def queue(key: str = "k", actor: str = "ada", **said: Any) -> Message:
        given = {"purpose": "service", "subject": "Roof", "text": "We come at nine.", **said}
        if "template" in given:
            given = {name: value for name, value in given.items() if name not in {"subject", "text"}}
        with crm.begin(actor) as uow:
            return uow.use(Email).send(key=key, **given)

    return queue


@pytest.fixture
def work(crm: CRM, tenant: str) -> Callable[[], int]:
    """A function that runs what is due in the test's own tenant."""
    return lambda: crm.jobs.run_once(tenant=tenant)


@pytest.fixture
def stored(crm: CRM) -> Callable[[UUID], Message]:
    """A function that gives a message as it is stored."""

    def read(id_: UUID) -> Message:
        with crm.begin("ada", read_only=True) as uow:
            return uow.get(Message, id_)

    return read


@pytest.fixture
def receive(crm: CRM) -> Callable[..., Any]:
    """A function that takes in a message in a unit of its own."""

    def take_in(raw: bytes, actor: str = "ada", **said: Any) -> Any:
        with crm.begin(actor) as uow:
            return uow.use(Email).receive(raw, **said)

    return take_in


# -- senders in processes of their own --------------------------------------------------------------------------------


@pytest.fixture
def own_database(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that no other test uses, as workers serve all tenants of theirs."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'own.db'}"
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def couriers(own_database: str, tenant: str) -> Iterator[Callable[[dict[str, Any]], Callable[[str], int]]]:
    """A function that starts `couriers` with settings, and gives a function that asks it for a number."""
    with ExitStack() as running:

        def start(settings: dict[str, Any]) -> Callable[[str], int]:
            program = [sys.executable, Path(__file__).with_name("couriers.py"), own_database, tenant]
            forks = running.enter_context(
                subprocess.Popen(
                    [*program, json.dumps(settings)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            assert forks.stdout.readline() == "ready\n"  # it has sent what there was, and there was nothing yet

            def ask(line: str) -> int:
                print(line, file=forks.stdin, flush=True)
                return int(forks.stdout.readline())

            return ask

        yield start
