"""Mail: how fast messages are queued and sent to a server on this machine, and how much memory that takes."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from benchmarks.contacts import ADMIN, TENANT
from benchmarks.databases import Dialect, database
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Actor, Config
from crmkit.plugins.email import Email

__all__ = ["mailing"]

MESSAGES: Final = {"full": 10_000, "smoke": 60}
UNIT: Final = 100
"""Messages that are queued in one unit of work."""

# A server in a process of its own, which says 250 to everything: aiosmtpd would be measured rather than crmkit.
_SERVER: Final = """
import socketserver, sys
class Taker(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda text: (self.wfile.write(text), self.wfile.flush())
        say(b"220 sink\\r\\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                say(b"354 go on\\r\\n")
                while self.rfile.readline() != b".\\r\\n":
                    pass
                self.server.taken += 1
                say(b"250 taken\\r\\n")
            elif word == b"QUIT":
                say(b"221 bye\\r\\n")
                return
            elif word == b"NOOP":
                say(b"250 %d\\r\\n" % self.server.taken)
            else:
                say(b"250 fine\\r\\n")
class Server(socketserver.ThreadingTCPServer):
    daemon_threads, taken = True, 0
with Server(("127.0.0.1", 0), Taker) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
"""


def mailing(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure mail in a database of its own."""
    many = MESSAGES[size.name]
    with database(dialect) as url, _server() as port, tempfile.TemporaryDirectory() as journal:
        crm = _crm(url, port, journal)
        crm.schema.upgrade()
        with crm:
            crm.tenants.create(TENANT)
            before, began = _memory(), time.perf_counter()
            _queue(crm, many)
            queued, began = time.perf_counter() - began, time.perf_counter()
            crm.jobs.run_once(tenant=TENANT)
            sent, after = time.perf_counter() - began, _memory()
            taken = _taken(port)
        assert taken == many, f"{taken} of {many} messages arrived"
    figures = [
        Figure(label="queued a second", value=many / queued, unit="/s", better="more"),
        Figure(label="sent a second", value=many / sent, unit="/s", better="more"),
        Figure(label="memory more at its peak", value=(after - before) / 1024, unit="MB"),
    ]
    rows = [(f"{many:,} messages", figures)]
    yield Table(title=f"Mail on {dialect}: to a server on this machine, by one worker", rows=rows, place=dialect)


def _queue(crm: CRM, many: int) -> None:
    for first in range(0, many, UNIT):
        with crm.begin(ADMIN) as uow:
            mail = uow.use(Email)
            for n in range(first, min(first + UNIT, many)):
                mail.send(
                    to=f"n{n}@d{n % 50}.example", purpose="service", key="roof", subject="Roof", text="We come at nine."
                )


def _crm(url: str, port: int, journal: str) -> CRM:
    root = Actor(id=ADMIN, name="Root", roles=("administrator",))
    config = Config.of({
        "core": {"secret_keys": ["a-key-that-only-benchmarks-use-0001"]},
        "database": {"url": url},
        "crmkit": {"default_tenant": TENANT, "plugins": ["privacy", "email"]},
        "plugins": {
            "email": {
                "host": "127.0.0.1",
                "port": port,
                "security": "none",
                "sender": "post@crm.example",
                "journal": journal,
                "per_minute": 1_000_000,
            }
        },
    })
    return CRM(config, actors=lambda _, ids: {id_: root for id_ in ids if id_ == ADMIN})


@contextmanager
def _server() -> Iterator[int]:
    program = [sys.executable, "-c", _SERVER]
    server = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)  # noqa: S603  # a program of our own
    assert server.stdout is not None
    try:
        yield int(server.stdout.readline())
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def _taken(port: int) -> int:
    import smtplib

    with smtplib.SMTP("127.0.0.1", port) as line:
        return int(line.noop()[1])


def _memory() -> int:
    """The most that this process has ever used, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
