"""What a plugin may write about hooks: both type checkers accept every line."""

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
class Panel:
    text: str


@frozen(kw_only=True)
class Launched(Event):
    rocket: str


launching = Guard("rocket_launching", Launch, doc="When a rocket is about to be launched.")
viewing = Collect("rocket_viewing", Launch, Panel, doc="When somebody looks at a rocket.")


def check_wind(context: Context, launch: Launch) -> Refusal | None:
    return Refusal("wind", f"no wind for {launch.rocket}") if context.tenant == "calm" else None


def always_refuse(context: Context, launch: Launch) -> Refusal:
    return Refusal("never", f"{context.actor.id} may not launch {launch.rocket}")


def accepts_any_payload(context: Context, payload: object) -> None:
    del context, payload


def show(context: Context, launch: Launch, *, greeting: str = "Here is") -> Panel | None:
    return Panel(text=f"{greeting} {launch.rocket}, {context.now}")


def log_launch(uow: UnitOfWork, event: Launched) -> None:
    del uow, event


def log_anything(uow: UnitOfWork, event: Event) -> None:
    del uow, event


hooks: tuple[Implementation, ...] = (
    launching.by(check_wind),
    launching.by(always_refuse, before=("weather",)),
    launching.by(accepts_any_payload, after=["weather", "sea"]),
    viewing.by(show),
    on(Launched, log_launch),
    on(Launched, log_anything, durable=True),
)


def ask(context: Context) -> list[str]:
    launching.ask(context, Launch(rocket="Ariane"))
    refusals: list[Refusal] = launching.refusals(context, Launch(rocket="Ariane"))
    answers: list[tuple[str, Panel]] = viewing.ask(context, Launch(rocket="Ariane"))
    return [*(panel.text for _, panel in answers), *(refusal.code for refusal in refusals)]
