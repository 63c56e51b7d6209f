"""Forks workers that send mail, to be killed; run by test_killed.

``python couriers.py URL TENANT SETTINGS`` forks one for every line that it reads, and says its process id. Nothing is
open at the time of the fork, and everything is imported, so that a process that lives for some milliseconds gets
somewhere.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import Any

from crmkit import CRM, Config
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
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who are killed
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            crm.jobs.runner().run_until_stopped()
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
