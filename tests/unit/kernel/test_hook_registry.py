"""How implementations are matched with hooks, put in order, and made into tables."""

import subprocess
import sys

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.hooks.health import Health
from crmkit.core.kernel.hooks.hook import Collect, Guard, on
from crmkit.core.kernel.hooks.order import Place, in_order, transitive
from crmkit.core.kernel.hooks.registry import Contribution, HookRegistry
from crmkit.values.event import Event


@frozen(kw_only=True)
class Launch:
    pass


@frozen(kw_only=True)
class Launched(Event):
    pass


@frozen(kw_only=True)
class LaunchedTwice(Launched):
    pass


@frozen(kw_only=True)
class Lanched(Event):
    pass


def guard(name="rocket_launching"):
    return Guard(name, Launch, doc="When a rocket is launched.")


launching = guard()
viewing = Collect("rocket_viewing", Launch, str, doc="When somebody looks at a rocket.")
CORE = Contribution(plugin="core", declares=(launching, viewing), events=(Launched, LaunchedTwice))


def check(context, payload):
    return None


def crash(uow, event):
    raise KeyError("x")


def contribution(plugin, *hooks, needs=(), when=(), declares=()):
    return Contribution(
        plugin=plugin, hooks=hooks, needs=frozenset(needs), when=frozenset(when), declares=tuple(declares)
    )


def registry(*contributions, health=None):
    return HookRegistry([CORE, *contributions], health or Health())


def plugins_of(calls):
    return [plugin for plugin, _ in calls]


def problem_of(made):
    (problem,) = made.problems
    return problem


# -- problems ---------------------------------------------------------------------------------------------------------


def test_an_implementation_of_a_hook_that_nobody_declares_is_a_problem():
    problem = problem_of(registry(contribution("one", guard("rocket_lanching").by(check))))
    assert (problem.code, problem.subject) == ("unknown_hook", "one")
    assert "'rocket_lanching'" in problem.message
    assert "test_hook_registry:check" in problem.message
    assert problem.fix == "Did you mean 'rocket_launching'?"


def test_a_hook_that_resembles_none_is_looked_for_in_a_missing_plugin():
    problem = problem_of(registry(contribution("one", guard("invoice_sending").by(check))))
    assert problem.fix == "Name the plugin that declares it in the manifest's needs"


def test_every_such_problem_is_reported():
    made = registry(
        contribution("one", guard("a_b").by(check), guard("c_d").by(check)), contribution("two", guard("a_b").by(check))
    )
    assert {p.code for p in made.problems} == {"unknown_hook"}
    assert sorted(p.subject for p in made.problems) == ["one", "one", "two"]


def test_two_hooks_of_one_name_are_a_problem():
    problem = problem_of(registry(contribution("one", declares=[guard()])))
    assert (problem.code, problem.subject) == ("hook_clash", "one")
    assert "'core'" in problem.message


def test_a_hook_of_ones_own_making_is_a_problem():
    """It would never be called, as the declarer asks another object."""
    problem = problem_of(registry(contribution("one", guard().by(check))))
    assert (problem.code, problem.subject, problem.fix) == ("foreign_hook", "one", "Import the hook from 'core'")


def test_a_bare_function_among_the_hooks_is_a_problem():
    problem = problem_of(registry(contribution("one", check)))
    assert (problem.code, problem.subject) == ("not_an_implementation", "one")
    assert problem.fix == "Write the_hook.by(the_function), or on(TheEvent, the_function)"


def test_something_else_among_the_declared_hooks_is_a_problem():
    problem = problem_of(registry(contribution("one", declares=[launching.by(check)])))
    assert (problem.code, problem.subject) == ("not_a_hook", "one")


def test_a_subscription_to_an_event_that_nobody_emits_is_a_problem():
    problem = problem_of(registry(contribution("one", on(Lanched, crash))))
    assert (problem.code, problem.subject, problem.fix) == ("unknown_event", "one", "Did you mean 'Launched'?")


