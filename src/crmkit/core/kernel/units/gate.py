"""The gate: what surrounds every command and query, so that no service can forget it.

`command` and `query` only mark methods and route their calls through the unit's gate. Around a command's body it
checks the permission, loads the targets named in the signature, and afterwards checks what the body wants to write
(rows, fields, references), asks the guards and flushes. See `Gate.command`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Concatenate,
    Final,
    Literal,
    ParamSpec,
    TypeVar,
    cast,
    get_args,
    get_origin,
)

from attrs import evolve, field, frozen

from crmkit.errors import CrmkitError, PoisonedUnitError, ReadOnlyUnitError

if TYPE_CHECKING:
    from crmkit.core.kernel.units.service import Service
    from crmkit.core.kernel.units.work import Work

__all__ = ["EVERYBODY", "Gate", "Operation", "Target", "TargetParameter", "command", "operations_of", "query"]

S = TypeVar("S", bound="Service")
P = ParamSpec("P")
R = TypeVar("R")

EVERYBODY: Final = ""
"""In the place of a permission: an operation needs none of its own, since the rights on each record decide."""


@frozen
class Target:
    """Marks a parameter as the id of a record that the gate loads: ``Annotated[UUID, Target("party")]``.

    Attributes:
        entity: the entity's name.
    """

    entity: str


@frozen
class TargetParameter:
    """A parameter of a command or query that names a target.

    Attributes:
        name: of the parameter.
        place: its place among positional arguments (without self); None if it is keyword-only.
        entity: the target's entity.
    """

    name: str
    place: int | None
    entity: str


@frozen(kw_only=True)
class Operation:
    """A registered command or query: what REST routes, the CLI, automation and agents are generated from.

    Attributes:
        name: such as ``deal.move``.
        kind: command (writes) or query (reads).
        permission: the action permission that it needs; `EVERYBODY` if rights on records alone decide.
        reversible: whether a unit with this command can be undone.
        doc: its documentation.
        method: the service method's name.
        service: the service class; None until collected at start.
        targets: the records that it names.
        signature: its parameters with resolved types, without self; None until collected.
    """

    name: str
    kind: Literal["command", "query"]
    permission: str
    reversible: bool
    doc: str
    method: str
    service: type[Any] | None = None
    targets: tuple[TargetParameter, ...] | None = None
    signature: inspect.Signature | None = field(default=None, eq=False)


def command(
    name: str, *, permission: str | None = None, reversible: bool = True
) -> Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], R]]:
    """Mark a service method as a command, which writes.

    Args:
        name: ``noun.verb``, unique in the deployment.
        permission: the action permission that it needs; the one called ``name`` by default.
        reversible: False if its effect cannot be undone (a mail sent).
    """
    return _mark(name, "command", permission, reversible=reversible)


def query(
    name: str, *, permission: str | None = None
) -> Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], R]]:
    """Mark a service method as a query, which reads.

    Args:
        name: ``noun.verb``, unique in the deployment.
        permission: the action permission that it needs; the one called ``name`` by default.
    """
    return _mark(name, "query", permission, reversible=True)


def _mark(
    name: str, kind: Literal["command", "query"], permission: str | None, *, reversible: bool
) -> Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], R]]:
    def mark(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
        operation = Operation(
            name=name,
            kind=kind,
            permission=name if permission is None else permission,
            reversible=reversible,
            doc=inspect.getdoc(method) or "",
            method=method.__name__,
        )

        @functools.wraps(method)
        def through_gate(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
            return self._gate.run(name, method, self, args, kwargs)  # the service's own gate

        through_gate.__dict__["operation"] = operation
        return cast("Callable[Concatenate[S, P], R]", through_gate)

    return mark


@functools.lru_cache(maxsize=4_096)
def operations_of(service: type[Any]) -> tuple[Operation, ...]:
    """The commands and queries of a service class, with resolved signatures; the same each time.

    Raises:
        TypeError: if one is async, takes ``*args`` or ``**kwargs``, or names a type that cannot be resolved.
    """
    found = []
    for name in sorted({name for cls in service.__mro__ for name in vars(cls)}):
        attribute = getattr(service, name)
        operation = getattr(attribute, "operation", None)
        if isinstance(operation, Operation):
            found.append(_resolved(operation, service, inspect.unwrap(attribute)))
    return tuple(found)


def _resolved(operation: Operation, service: type[Any], method: Callable[..., Any]) -> Operation:
    where = f"{service.__name__}.{operation.method}"
    if inspect.iscoroutinefunction(method):
        msg = f"{where} is async; commands and queries are synchronous"
        raise TypeError(msg)
    try:
        signature = inspect.signature(method, eval_str=True)
    except NameError as error:
        msg = f"{where}: {error}; import the types of a command's signature at run time, not under TYPE_CHECKING"
        raise TypeError(msg) from None
    parameters = list(signature.parameters.values())[1:]
    if any(p.kind in {p.VAR_POSITIONAL, p.VAR_KEYWORD} for p in parameters):
        msg = f"{where} takes *args or **kwargs; name every parameter"
        raise TypeError(msg)
    targets = [
        TargetParameter(p.name, None if p.kind is p.KEYWORD_ONLY else place, target.entity)
        for place, p in enumerate(parameters)
        if (target := _target(p.annotation)) is not None
    ]
    return evolve(
        operation, service=service, targets=tuple(targets), signature=signature.replace(parameters=parameters)
    )


def _target(annotation: Any) -> Target | None:
    if get_origin(annotation) is Annotated:
        return next((m for m in get_args(annotation)[1:] if isinstance(m, Target)), None)
    return next((t for a in get_args(annotation) if (t := _target(a)) is not None), None)


class Gate:
    """Surrounds the commands and queries of one unit of work.

    Args:
        work: the unit's state.
    """

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    def run(self, name: str, method: Callable[..., R], service: Any, args: tuple[Any, ...], kwargs: Any) -> R:
        """Call the body of an operation with the gate around it.

        Raises:
            ReadOnlyUnitError: for a command in a unit that only reads.
            PoisonedUnitError: for a command after one that failed.
        """
        work = self._work
        work.check_open()
        operation = work.runtime.operations[name]
        if operation.kind == "query":
            self._admit(operation, args, kwargs)
            return method(service, *args, **kwargs)
        if work.read_only:
            raise ReadOnlyUnitError(name)
        if work.poisoned:
            raise PoisonedUnitError
        try:
            return self._command(operation, method, service, args, kwargs)
        except BaseException as error:
            work.poisoned = True
            if isinstance(error, CrmkitError):
                work.note_denial(operation, error)
            raise

    def _command(
        self, operation: Operation, method: Callable[..., R], service: Any, args: tuple[Any, ...], kwargs: Any
    ) -> R:
        """The order is the promise: permission, targets, body, rows and fields, guards, flush."""
        work = self._work
        if work.depth:
            work.flush()  # what the outer command has written so far is checked before another one builds on it
        targets = self._admit(operation, args, kwargs)
        outer, work.command = work.command, operation
        work.depth += 1
        try:
            answer = method(service, *args, **kwargs)
            work.flush()
        finally:
            work.depth -= 1
            work.command = outer
        if not work.depth:
            work.tell(operation, targets)
        return answer

    def _admit(self, operation: Operation, args: tuple[Any, ...], kwargs: Any) -> list[tuple[str, Any]]:
        """Check the action permission and load the targets; returns (entity, id) of each."""
        work = self._work
        if operation.permission != EVERYBODY:
            work.require(operation.permission)
        named = []
        for target in operation.targets or ():
            place = target.place
            value = args[place] if place is not None and place < len(args) else kwargs.get(target.name)
            if value is not None:
                work.get(work.runtime.registry.entity(target.entity), value, share=operation.kind == "command")
                named.append((target.entity, value))
        return named
