"""Hooks: where plugins have a say. A typed object declares a hook, takes its implementations and asks them.

The noun's ``hooks.py`` declares, with the payload that implementations are handed::

    deal_moving = Guard("deal_moving", DealMove, doc="Asked when a deal is about to enter another stage.")

A plugin implements it with a plain function, and lists it::

    def check_card(context: Context, move: DealMove) -> Refusal | None: ...


    class MembershipPlugin(Plugin):
        hooks = (deal_moving.by(check_card), on(DealWon, credit_points))

`crmkit.core.kernel.hooks.registry` matches the two at the start and puts the implementations in order.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any, ClassVar, Final, Generic, NoReturn, Protocol, TypeVar

import attrs
from attrs import field, frozen

from crmkit.core.kernel.hooks.context import Context
from crmkit.core.kernel.hooks.health import CONTAINED
from crmkit.core.kernel.hooks.signatures import check_callable, module_of, name_of
from crmkit.errors import HookDefinitionError, HookFailedError, Refusal, RefusedError, StorageError
from crmkit.values.event import Event

__all__ = ["Collect", "Contract", "Guard", "Hook", "Implementation", "on"]

T = TypeVar("T")
R = TypeVar("R")
E = TypeVar("E", bound=Event)

NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")


# -- declaring --------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Contract:
    """The five questions that a hook's documentation answers.

    Attributes:
        when: when it is called.
        transaction: inside which transaction.
        answers: how several answers combine.
        limits: what an implementation may not do.
        raising: what raising means.
    """

    when: str
    transaction: str
    answers: str
    limits: str
    raising: str


class Hook(Generic[T]):
    """The base of all hooks; a module-level object in the ``hooks`` module of the noun that it is about.

    Args:
        name: ``<noun>_<verb>``, such as ``deal_moving``; unique over all plugins.
        payload: the frozen class whose instances implementations are handed. It grows by attributes, so that no
            implementation breaks.
        doc: when the hook is called and what a plugin can do with it. What all hooks of a kind have in common (see
            `Contract`) is added by the kind.

    Raises:
        HookDefinitionError: if the name is no ``<noun>_<verb>``, the payload is no frozen class, or the
            documentation is missing.
    """

    transaction: ClassVar[str]
    answers: ClassVar[str]
    limits: ClassVar[str]
    raising: ClassVar[str]
    skippable: ClassVar[bool]

    def __init__(self, name: str, payload: type[T], *, doc: str) -> None:
        self.name, self.payload, self.doc = name, payload, " ".join(doc.split())
        if not NAME.fullmatch(name):
            self._refuse(f"a hook is named <noun>_<verb>, such as deal_moving; {name!r} is not")
        if not self.doc:
            self._refuse(f"hook {name!r} has no documentation; say in doc= when it is called")
        if not _is_frozen(payload):
            self._refuse(f"the payload of hook {name!r} must be a frozen attrs class, not {name_of(payload)}")

    def _refuse(self, message: str) -> NoReturn:
        raise HookDefinitionError(self.name, module_of(self.payload), message)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @property
    def contract(self) -> Contract:
        """What an implementation has to know; the reference is generated from it."""
        return Contract(
            when=self.doc,
            transaction=self.transaction,
            answers=self.answers,
            limits=self.limits,
            raising=self.raising,
        )

    def _implementation(self, fn: Callable[..., Any], before: Iterable[str], after: Iterable[str]) -> Implementation:
        check_callable(fn, hook=self.name, takes=("context", "payload"))
        return Implementation(hook=self, fn=fn, before=before, after=after)


def _is_frozen(cls: object) -> bool:
    """Whether instances refuse assignment, tried on an empty one, so that it does not matter who made the class."""
    if not (isinstance(cls, type) and attrs.has(cls)):
        return False
    try:
        setattr(object.__new__(cls), "name", None)  # noqa: B010  # no checker knows this attribute
    except attrs.exceptions.FrozenError:
        return True
    except AttributeError:  # slotted, but not frozen
        return False
    return False


class Guard(Hook[T]):
    """A hook that can say no.

    Attributes:
        name: ``<noun>_<verb>``.
        payload: the class of what it is handed.
        doc: when it is called.
    """

    transaction = "inside the transaction of the command: after its body, before anything of it is written"
    answers = "a Refusal or None; all are asked, and every refusal is listed with the name of its plugin"
    limits = "it may read through the context, with the rights of the actor, and write nothing"
    raising = "the command fails with HookFailedError and nothing is written, as nobody knows what the answer would be"
    skippable = False

    def by(
        self, fn: Callable[[Context, T], Refusal | None], *, before: Iterable[str] = (), after: Iterable[str] = ()
    ) -> Implementation:
        """An implementation of this hook, to be listed among the plugin's ``hooks``.

        Args:
            fn: returns a refusal, or None where it has nothing against it.
            before: ids of plugins that are to be asked later.
            after: ids of plugins that are to be asked earlier.

        Raises:
            HookDefinitionError: if ``fn`` is asynchronous or does not take (context, payload).
        """
        return self._implementation(fn, before, after)

    def refusals(self, context: Context, payload: T) -> list[Refusal]:
        """What all implementations have against it, each with the name of its plugin.

        Raises:
            HookFailedError: if one raises or returns neither a refusal nor None. Guards are never skipped.
            StorageError: if the database failed while one was reading.
        """
        table = context._hooks  # noqa: SLF001  # the context carries it for hooks, and shows it to nobody else
        limit = table.slow_after
        refused: list[Refusal] = []
        then = perf_counter()
        for plugin, fn in table.of(self):
            context._asked = plugin  # noqa: SLF001  # as above
            try:
                answer = fn(context, payload)
                if answer is not None:
                    refused.append(answer.by(plugin) if isinstance(answer, Refusal) else _wrong(answer, Refusal))
            except StorageError:
                raise
            except CONTAINED as error:
                raise HookFailedError(self.name, plugin, table.fault(self, plugin, fn, error)) from error
            now = perf_counter()
            if now - then > limit:
                table.slow(self, plugin, now - then)
            then = now
        return refused

    def ask(self, context: Context, payload: T) -> None:
        """Ask all implementations at once, outside of a command's gate.

        Raises:
            RefusedError: if any refuses; it lists every refusal.
            HookFailedError: if one raises or returns neither a refusal nor None.
        """
        refused = self.refusals(context, payload)
        if refused:
            raise RefusedError(self.name, refused)


class Collect(Hook[T], Generic[T, R]):
    """A hook that gathers answers on reads.

    Args:
        name: ``<noun>_<verb>``.
        payload: the class of what implementations are handed.
        answer: the class of what they return.
        doc: when it is called.

    Raises:
        HookDefinitionError: if name, payload or documentation will not do, or ``answer`` is no plain class.
    """

    transaction = "inside the transaction of the unit that reads"
    answers = "a list of (plugin, answer), in the order in which they are asked; an answer of None is left out"
    limits = "it may read through the context, with the rights of the actor, and write nothing"
    raising = (
        "its answer is missing, the others are there; the fault is recorded in the plugin's health, as is an answer "
        "that is late or of a wrong type, and after several the plugin is asked no more until it is reset"
    )
    skippable = True

    def __init__(self, name: str, payload: type[T], answer: type[R], *, doc: str) -> None:
        super().__init__(name, payload, doc=doc)
        if not inspect.isclass(answer):
            self._refuse(f"the answer of hook {name!r} must be a plain class, not {answer!r}")
        self.answer = answer

    def by(
        self, fn: Callable[[Context, T], R | None], *, before: Iterable[str] = (), after: Iterable[str] = ()
    ) -> Implementation:
        """An implementation of this hook, to be listed among the plugin's ``hooks``.

        Args:
            fn: returns an answer, or None where it has none.
            before: ids of plugins that are to be asked later.
            after: ids of plugins that are to be asked earlier.

        Raises:
            HookDefinitionError: if ``fn`` is asynchronous or does not take (context, payload).
        """
        return self._implementation(fn, before, after)

    def ask(self, context: Context, payload: T) -> list[tuple[str, R]]:
        """The answers of all implementations, each with its plugin's id; one that fails is left out.

        Raises:
            StorageError: if the database failed while one was reading.
        """
        table = context._hooks  # noqa: SLF001  # the context carries it for hooks, and shows it to nobody else
        kind, limit = self.answer, table.slow_after
        answers: list[tuple[str, R]] = []
        then = perf_counter()
        for plugin, fn in table.of(self):
            context._asked = plugin  # noqa: SLF001  # as above
            try:
                answer = fn(context, payload)
                if answer is not None:
                    answers.append((plugin, answer if isinstance(answer, kind) else _wrong(answer, kind)))
            except StorageError:
                raise
            except CONTAINED as error:
                table.fault(self, plugin, fn, error)
            now = perf_counter()
            if now - then > limit:
                table.slow(self, plugin, now - then)
            then = now
        return answers


def _wrong(answer: object, wanted: type[object]) -> NoReturn:
    raise TypeError(f"returned a {type(answer).__name__}, not a {wanted.__name__} or None")


# -- implementing -----------------------------------------------------------------------------------------------------


def _ids(given: Iterable[str]) -> tuple[str, ...]:
    # A text is an iterable of texts, and never meant as one.
    return (given,) if isinstance(given, str) else tuple(given)


@frozen(kw_only=True)
class Implementation:
    """A function of a plugin, and the hook or event that it is for. `Guard.by`, `Collect.by` and `on` make them.

    Attributes:
        hook: what it implements; for a subscriber, the class of events.
        fn: the function.
        plugin: the plugin's id; filled in when it is registered.
        before: ids of plugins that are to be asked later.
        after: ids of plugins that are to be asked earlier.
        durable: of a subscriber: whether it runs as a job that is written with the event and retried.
    """

    hook: Hook[Any] | type[Event]
    fn: Callable[..., Any]
    plugin: str = ""
    before: tuple[str, ...] = field(default=(), converter=_ids)
    after: tuple[str, ...] = field(default=(), converter=_ids)
    durable: bool = False

    @property
    def name(self) -> str:
        """The hook's name, or the event's."""
        return self.hook.name if isinstance(self.hook, Hook) else self.hook.__name__

    @property
    def key(self) -> str:
        """Where the function is found, as ``module:name``; names a durable subscriber in its jobs."""
        return f"{module_of(self.fn)}:{name_of(self.fn)}"


class SupportsUse(Protocol):
    """A unit of work, as far as the kernel's subscriptions need to know one."""

    def use(self, service: Any, /) -> Any:
        """The unit's instance of a service."""
        ...


