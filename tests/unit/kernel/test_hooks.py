"""How hooks are declared, implemented and asked."""

import asyncio
import functools
import time
from datetime import UTC, datetime
from uuid import UUID

import pytest
from attrs import define, evolve, frozen

from crmkit.core.kernel.access.actors import Actor
from crmkit.core.kernel.hooks.context import Context
from crmkit.core.kernel.hooks.health import Health
from crmkit.core.kernel.hooks.hook import Collect, Guard, on
from crmkit.core.kernel.hooks.registry import Contribution, HookRegistry
from crmkit.core.kernel.keys.keys import Keys
from crmkit.errors import (
    HookDefinitionError,
    HookFailedError,
    NotFoundError,
    Refusal,
    RefusedError,
    RetryableStorageError,
)
from crmkit.values.event import Event
from crmkit.values.money import Money

ID = UUID("01890000-0000-7000-8000-000000000001")


@frozen(kw_only=True)
class Launch:
    rocket: str = "Ariane"
    fuel: tuple[str, ...] = ("hydrogen",)


@frozen(kw_only=True)
class Panel:
    text: str


@frozen(kw_only=True)
class Launched(Event):
    rocket: str = "Ariane"


launching = Guard("rocket_launching", Launch, doc="When a rocket is about to be launched.")
viewing = Collect("rocket_viewing", Launch, Panel, doc="When somebody looks at a rocket.")


class Unit:
    """Remembers what it was asked."""

    actor = Actor(id="ida", name="Ida")
    tenant = "acme"
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def __init__(self):
        self.asked = []

    keys = Keys((), "acme")

    def _answer(self, name, args, kwargs):
        self.asked.append((name, args, kwargs))
        return name

    def get(self, *args):
        return self._answer("get", args, {})

    def find(self, *args, **kwargs):
        return self._answer("find", args, kwargs)

    def each(self, *args, **kwargs):
        return self._answer("each", args, kwargs)

    def count(self, *args):
        return self._answer("count", args, {})

    def tally(self, *args, **kwargs):
        return self._answer("tally", args, kwargs)

    def settings(self, *args):
        return self._answer("settings", args, {})


@pytest.fixture
def health():
    return Health(tolerated=3, slow_after=0.01)


@pytest.fixture
def context_of(health):
    def make(**hooks_of_plugins):
        core = Contribution(plugin="core", declares=(launching, viewing), events=(Launched,))
        others = [Contribution(plugin=plugin, hooks=tuple(hooks)) for plugin, hooks in hooks_of_plugins.items()]
        registry = HookRegistry([core, *others], health)
        assert registry.problems == []
        return Context(Unit(), registry.compile(hooks_of_plugins))

    return make


def answer(text):
    return lambda context, launch: Panel(text=text)


def refuse(code):
    return lambda context, launch: Refusal(code, f"not with {launch.rocket}")


def crash(context, launch):
    raise KeyError("the name of somebody hidden")


# -- declaring --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["launching", "Rocket_launching", "rocket-launching", "rocket_", "_rocket", "a.b_c", ""]
)
def test_a_hook_is_named_by_noun_and_verb(name):
    with pytest.raises(HookDefinitionError, match="<noun>_<verb>"):
        Guard(name, Launch, doc="When.")


@pytest.mark.parametrize("doc", ["", " \n "])
def test_a_hook_must_be_documented(doc):
    with pytest.raises(HookDefinitionError, match="no documentation"):
        Collect("rocket_viewing", Launch, Panel, doc=doc)


@define
class Mutable:
    rocket: str = ""


@define(slots=False)
class MutableWithDict:
    rocket: str = ""


@pytest.mark.parametrize("payload", [dict, str, Mutable, MutableWithDict, tuple[str], None])
def test_a_payload_must_be_a_frozen_class(payload):
    with pytest.raises(HookDefinitionError, match="must be a frozen attrs class"):
        Guard("rocket_launching", payload, doc="When.")


@pytest.mark.parametrize("kind", [list[Panel], Panel | None, "Panel"])
def test_an_answer_must_be_a_plain_class(kind):
    with pytest.raises(HookDefinitionError, match="must be a plain class"):
        Collect("rocket_viewing", Launch, kind, doc="When.")


def test_an_answer_may_be_a_class_of_crmkit():
    assert Collect("deal_pricing", Launch, Money, doc="When.").answer is Money


@pytest.mark.parametrize("hook", [launching, viewing], ids=repr)
def test_a_hook_answers_five_questions(hook):
    contract = hook.contract
    assert contract.when == hook.doc
    assert all([contract.transaction, contract.answers, contract.limits, contract.raising])


