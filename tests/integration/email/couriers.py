"""Forks processes that send mail; run by test_killed and test_rates.

``python couriers.py URL TENANT SETTINGS`` forks a worker for every line ``work`` that it reads, to be killed, and says
its process id. For a line ``send 3`` it forks three senders, waits until all have sent what they may, and says how many
of them failed. Nothing is open at the time of the fork, and everything is imported, so that a process that lives for
some milliseconds gets somewhere.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from typing import Any

from crmkit import CRM, Config
from crmkit.plugins.email import Courier, Email
from crmkit.testing import Actors

LEASE = 0.3


def made(url: str, tenant: str, settings: dict[str, Any]) -> CRM:
    """A CRM that sends mail, whose leases end soon."""
    config = Config.of({
        "core": {"secret_keys": ["couriers-that-are-killed-need-a-key-too"]},
        "database": {"url": url},
        "crmkit": {"plugins": ["privacy", "email"], "default_tenant": tenant},
        "jobs": {"lease": LEASE, "max_attempts": 1000, "first_wait": 0.01, "longest_wait": 0.1},
        "plugins": {"email": settings},
    })
    return CRM(config, actors=Actors())


def main() -> None:
    """Fork on demand."""
    url, tenant, settings = sys.argv[1:]
    crm = made(url, tenant, json.loads(settings)).start()
    for name in ("jobs", "service", "sending.courier"):
        importlib.import_module(f"crmkit.plugins.email.{name}")
    crm.jobs.run_once()
    crm.engine.dispose()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(f"{_sent(crm, tenant, int(line.split()[1])) if line.startswith('send') else _worker(crm)}\n")
        sys.stdout.flush()


def _worker(crm: CRM) -> int:
    """Fork a worker that nobody waits for; its process id."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    pid = os.fork()
    if not pid:
        crm.jobs.runner().run_until_stopped()
    return pid


def _sent(crm: CRM, tenant: str, many: int) -> int:
    """Fork senders and wait for them; how many failed."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pids = []
    for _ in range(many):
        pid = os.fork()
        if not pid:
            try:
                Courier(lambda: crm.begin("ada"), Email, tenant).run()
            except BaseException:  # noqa: BLE001  # the fork may not go on as its parent would
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        pids.append(pid)
    return sum(os.waitpid(pid, 0)[1] != 0 for pid in pids)


if __name__ == "__main__":
    main()
