"""How faults are counted, and what becomes of them."""

import functools
import logging
import threading

import pytest

from crmkit.core.kernel.hooks.health import Health, place_of
from crmkit.core.kernel.hooks.signatures import code_of
from crmkit.errors import ForbiddenError


def raising(error):
    raise error


def caught(fn, *args):
    try:
        fn(*args)
    except Exception as error:  # noqa: BLE001  # any error will do
        return error
    raise AssertionError


def test_who_does_well_is_not_mentioned():
    assert list(Health()) == []
    assert not Health().skipped("one", "deal_moving")


def test_the_last_fault_is_kept_with_its_place():
    health = Health()
    health.fault("one", "deal_moving", caught(raising, KeyError("a")), skippable=True)
    health.fault("one", "deal_moving", caught(raising, ValueError("b")), skippable=True)
    (entry,) = health
    assert (entry.faults, entry.error) == (2, "ValueError: b")
    assert entry.place == f"test_health.py:{raising.__code__.co_firstlineno + 1}"


def test_the_worst_of_the_slow_calls_is_kept_in_seconds():
    health = Health()
    for seconds in (1.5, 3.0, 2.0):
        health.slow("one", "deal_moving", seconds, skippable=False)
    (entry,) = health
    assert (entry.slow, entry.worst, entry.faults) == (3, 3.0, 0)


def test_entries_come_in_order():
    health = Health()
    for plugin, hook in [("two", "a_b"), ("one", "c_d"), ("one", "a_b")]:
        health.fault(plugin, hook, KeyError(), skippable=True)
    assert [(e.plugin, e.hook) for e in health] == [("one", "a_b"), ("one", "c_d"), ("two", "a_b")]


def test_the_log_names_plugin_hook_type_and_place_but_not_the_text(caplog):
    with caplog.at_level(logging.WARNING, "crmkit"):
        Health().fault("one", "deal_moving", caught(raising, KeyError("a hidden name")), skippable=True)
    assert "plugin 'one' failed in deal_moving: KeyError at test_health.py:" in caplog.text
    assert "hidden" not in caplog.text


def test_being_skipped_is_logged_once_and_told_to_watchers(caplog):
    health, told = Health(tolerated=2), []
    health.watch(lambda: told.append(health.skipped("one", "deal_moving")))
    for _ in range(4):
        health.fault("one", "deal_moving", KeyError(), skippable=True)
    assert told == [True]
    assert caplog.text.count("is skipped") == 1
    health.reset("one")
    assert told == [True, False]


def test_an_error_of_crmkits_own_is_a_fault_and_no_strike():
    """Somebody lacks a right or a record is hidden: that must not silence the plugin for everybody else."""
    health = Health(tolerated=2)
    for _ in range(5):
        health.fault("one", "DealWon", ForbiddenError("deal.read", "ida"), skippable=True)
    health.fault("one", "DealWon", KeyError(), skippable=True)
    (entry,) = health
    assert (entry.faults, entry.strikes, entry.skipped) == (6, 1, False)


def test_resetting_one_plugin_leaves_the_others():
    health = Health()
    health.fault("one", "deal_moving", KeyError(), skippable=True)
    health.fault("two", "deal_moving", KeyError(), skippable=True)
    health.reset("one")
    assert [entry.plugin for entry in health] == ["two"]


def test_an_error_that_cannot_be_shown_is_recorded_all_the_same():
    class UnspeakableError(Exception):
        def __str__(self):
            raise SystemExit

    health = Health()
    health.fault("one", "deal_moving", caught(raising, UnspeakableError()), skippable=True)
    assert [entry.error for entry in health] == ["UnspeakableError: (an error that cannot be shown)"]


def test_long_texts_are_cut():
    health = Health()
    health.fault("one", "deal_moving", ValueError("x" * 10_000), skippable=True)
    (entry,) = health
    assert len(entry.error) == 500


def test_no_fault_of_several_threads_is_lost():
    health = Health(tolerated=10_000)

    def fail():
        for _ in range(200):
            health.fault("one", "deal_moving", KeyError(), skippable=True)

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.faults for entry in health] == [1600]


# -- where it happened ------------------------------------------------------------------------------------------------


def test_the_place_is_in_the_implementations_own_file():
    """Not inside of whatever library it called."""

    def implementation():
        return functools.reduce(lambda a, b: int("x"), [1, 2])

    def parse():
        import json

        return json.loads("{")

    line = parse.__code__.co_firstlineno + 3
    assert place_of(caught(parse), parse.__code__) == f"test_health.py:{line}"
    assert place_of(caught(parse)).startswith("decoder.py:")
    assert place_of(caught(implementation), implementation.__code__).startswith("test_health.py:")


def test_an_error_without_a_traceback_has_the_place_of_the_function():
    line = raising.__code__.co_firstlineno
    assert place_of(KeyError(), raising.__code__) == f"test_health.py:{line}"
    assert place_of(KeyError()) == "an unknown place"


class Callable:
    def __call__(self):
        pass


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (raising, "raising"),
        (functools.partial(raising, 1), "raising"),
        (functools.wraps(raising)(lambda: None), "raising"),
        (Callable(), "__call__"),
        (Callable().__call__, "__call__"),
    ],
)
def test_the_code_of_a_function_is_found_through_its_wrappings(fn, name):
    assert code_of(fn).co_name == name


def test_a_builtin_has_no_code():
    assert code_of(print) is None