def test_the_documentation_is_one_paragraph_however_it_was_written():
    hook = Guard(
        "rocket_launching",
        Launch,
        doc="""When a rocket
        is launched.
        """,
    )
    assert hook.doc == "When a rocket is launched."


# -- implementing -----------------------------------------------------------------------------------------------------


WAYS = ["guard", "collect", "event"]
"""The three ways in which a plugin implements something."""


async def wait(context, launch):
    pass


async def wait_and_yield(context, launch):
    yield


def yield_one(context, launch):
    yield Panel(text="")


class Waits:
    async def __call__(self, context, launch):
        pass


@pytest.mark.parametrize(
    "fn", [wait, wait_and_yield, yield_one, Waits(), functools.partial(wait)], ids=lambda fn: type(fn).__name__
)
@pytest.mark.parametrize("implement", [launching.by, viewing.by, functools.partial(on, Launched)], ids=WAYS)
def test_an_implementation_is_synchronous(implement, fn):
    with pytest.raises(HookDefinitionError, match="hooks are synchronous"):
        implement(fn)


@pytest.mark.parametrize(
    "fn",
    [
        lambda: None,
        lambda context: None,
        lambda context, launch, more: None,
        lambda context, *, launch: None,
        lambda context, launch, *, more: None,
    ],
)
@pytest.mark.parametrize("implement", [launching.by, viewing.by, functools.partial(on, Launched)], ids=WAYS)
def test_an_implementation_takes_two_arguments(implement, fn):
    with pytest.raises(HookDefinitionError, match=r"it is called with \((context, payload|uow, event)\)"):
        implement(fn)


@pytest.mark.parametrize("fn", [None, "check", Panel, 7], ids=repr)
@pytest.mark.parametrize("implement", [launching.by, viewing.by, functools.partial(on, Launched)], ids=WAYS)
def test_an_implementation_is_a_function(implement, fn):
    with pytest.raises(HookDefinitionError, match="cannot implement"):
        implement(fn)


def test_an_error_of_definition_names_the_hook_the_function_and_its_module():
    with pytest.raises(HookDefinitionError, match="wait cannot implement 'rocket_launching'") as caught:
        launching.by(wait)
    assert (caught.value.hook, caught.value.plugin) == ("rocket_launching", __name__)


@pytest.mark.parametrize(
    "fn", [lambda context, launch, more=1: None, lambda *args: None, Unit()._answer], ids=["default", "args", "method"]
)
def test_arguments_beyond_the_two_may_have_defaults(fn):
    assert launching.by(functools.partial(fn, kwargs={}) if hasattr(fn, "__self__") else fn).fn


def test_one_id_may_be_given_without_a_tuple():
    implementation = launching.by(crash, before="marketing", after=["sales", "service_desk"])
    assert implementation.before == ("marketing",)
    assert implementation.after == ("sales", "service_desk")


def test_a_durable_subscriber_is_found_again_by_its_name():
    assert on(Launched, crash, durable=True).key == f"{__name__}:crash"


def test_a_durable_subscriber_cannot_be_a_function_inside_of_a_function():
    with pytest.raises(HookDefinitionError, match="a job finds it by name"):
        on(Launched, lambda uow, event: None, durable=True)


# -- guards -----------------------------------------------------------------------------------------------------------


def test_a_guard_with_nothing_against_it_lets_pass(context_of):
    context = context_of(one=[launching.by(lambda context, launch: None)])
    assert launching.refusals(context, Launch()) == []
    launching.ask(context, Launch())


def test_all_refusals_are_collected_with_the_names_of_their_plugins(context_of):
    context = context_of(
        one=[launching.by(refuse("wind"))], two=[launching.by(lambda *_: None)], three=[launching.by(refuse("fuel"))]
    )
    with pytest.raises(RefusedError) as caught:
        launching.ask(context, Launch())
    assert [(r.plugin, r.code) for r in caught.value.refusals] == [("one", "wind"), ("three", "fuel")]
    assert caught.value.command == "rocket_launching"


def test_a_guard_cannot_refuse_in_the_name_of_another(context_of):
    context = context_of(one=[launching.by(lambda *_: Refusal("x", "no", plugin="two"))])
    assert [r.plugin for r in launching.refusals(context, Launch())] == ["one"]


