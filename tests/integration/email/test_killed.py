"""Senders that are killed at any point: each recipient gets its message once, but for what SMTP itself leaves open.

Between the dot that ends a message and the server's answer nobody can know whether the server took it (RFC 1047). Each
kill leaves at most one message there, and it is known which one. With ``uncertain = "resend"`` that one may come twice,
with the same Message-ID; with ``"hold"`` it may not have come, and waits for somebody to decide. All others come once.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from verifying import assert_verifies

from crmkit import Ref, f

sys.path.append(str(Path(__file__).parent))
from couriers import made

from crmkit.plugins.email import Email, Message

ROUNDS = 20
MESSAGES = 150
DOUBTFUL = "its sender was killed before the server's answer"


@pytest.fixture
def settings(server, tmp_path, request):
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "sender": "post@crm.example",
        "journal": str(tmp_path / "journal"),
        "batch": 20,
        "first_wait": 0.05,
        "longest_wait": 0.1,
        "attempts": 1000,
        "per_minute": 100_000,
        "uncertain": request.param,
    }


@pytest.fixture
def crm(own_database, tenant, settings):
    crm = made(own_database, tenant, settings)
    crm.schema.upgrade()
    with crm:
        crm.tenants.create(tenant)
        yield crm


@pytest.fixture
def fork(crm, couriers, settings):
    """Asks for a worker, and gives its process id."""
    ask = couriers(settings)
    return lambda: ask("work")


def states(crm):
    with crm.begin("ada", read_only=True) as uow:
        return Counter(message.state for message in uow.each(Message))


def in_doubt(crm):
    """The recipients of messages of which it was ever noted that nobody knows whether they were taken."""
    found = set()
    with crm.begin("ada", read_only=True) as uow:
        for message in uow.each(Message, f.attempts > 1):
            ref = Ref("email.message", message.id)
            numbers = [version.version for version in uow.history.versions(ref)]
            if any(uow.history.at(ref, number).fields.get("answer") == DOUBTFUL for number in numbers):
                found.add(message.address)
        found |= {message.address for message in uow.each(Message, f.state == "uncertain")}
    return found


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
@pytest.mark.parametrize("settings", ["resend", "hold"], indirect=True)
def test_senders_are_killed_at_random_points(crm, tenant, fork, server, settings):
    with crm.begin("ada") as uow:
        for n in range(MESSAGES):
            uow.use(Email).send(to=f"n{n}@a.example", purpose="service", key="k", subject="Roof", text="We come.")
    dice = random.Random(20261122)
    middle = 0
    for _ in range(ROUNDS):
        before, pid = len(server.accepted), fork()
        until = time.monotonic() + 10
        while len(server.accepted) == before and time.monotonic() < until and states(crm)["sent"] < MESSAGES - 40:
            time.sleep(0.002)
        time.sleep(dice.uniform(0, 0.05))
        os.kill(pid, signal.SIGKILL)
        middle += before < len(server.accepted) < MESSAGES
    assert middle > ROUNDS // 4, "too few were killed in the middle to prove anything"
    last = fork()
    until = time.monotonic() + 60
    while time.monotonic() < until and set(states(crm)) - {"sent", "uncertain"}:
        time.sleep(0.2)
    os.kill(last, signal.SIGKILL)
    doubtful = in_doubt(crm)
    counts = Counter({f"n{n}@a.example": 0 for n in range(MESSAGES)}) + server.counts
    assert sum(states(crm).values()) == MESSAGES
    assert set(states(crm)) <= {"sent", "uncertain"}
    assert {to for to in (f"n{n}@a.example" for n in range(MESSAGES)) if counts[to] != 1} <= doubtful
    assert len(doubtful) <= ROUNDS
    twice = sum(many == 2 for many in counts.values())
    sys.stdout.write(f"{middle} in the middle; {len(doubtful)} messages in doubt, {twice} of them came twice\n")
    assert len({mail["Message-ID"] for to in counts for mail in server.messages(to)}) == len(server.counts)
    if settings["uncertain"] == "resend":
        assert min(counts[f"n{n}@a.example"] for n in range(MESSAGES)) == 1
        assert set(states(crm)) == {"sent"}
    else:
        assert max(counts.values()) == 1
    assert_verifies(crm, tenant)
