"""What a plugin may get wrong about hooks: both type checkers refuse every marked line.

The marks silence one error of each checker, and each checker reports a mark that it did not need. So this file passes
only if every marked line, and no other, is refused by both.
"""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.hooks.context import Context
from crmkit.core.kernel.hooks.hook import Collect, Guard, Implementation, on
from crmkit.core.kernel.units.unit import UnitOfWork
from crmkit.errors import Refusal
from crmkit.values.event import Event


@frozen(kw_only=True)
class Launch:
    rocket: str


@frozen(kw_only=True)
class Landing:
    runway: str


@frozen(kw_only=True)
class Panel:
    text: str


@frozen(kw_only=True)
class Launched(Event):
    rocket: str


@frozen(kw_only=True)
class Landed(Event):
    runway: str


launching = Guard("rocket_launching", Launch, doc="When a rocket is about to be launched.")
viewing = Collect("rocket_viewing", Launch, Panel, doc="When somebody looks at a rocket.")

# -- declaring

undocumented: object = Guard("rocket_landing", Landing)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
without_answer: object = Collect("rocket_landing", Landing, doc="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
with_instance: object = Guard("rocket_landing", Landing(runway="1"), doc="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# -- implementing


def other_payload(context: Context, landing: Landing) -> None: ...
def other_answer(context: Context, launch: Launch) -> str:
    raise NotImplementedError


def one_argument(context: Context) -> None: ...
def three_arguments(context: Context, launch: Launch, more: int) -> None: ...
def other_context(uow: UnitOfWork, launch: Launch) -> None: ...
def swapped(launch: Launch, context: Context) -> None: ...
def misspelt_attribute(context: Context, launch: Launch) -> Refusal:
    return Refusal(launch.rockt, "no")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def writes(context: Context, launch: Launch) -> None:
    context.use(launch)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    launch.rocket = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    context.tenant = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def asynchronous(context: Context, launch: Launch) -> Panel:
    raise NotImplementedError


def answers_panel(context: Context, launch: Launch) -> Panel:
    raise NotImplementedError


guards: tuple[Implementation, ...] = (
    launching.by(other_payload),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.by(other_answer),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.by(one_argument),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.by(three_arguments),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.by(other_context),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.by(swapped),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.by(answers_panel),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.by(misspelt_attribute, befor=("weather",)),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    launching.by(misspelt_attribute, before=1),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.bye(misspelt_attribute),  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    misspelt_attribute,  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
)

panels = (
    viewing.by(other_payload),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    viewing.by(other_answer),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    viewing.by(one_argument),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    viewing.by(asynchronous),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
)

# -- subscribing


def other_event(uow: UnitOfWork, event: Landed) -> None: ...
def reads_only(context: Context, event: Launched) -> None: ...
def event_alone(event: Launched) -> None: ...
def answers(uow: UnitOfWork, event: Launched) -> int:
    raise NotImplementedError


def fits(uow: UnitOfWork, event: Launched) -> None: ...


subscriptions = (
    on(Launched, other_event),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    on(Launched, reads_only),  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    on(Launched, event_alone),  # type: ignore[arg-type, type-var]  # pyright: ignore[reportArgumentType]
    on(Launched, answers),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    on(Launched, fits, durabel=True),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    on(Launch, fits),  # type: ignore[arg-type, type-var]  # pyright: ignore[reportArgumentType]
)

# -- asking


def ask(context: Context, uow: UnitOfWork) -> None:
    launching.ask(context, Landing(runway="1"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.ask(context)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    launching.ask(uow, Launch(rocket="Ariane"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    launching.refusals(context, Landing(runway="1"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    viewing.ask(context, Landing(runway="1"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for _, panel in viewing.ask(context, Launch(rocket="Ariane")):
        str(panel.txt)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