@pytest.mark.parametrize(
    "error", [KeyError("x"), SystemExit(1), GeneratorExit(), RecursionError(), MemoryError()], ids=repr
)
def test_a_guard_that_crashes_fails_the_command_and_is_named(context_of, health, error):
    def crashing(context, launch):
        raise error

    with pytest.raises(HookFailedError, match="plugin 'one' failed in hook 'rocket_launching'") as caught:
        launching.refusals(context_of(one=[launching.by(crashing)]), Launch())
    assert (caught.value.plugin, caught.value.hook) == ("one", "rocket_launching")
    assert caught.value.__cause__ is error
    assert [entry.faults for entry in health] == [1]


def test_a_failing_guard_is_not_quoted_to_users(context_of):
    """The text of a foreign error may hold what the user must not see; operators find it in the health."""
    with pytest.raises(HookFailedError) as caught:
        launching.refusals(context_of(one=[launching.by(crash)]), Launch())
    assert "somebody hidden" not in str(caught.value)
    assert "KeyError at test_hooks.py:" in str(caught.value)


@pytest.mark.parametrize("wrong", [False, True, "no", [Refusal("x", "y")], RefusedError("x", [])], ids=repr)
def test_a_guard_that_answers_in_another_type_counts_as_crashed(context_of, wrong):
    with pytest.raises(HookFailedError, match="TypeError"):
        launching.refusals(context_of(one=[launching.by(lambda *_: wrong)]), Launch())


def test_a_guard_is_never_skipped(context_of, health):
    context = context_of(one=[launching.by(crash)])
    for _ in range(health.tolerated * 2):
        with pytest.raises(HookFailedError):
            launching.refusals(context, Launch())
    assert not health.skipped("one", "rocket_launching")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError()], ids=repr)
@pytest.mark.parametrize("hook", [launching, viewing], ids=repr)
def test_an_interrupt_is_not_the_plugins_and_passes(context_of, health, hook, error):
    def interrupted(context, launch):
        raise error

    with pytest.raises(type(error)):
        (hook.refusals if hook is launching else hook.ask)(context_of(one=[hook.by(interrupted)]), Launch())
    assert list(health) == []


@pytest.mark.parametrize("hook", [launching, viewing], ids=repr)
def test_a_failing_database_is_not_the_plugins_fault_and_passes(context_of, health, hook):
    """So that a deadlock met while a hook was reading is retried like any other."""

    def deadlocked(context, launch):
        raise RetryableStorageError("deadlock")

    with pytest.raises(RetryableStorageError):
        (hook.refusals if hook is launching else hook.ask)(context_of(one=[hook.by(deadlocked)]), Launch())
    assert list(health) == []


# -- collecting -------------------------------------------------------------------------------------------------------


def test_answers_come_with_the_names_of_their_plugins(context_of):
    context = context_of(one=[viewing.by(answer("a")), viewing.by(answer("b"))], two=[viewing.by(answer("c"))])
    assert viewing.ask(context, Launch()) == [
        ("one", Panel(text="a")),
        ("one", Panel(text="b")),
        ("two", Panel(text="c")),
    ]


def test_without_implementations_there_is_no_answer(context_of):
    assert viewing.ask(context_of(), Launch()) == []


def test_none_is_no_answer(context_of):
    assert viewing.ask(context_of(one=[viewing.by(lambda *_: None)]), Launch()) == []


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(1), GeneratorExit(), RecursionError()], ids=repr)
def test_one_that_crashes_leaves_the_answers_of_others(context_of, health, error):
    def crashing(context, launch):
        raise error

    context = context_of(one=[viewing.by(crashing)], two=[viewing.by(answer("c"))])
    assert viewing.ask(context, Launch()) == [("two", Panel(text="c"))]
    (entry,) = health
    assert (entry.plugin, entry.hook, entry.faults) == ("one", "rocket_viewing", 1)


def test_a_hidden_record_met_on_the_way_never_gets_a_plugin_skipped(context_of, health):
    def looking(context, launch):
        raise NotFoundError("deal", ID)

    context = context_of(one=[viewing.by(looking)])
    for _ in range(health.tolerated * 2):
        assert viewing.ask(context, Launch()) == []
    assert [(entry.faults, entry.skipped) for entry in health] == [(health.tolerated * 2, False)]


@pytest.mark.parametrize("wrong", ["text", Panel, [Panel(text="")], Launch()], ids=repr)
def test_an_answer_of_another_type_is_left_out_and_recorded(context_of, health, wrong):
    context = context_of(one=[viewing.by(lambda *_: wrong)], two=[viewing.by(answer("c"))])
    assert viewing.ask(context, Launch()) == [("two", Panel(text="c"))]
    (entry,) = health
    assert "not a Panel or None" in entry.error
    assert entry.place.startswith("test_hooks.py:")