def test_wishes_that_contradict_each_other_are_a_problem():
    made = registry(
        contribution("one", launching.by(check, before="two")), contribution("two", launching.by(check, before="one"))
    )
    problem = problem_of(made)
    assert (problem.code, problem.subject) == ("hook_order", "rocket_launching")
    assert "one and two" in problem.message


def test_a_wish_to_come_before_ones_dependency_is_a_problem():
    made = registry(
        contribution("one", launching.by(check, before="two"), needs=["two"]), contribution("two", launching.by(check))
    )
    assert problem_of(made).code == "hook_order"


def test_subscribers_have_an_order_too():
    made = registry(
        contribution("one", on(Launched, crash, after="two")), contribution("two", on(Event, crash, after="one"))
    )
    assert {p.code for p in made.problems} == {"hook_order"}


# -- order ------------------------------------------------------------------------------------------------------------


def test_without_wishes_the_order_is_by_id():
    made = registry(*(contribution(plugin, launching.by(check)) for plugin in ("b", "c", "a")))
    assert plugins_of(made.compile("abc").of(launching)) == ["a", "b", "c"]


def test_dependencies_come_first_also_through_a_plugin_that_implements_nothing():
    made = registry(
        contribution("a", launching.by(check), needs=["b"]),
        contribution("b", needs=["c"]),
        contribution("c", launching.by(check)),
    )
    assert plugins_of(made.compile("abc").of(launching)) == ["c", "a"]


def test_core_comes_first():
    area = Contribution(plugin="core", hooks=(launching.by(check),))
    made = registry(contribution("a", launching.by(check)), area)
    assert plugins_of(made.compile("a").of(launching)) == ["core", "a"]


def test_declared_before_and_after_come_next():
    made = registry(
        contribution("a", launching.by(check, after="c")),
        contribution("b", launching.by(check)),
        contribution("c", launching.by(check, before=["b", "not_installed"])),
    )
    assert plugins_of(made.compile("abc").of(launching)) == ["c", "a", "b"]


def test_one_plugin_keeps_its_own_order():
    first, second = (lambda *_: None), (lambda *_: None)
    made = registry(contribution("a", launching.by(first), launching.by(second)))
    assert made.compile("a").of(launching) == (("a", first), ("a", second))


PLACES = st.lists(
    st.builds(
        Place,
        plugin=st.sampled_from("abcdef"),
        before=st.frozensets(st.sampled_from("abcdef"), max_size=2),
        after=st.frozensets(st.sampled_from("abcdef"), max_size=2),
    ),
    max_size=8,
)
NEEDS = st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.sampled_from("abcdef"), max_size=2), max_size=6)


@given(PLACES, NEEDS)
def test_the_order_keeps_every_rule_or_names_who_breaks_it(places, needs):
    needs = transitive(needs)
    ordered, contradictory = in_order(places, lambda place: place, needs)
    assert sorted(map(id, ordered)) == sorted(map(id, places))
    if contradictory:
        return
    for index, later in enumerate(ordered):
        for earlier in ordered[:index]:
            if earlier.plugin != later.plugin:
                assert later.plugin not in needs.get(earlier.plugin, ())
                assert later.plugin not in earlier.after
                assert earlier.plugin not in later.before


