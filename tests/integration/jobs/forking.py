"""Forks workers and producers over a database, to be killed; run by test_killed.

``python forking.py URL TENANT`` forks one for every line that it reads, ``work`` or ``produce``, and says its process
id. Nothing is open at the time of the fork, and everything is imported and warm, so that a process that lives for some
milliseconds gets somewhere.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from crmkit import CRM, Config, Person
from crmkit.testing import Actors

sys.path.append(str(Path(__file__).parent))
import reminding

LEASE = 0.3


def made(url: str, tenant: str) -> CRM:
    """A CRM whose leases end soon."""
    config = Config.of({
        "database": {"url": url},
        "crmkit": {"plugins": ["reminding"], "default_tenant": tenant},
        "jobs": {"lease": LEASE, "max_attempts": 1000, "first_wait": 0.01, "longest_wait": 0.1, "batch": 4},
    })
    return CRM(config, manifests=[reminding.MANIFEST], actors=Actors())


def produce(crm: CRM) -> None:
    """Add parties without end."""
    while True:
        with crm.begin("ada") as uow:
            uow.parties.add(Person(given_name="Ida"))


def work(crm: CRM) -> None:
    """Run jobs without end."""
    crm.jobs.runner().run_until_stopped()


def main() -> None:
    """Fork on demand."""
    url, tenant = sys.argv[1:]
    crm = made(url, tenant).start()
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"))
    crm.jobs.run_once()
    crm.engine.dispose()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who are killed
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            {"work": work, "produce": produce}[line.strip()](crm)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    reminding.GATE.set()
    main()