def test_one_that_calls_itself_without_end_is_contained(context_of, health):
    def recursing(context, launch):
        viewing.ask(context, launch)
        return Panel(text="")

    assert viewing.ask(context_of(one=[viewing.by(recursing)]), Launch())
    assert [entry.plugin for entry in health] == ["one"]


def test_after_so_many_faults_it_is_skipped_until_it_is_reset(context_of, health):
    calls = []

    def crashing(context, launch):
        calls.append(launch)
        raise KeyError

    context = context_of(one=[viewing.by(crashing), launching.by(refuse("wind"))], two=[viewing.by(answer("c"))])
    for _ in range(health.tolerated + 2):
        assert viewing.ask(context, Launch()) == [("two", Panel(text="c"))]
    assert len(calls) == health.tolerated
    assert launching.refusals(context, Launch())  # skipped in one hook, not in others
    health.reset("one")
    viewing.ask(context, Launch())
    assert len(calls) == health.tolerated + 1


def test_a_slow_one_is_named_and_in_the_end_skipped(context_of, health):
    def dawdling(context, launch):
        time.sleep(health.slow_after * 1.2)
        return Panel(text="late")

    context = context_of(one=[viewing.by(dawdling)], two=[viewing.by(answer("c"))])
    assert len(viewing.ask(context, Launch())) == 2
    (entry,) = health
    assert (entry.plugin, entry.slow, entry.skipped) == ("one", 1, False)
    assert entry.worst >= health.slow_after
    for _ in range(health.tolerated):
        viewing.ask(context, Launch())
    assert viewing.ask(context, Launch()) == [("two", Panel(text="c"))]


def test_a_slow_guard_is_named_and_asked_all_the_same(context_of, health):
    def dawdling(context, launch):
        time.sleep(health.slow_after * 1.2)

    context = context_of(one=[launching.by(dawdling)])
    for _ in range(health.tolerated + 1):
        launching.refusals(context, Launch())
    (entry,) = health
    assert (entry.slow, entry.faults, entry.skipped) == (health.tolerated + 1, 0, False)


# -- what it is handed ------------------------------------------------------------------------------------------------


def test_the_context_passes_reads_on_to_the_unit():
    unit = Unit()
    context = Context(unit, None)
    answers = [
        context.get("deal", ID),
        context.find("deal", "where", order="id", limit=2, after="cursor"),
        context.each("deal", "where", order="id"),
        context.count("deal", "where"),
        context.tally("deal", ("stage",), sums=("amount",), where="where"),
        context.settings(Launch),
    ]
    assert answers == ["get", "find", "each", "count", "tally", "settings"]
    assert unit.asked == [
        ("get", ("deal", ID), {}),
        ("find", ("deal", "where"), {"order": "id", "limit": 2, "after": "cursor"}),
        ("each", ("deal", "where"), {"order": "id"}),
        ("count", ("deal", "where"), {}),
        ("tally", ("deal", ("stage",)), {"sums": ("amount",), "where": "where"}),
        ("settings", (Launch,), {}),
    ]
    assert (context.actor, context.tenant, context.now) == (unit.actor, unit.tenant, unit.now)


def reachable(thing, depth=3):
    """Everything that dir() leads to from ``thing``, methods not called."""
    found = [thing]
    if depth:
        for name in dir(thing):
            if not name.startswith("__"):
                found += reachable(getattr(thing, name), depth - 1)
    return found


def test_nothing_in_the_context_leads_to_the_unit(context_of):
    context = context_of(one=[viewing.by(answer("a"))])
    assert not any(isinstance(thing, Unit | HookRegistry | Health) for thing in reachable(context))
    assert not hasattr(context, "__dict__")


@pytest.mark.parametrize("name", ["actor", "tenant", "now", "get", "anything"])
def test_the_context_cannot_be_changed(context_of, name):
    with pytest.raises(AttributeError):
        setattr(context_of(), name, None)


def test_the_payload_cannot_be_changed(context_of, health):
    def mutating(context, launch):
        launch.rocket = "another"

    payload = Launch()
    viewing.ask(context_of(one=[viewing.by(mutating)]), payload)
    assert payload == Launch()
    assert [entry.faults for entry in health] == [1]


def test_a_payload_may_grow_without_breaking_an_implementation(context_of):
    @frozen(kw_only=True)
    class LargerLaunch(Launch):
        wind: int = 3

    context = context_of(one=[launching.by(refuse("wind"))])
    assert launching.refusals(context, evolve(LargerLaunch(), wind=9))
