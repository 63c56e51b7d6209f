"""Units of work at the same time, in threads with connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from crmkit import CRM
from crmkit.errors import CrmkitError

PATIENCE = 60
"""Seconds after which something hangs."""

Work = Callable[[Any], Any]


def meanwhile(crm: CRM, first: Work, second: Work) -> CrmkitError | None:
    """What comes of ``second``, begun after ``first`` has written and before it commits: its error, or None."""
    outcome: list[CrmkitError | None] = []

    def later() -> None:
        try:
            with crm.begin("ada") as uow:
                second(uow)
            outcome.append(None)
        except CrmkitError as error:
            outcome.append(error)

    thread = threading.Thread(target=later)
    with crm.begin("ada") as uow:
        first(uow)
        thread.start()
        thread.join(0.5)  # long enough to come to where it has to wait
        assert outcome == [], "it has not waited"
    thread.join(PATIENCE)
    return outcome[0]


def together(crm: CRM, *works: Work) -> list[CrmkitError | None]:
    """What comes of units that begin at the same moment, and may be run again: of each its error, or None."""
    outcome: list[CrmkitError | None] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def one(place: int, work: Work) -> None:
        barrier.wait()
        try:
            crm.run(work, "ada", retries=10)
        except CrmkitError as error:
            outcome[place] = error

    threads = [threading.Thread(target=one, args=given) for given in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    return outcome