@given(PLACES, NEEDS, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_registration(places, needs, random):
    once = {place.plugin: place for place in places}
    shuffled = list(once.values())
    random.shuffle(shuffled)
    assert in_order(list(once.values()), lambda p: p, needs) == in_order(shuffled, lambda p: p, needs)


def test_who_only_waits_for_a_cycle_is_not_blamed_for_it():
    places = [
        Place(plugin="a", before=["b"]),
        Place(plugin="b", before=["a"]),
        Place(plugin="c", after=["b"]),
    ]
    assert in_order(places, lambda place: place, {})[1] == ("a", "b")


# -- tables -----------------------------------------------------------------------------------------------------------


def test_only_enabled_plugins_are_in_the_table():
    made = registry(contribution("one", launching.by(check)), contribution("two", launching.by(check)))
    assert plugins_of(made.compile({"two"}).of(launching)) == ["two"]
    assert made.compile(()).of(launching) == ()


def test_the_table_of_a_profile_is_made_once():
    made = registry(contribution("one", launching.by(check)))
    assert made.compile(["one"]) is made.compile(frozenset({"one"}))
    assert made.compile(["one"]) is not made.compile([])


def test_a_bridge_is_asked_only_while_all_its_plugins_are_enabled():
    made = registry(contribution("one"), contribution("one", launching.by(check), when=["phone", "mail"]))
    assert plugins_of(made.compile({"one", "phone", "mail"}).of(launching)) == ["one"]
    assert made.compile({"one", "phone"}).of(launching) == ()
    assert made.compile({"phone", "mail"}).of(launching) == ()


def test_the_declared_hooks_are_known_with_their_plugins():
    own = guard("card_issuing")
    made = registry(contribution("one", declares=[own]))
    assert made.hooks == {
        "rocket_launching": ("core", launching),
        "rocket_viewing": ("core", viewing),
        "card_issuing": ("one", own),
    }


def test_subscribers_in_process_and_durable_ones_are_kept_apart():
    made = registry(contribution("one", on(Launched, check), on(Launched, crash, durable=True)))
    table = made.compile({"one"})
    assert [(s.plugin, s.fn) for s in table.subscribers(Launched)] == [("one", check)]
    assert [(s.plugin, s.fn) for s in table.durable(Launched)] == [("one", crash)]


def test_a_subscriber_gets_subclasses_of_its_event_too():
    made = registry(contribution("one", on(Launched, check)), contribution("two", on(LaunchedTwice, check)))
    table = made.compile({"one", "two"})
    assert [s.plugin for s in table.subscribers(Launched)] == ["one"]
    assert [s.plugin for s in table.subscribers(LaunchedTwice)] == ["one", "two"]
    assert table.subscribers(Lanched) == ()


def test_a_subscriber_that_fails_is_recorded_and_goes_no_further():
    health = Health(tolerated=2)
    table = registry(contribution("one", on(Launched, crash)), health=health).compile({"one"})
    (subscriber,) = table.subscribers(Launched)
    with table.isolated(subscriber):
        subscriber.fn(None, Launched())
    (entry,) = health
    assert (entry.plugin, entry.hook, entry.error) == ("one", "Launched", "KeyError: 'x'")
    with table.isolated(subscriber):
        subscriber.fn(None, Launched())
    assert table.subscribers(Launched) == ()


def test_a_subscriber_that_fails_because_of_the_database_is_isolated_as_well():
    from crmkit.errors import StorageError

    table = registry(contribution("one", on(Launched, crash))).compile({"one"})
    with table.isolated(table.subscribers(Launched)[0]):
        raise StorageError("disk full")


def test_a_durable_subscriber_is_never_skipped():
    health = Health(tolerated=1)
    table = registry(contribution("one", on(Launched, crash, durable=True)), health=health).compile({"one"})
    health.fault("one", "Launched", KeyError(), skippable=True)
    assert len(table.durable(Launched)) == 1


def test_a_slow_subscriber_is_named():
    health = Health(slow_after=0)
    table = registry(contribution("one", on(Launched, check)), health=health).compile({"one"})
    with table.isolated(table.subscribers(Launched)[0]):
        pass
    (entry,) = health
    assert (entry.slow, entry.faults, entry.skipped) == (1, 0, False)


@pytest.mark.parametrize("module", ["crmkit.core.kernel.hooks.hook", "crmkit.core.kernel.hooks.registry"])
def test_pluggy_is_loaded_only_when_a_registry_is_made(module):
    code = f"import sys, {module}; sys.exit('pluggy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
