"""How the host application is told what happened."""

import logging

import pytest
from attrs import frozen

from crmkit.core.kernel.hooks.bus import Bus
from crmkit.core.kernel.hooks.health import Health
from crmkit.errors import HookDefinitionError
from crmkit.values.event import Event


@frozen(kw_only=True)
class Launched(Event):
    rocket: str = "Ariane"


@frozen(kw_only=True)
class LaunchedTwice(Launched):
    pass


@frozen(kw_only=True)
class Landed(Event):
    pass


@pytest.fixture
def health():
    return Health(tolerated=2)


@pytest.fixture
def bus(health):
    return Bus(health)


def crash(event):
    raise KeyError("a hidden name")


def test_a_subscriber_gets_its_events_and_those_of_subclasses(bus):
    got = []
    bus.on(Launched, got.append)
    bus.deliver([Launched(), Landed(), LaunchedTwice()])
    assert got == [Launched(), LaunchedTwice()]


def test_a_subscriber_to_the_base_gets_everything(bus):
    got = []
    bus.on(Event, got.append)
    bus.deliver([Launched(), Landed()])
    assert got == [Launched(), Landed()]


def test_subscribers_are_called_in_the_order_in_which_they_subscribed(bus):
    got = []
    for number in range(50):
        bus.on((Launched, Event)[number % 2], lambda event, number=number: got.append(number))
    bus.deliver([Launched()])
    assert got == list(range(50))


def test_subscribers_are_not_forgotten_while_nobody_else_holds_them(bus):
    got = []
    bus.on(Launched, lambda event: got.append(event))  # noqa: PLW0108  # its own function, held by nobody
    bus.deliver([Launched()])
    assert got == [Launched()]


def test_unsubscribing_ends_one_subscription_and_can_be_repeated(bus):
    got = []
    unsubscribe = bus.on(Launched, got.append)
    bus.on(Launched, got.append)
    unsubscribe()
    unsubscribe()
    bus.deliver([Launched()])
    assert got == [Launched()]


def test_unsubscribing_in_the_middle_of_a_delivery_counts_from_the_next_event_on(bus):
    got = []
    bus.on(Launched, lambda event: unsubscribe())
    unsubscribe = bus.on(Launched, got.append)
    bus.deliver([Launched(), Launched()])
    assert got == [Launched()]


def test_one_that_fails_does_not_disturb_the_others_and_is_never_skipped(bus, health):
    got = []
    bus.on(Launched, crash)
    bus.on(Launched, got.append)
    bus.deliver([Launched()] * 5)
    assert len(got) == 5
    (entry,) = health
    assert (entry.plugin, entry.hook, entry.faults, entry.skipped) == ("host", "Launched", 5, False)
    assert entry.place.startswith("test_bus.py:")


def test_the_log_of_a_failure_has_the_events_name_only(bus, caplog):
    bus.on(Launched, crash)
    with caplog.at_level(logging.DEBUG, "crmkit"):
        bus.deliver([Launched(rocket="secret")])
    assert "Launched" in caplog.text
    assert "secret" not in caplog.text
    assert "hidden" not in caplog.text


def test_an_interrupt_passes(bus):
    def interrupted(event):
        raise KeyboardInterrupt

    bus.on(Launched, interrupted)
    with pytest.raises(KeyboardInterrupt):
        bus.deliver([Launched()])


async def wait(event):
    pass


@pytest.mark.parametrize("fn", [wait, None, lambda: None, lambda a, b: None])
def test_what_cannot_be_called_with_an_event_is_refused(bus, fn):
    with pytest.raises(HookDefinitionError, match="Launched"):
        bus.on(Launched, fn)