U = TypeVar("U", bound=SupportsUse)


def on(
    event: type[E],
    fn: Callable[[U, E], None],
    *,
    durable: bool = False,
    before: Iterable[str] = (),
    after: Iterable[str] = (),
) -> Implementation:
    """A subscription, to be listed among the plugin's ``hooks``.

    The function is called after the commit, in a unit of work of its own, with the rights of the event's actor. What it
    raises undoes that unit only, and is recorded in the plugin's health. While the plugin is disabled it gets nothing.

    Args:
        event: the class of events; subclasses are included.
        fn: takes a unit of work and the event.
        durable: make it a job that is written in the event's own transaction and retried until it is done. If not, it
            is called once, in this process, and a crash in between loses it.
        before: ids of plugins whose subscribers are to be called later.
        after: ids of plugins whose subscribers are to be called earlier.

    Raises:
        HookDefinitionError: if ``fn`` is asynchronous or does not take (uow, event), or is durable and cannot be found
            again by its name.
    """
    check_callable(fn, hook=event.__name__, takes=("uow", "event"))
    implementation = Implementation(hook=event, fn=fn, durable=durable, before=before, after=after)
    if durable and not re.fullmatch(r"[\w.]+:[\w.]+", implementation.key):
        message = f"{implementation.key} cannot be durable: a job finds it by name, so define it at the top of a module"
        raise HookDefinitionError(event.__name__, module_of(fn), message)
    return implementation
