"""``crmkit verify``: how fast it looks at everything, and in how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from benchmarks.contacts import ADMIN, contact
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import Person

__all__ = ["verifying"]

PARTIES: Final = {"full": 100_000, "smoke": 500}
_UNIT: Final = 1_000
_BLOCK: Final = 46
_VERIFY: Final = """
import time
from pathlib import Path
from benchmarks.contacts import TENANT
from benchmarks.deployment import start

def peak():  # of this program alone, unlike what getrusage says
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

crm = start({url!r})
loaded, began = peak(), time.perf_counter()
found = sum(1 for _ in crm.verify(tenant=TENANT))
print(found, time.perf_counter() - began, peak() - loaded, flush=True)
"""


def verifying(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure verifying people with an e-mail address and a phone number each, at a tenth of the size and at all."""
    parties = PARTIES[size.name]
    rows = []
    with database(dialect) as url:
        prepare(url)
        stored = 0
        for many in (parties // 10, parties):
            _add(url, stored, many)
            stored = many
            rows.append((f"{many:,} parties", _verified(url, many)))
    yield Table(title=f"Verifying on {dialect}", rows=rows, place=dialect)


def _add(url: str, first: int, last: int) -> None:
    crm = start(url)
    for begin in range(first, last, _UNIT):
        with crm.begin(ADMIN) as uow:
            for number in range(begin, min(last, begin + _UNIT)):
                one = contact(number, block=_BLOCK)
                person = Person(id=one.id, given_name=one.given_name, family_name=one.family_name)
                uow.parties.add(person, emails=[one.email], phones=[one.phone])
    if crm.engine.dialect.name == "postgresql":
        with crm.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    crm.close()


def _verified(url: str, parties: int) -> list[Figure]:
    ran = subprocess.run(  # noqa: S603  # a program of our own
        [sys.executable, "-c", _VERIFY.format(url=url)], check=True, capture_output=True, text=True, env={**os.environ}
    )
    found, took, memory = map(float, ran.stdout.split())
    assert not found, "what the library has written agrees"
    changes = 3 * parties  # a party and two mechanisms
    return [
        Figure(label="wall", value=took, unit="s"),
        Figure(label="rate", value=changes / took, unit="changes/s"),
        Figure(label="memory", value=memory / 1024, unit="MB"),
    ]
