"""A domain of recipients gets no more than its rate, however many send at the same time."""

from __future__ import annotations

import os
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from crmkit import UnitOfWork, f
from crmkit.plugins.email import Courier, Email, Message

sys.path.append(str(Path(__file__).parent))
from couriers import made as made_apart

MINUTE = timedelta(minutes=1)


def test_a_domain_gets_no_more_than_its_rate_and_others_do_not_wait_for_it(made, server, tenant, clock):
    crm = made(per_minute=100, per_minute_of=["slow.example 3"])
    with crm.begin("ada") as uow:
        for n in range(8):
            uow.use(Email).send(to=f"n{n}@slow.example", purpose="service", key="k", subject="a", text="b")
        for n in range(60):
            uow.use(Email).send(to=f"n{n}@fast.example", purpose="service", key="k", subject="a", text="b")
    seen = []
    for _ in range(4):
        crm.jobs.run_once(tenant=tenant)
        seen.append(sum(to.endswith("@slow.example") for to, _ in server.accepted))
        clock.advance(timedelta(seconds=61))
    assert seen == [3, 6, 8, 8]
    assert sum(to.endswith("@fast.example") for to, _ in server.accepted) == 60


def test_what_one_sender_took_counts_for_the_next(made, server, tenant, clock):
    crm = made(per_minute=3)
    for seconds, more, handed in ((0, 2, 2), (30, 4, 3), (29, 0, 3), (1, 0, 5), (29, 0, 5), (1, 0, 6)):
        clock.advance(timedelta(seconds=seconds))
        with crm.begin("ada") as uow:
            for n in range(more):
                to, key = f"n{n}@a.example", f"{seconds}"
                uow.use(Email).send(to=to, purpose="service", key=key, subject="a", text="b")
        Courier(lambda: crm.begin("ada"), Email, tenant).run()
        assert len(server.accepted) == handed


def test_a_claim_between_the_counting_and_the_claim_of_another_sender_counts(made, server, tenant, clock, monkeypatch):
    """The other one takes a message that the first has not seen, so that nothing but the rate is between them.

    On SQLite it waits for the first one; on PostgreSQL it is done before the first one goes on.
    """
    crm = made(per_minute=1)

    def send(key, **said):
        with crm.begin("ada") as uow:
            uow.use(Email).send(to=f"{key}@a.example", purpose="service", key=key, subject="a", text="b", **said)

    def claim():
        Courier(lambda: crm.begin("ada"), Email, tenant).run()

    def overtake():
        send("urgent", at=clock.now() - timedelta(hours=1))
        claim()

    others = []
    tally = UnitOfWork.tally

    def interrupted(self, what, *args, **given):
        counted = tally(self, what, *args, **given)
        if what.name == "email.message" and not others:
            others.append(threading.Thread(target=overtake))
            others[0].start()
            others[0].join(0.5)
        return counted

    monkeypatch.setattr(UnitOfWork, "tally", interrupted)
    send("ordinary")
    claim()
    others[0].join()
    assert len(server.accepted) == 1
    clock.advance(MINUTE)
    claim()
    assert server.counts == {"ordinary@a.example": 1, "urgent@a.example": 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="senders are forked")
def test_processes_that_send_at_the_same_time_keep_to_one_rate(own_database, couriers, server, tenant, tmp_path):
    settings = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "sender": "post@crm.example",
        "journal": str(tmp_path / "journal"),
        "batch": 7,
        "per_minute_of": ["slow.example 5"],
    }
    crm = made_apart(own_database, tenant, settings)
    crm.schema.upgrade()
    with crm:
        crm.tenants.create(tenant)
        ask = couriers(settings)
        with crm.begin("ada") as uow:
            for n in range(20):
                for domain in ("slow.example", "fast.example"):
                    uow.use(Email).send(to=f"n{n}@{domain}", purpose="service", key="k", subject="a", text="b")
        assert ask("send 3") == 0
        with crm.begin("ada", read_only=True) as uow:
            handed = sorted((one.handed_at, one.domain, one.courier) for one in uow.each(Message, f.state == "sent"))
    slow = [at for at, domain, _ in handed if domain == "slow.example"]
    assert len(slow) >= 5
    assert max(sum(at <= one < at + MINUTE for one in slow) for at in slow) == 5
    assert sum(domain == "fast.example" for _, domain, _ in handed) == 20
    assert len({courier for _, _, courier in handed}) > 1, "one was done before the others began"
    assert set(server.counts.values()) == {1}
