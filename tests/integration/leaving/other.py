"""Another process with the example plugin loaded, which does what it is told line by line; run by test_switching.

``python other.py URL PARTY`` answers each line that it reads with one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID

HERE = Path(__file__).resolve()
sys.path += [str(HERE.parent), str(HERE.parents[3] / "examples" / "crmkit-membership" / "src")]
from crmkit_membership import Membership  # noqa: E402  # found there
from leaving_place import Place  # noqa: E402  # found there

from crmkit.errors import PluginDisabledError, RefusedError  # noqa: E402  # as isort has it


def issue(crm, party, tenant):
    """Try to issue a card in a unit of its own."""
    try:
        with crm.begin("ada", tenant) as uow:
            return f"issued {uow.use(Membership).issue(party).version}"
    except (PluginDisabledError, RefusedError) as error:
        return error.code


def hold(crm, party, tenant):
    """Issue a card in a unit that ends when it is told to."""
    with crm.begin("ada", tenant) as uow:
        uow.use(Membership)
        answer("holding")
        sys.stdin.readline()
        uow.use(Membership).issue(party)
    return "committed"


def work(crm, _, tenant):
    """Run what is due."""
    return f"ran {crm.jobs.run_once(tenant=tenant)}"


def answer(text):
    """Say one line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main():
    """Do what is said."""
    crm, party = Place(sys.argv[1]).crm("membership"), UUID(sys.argv[2])
    answer("ready")
    for line in sys.stdin:
        what, tenant = line.split()
        answer({"issue": issue, "hold": hold, "work": work}[what](crm, party, tenant))


if __name__ == "__main__":
    main()
