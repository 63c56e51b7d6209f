"""Instances made from types alone: a record of an entity, an event, arguments of a command."""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs

from crmkit.api import Criteria, EntityType, Money, f, new_id
from crmkit.errors import CrmkitError
from crmkit.testing.databases import CANARY
from crmkit.testing.factories import a_deal, a_person, an_activity, an_interaction

if TYPE_CHECKING:
    from crmkit.api import Record, UnitOfWork

__all__ = ["Specimens", "value_of"]

Write = Callable[[Sequence["Record"]], None]

_VALUES: Final[Mapping[Any, Callable[[], Any]]] = {
    str: lambda: CANARY,
    bool: lambda: True,
    int: lambda: 1,
    float: lambda: 0.5,
    bytes: lambda: b"bytes",
    Decimal: lambda: Decimal("0.5"),
    UUID: new_id,
    datetime: lambda: datetime(2026, 3, 2, 9, tzinfo=UTC),
    date: lambda: date(2026, 3, 2),
    time: lambda: time(9),
    timedelta: lambda: timedelta(days=1),
    Money: lambda: Money("12.50", "EUR"),
    Criteria: lambda: f.id == new_id(),
    BinaryIO: BytesIO,
    object: lambda: "anything",
    Any: lambda: "anything",
    type(None): lambda: None,
}
_FACTORIES: Final[Mapping[str, Callable[[UnitOfWork], Record]]] = {
    "party": a_person,
    "deal": a_deal,
    "interaction": an_interaction,
    "activity": an_activity,
}
_REFUSALS: Final = (CrmkitError, TypeError, ValueError)
"""How a class may refuse values that fit the types of its fields."""


class Specimens:
    """Makes instances.

    Args:
        examples: functions that make instances of classes for which types are not enough.
    """

    def __init__(self, examples: Mapping[type[Any], Callable[..., Any]]) -> None:
        self._examples = examples

    def instance(self, cls: type[Any], **given: Any) -> Any:
        """An instance of an attrs class: with a value in every field, else with those that it demands.

        Raises:
            TypeError: if the class refuses both, or a value of some type cannot be made.
        """
        if cls in self._examples:
            return self._examples[cls](**given)
        hints, fields = get_type_hints(cls, include_extras=True), [a for a in attrs.fields(cls) if a.init]
        refusal: Exception | None = None
        for wanted in (fields, [a for a in fields if a.default is attrs.NOTHING]):
            try:
                made = {a.alias: self.value(hints[a.name]) for a in wanted if a.name not in given}
                return cls(**made, **given)
            except _REFUSALS as error:
                refusal = error
        raise TypeError(f"{cls.__name__} refuses what the types of its fields allow: {refusal}") from refusal

    def value(self, hint: Any) -> Any:
        """A value of a type.

        Raises:
            TypeError: if none can be made.
        """
        return value_of(hint, self.instance)

    def records(self, uow: UnitOfWork, entity: EntityType[Any], write: Write) -> list[Record]:
        """Store a record of the entity, and what it refers to; returns those that were made here, it last.

        Args:
            uow: a unit of work.
            entity: what to make.
            write: stores records.
        """
        made: list[Record] = []
        given: dict[str, Any] = {}
        for reference in entity.shape.references:
            if entity.shape.fields[reference.column].nullable:
                given[reference.column] = None
                if reference.entity_column:
                    given[reference.entity_column] = None
                continue
            target = reference.entity or "party"
            if reference.entity_column:
                given[reference.entity_column] = target
            given[reference.column], more = self._referred(uow, target, write)
            made += more
        model = next(iter(entity.variants.values()), entity.model)
        record = self.instance(model, **given, **_of_a_new_record())
        write([record])
        return [*made, record]

    def _referred(self, uow: UnitOfWork, name: str, write: Write) -> tuple[UUID, list[Record]]:
        if name in _FACTORIES:
            return _FACTORIES[name](uow).id, []
        entity: EntityType[Any] = uow.entity(name)
        there = uow.find(entity, limit=1)
        if there.items:
            return there[0].id, []
        made = self.records(uow, entity, write)
        return made[-1].id, made


def _of_a_new_record() -> dict[str, Any]:
    return {"id": new_id(), "version": 0, "created_at": None, "updated_at": None, "custom": {}}


def value_of(hint: Any, instance: Callable[[type[Any]], Any]) -> Any:
    """A value of the type ``hint``; ``instance`` makes those of attrs classes.

    Raises:
        TypeError: if none can be made.
    """
    origin, args = get_origin(hint), get_args(hint)
    if hint in _VALUES:
        return _VALUES[hint]()
    if origin is Literal:
        return args[0]
    if origin in {Annotated, Union, types.UnionType}:
        return value_of(next(a for a in args if a is not type(None)), instance)
    return _of_class(origin or hint, args, instance)


def _of_class(cls: Any, args: Sequence[Any], instance: Callable[[type[Any]], Any]) -> Any:
    if isinstance(cls, type):
        for kind, make in _CONTAINERS.items():
            if issubclass(cls, kind):
                return make(cls, args, lambda hint: value_of(hint, instance))
        if issubclass(cls, enum.Enum):
            return next(iter(cls))
        if attrs.has(cls):
            return instance(cls)
    raise TypeError(f"a value of {cls!r} cannot be made up")


def _a_tuple(_: type[Any], args: Sequence[Any], make: Callable[[Any], Any]) -> Any:
    return tuple(make(a) for a in args if a is not Ellipsis)


def _a_mapping(_: type[Any], args: Sequence[Any], make: Callable[[Any], Any]) -> Any:
    return {make(args[0]): make(args[1])} if args else {}


def _a_set(container: type[Any], args: Sequence[Any], make: Callable[[Any], Any]) -> Any:
    return {make(a) for a in args} if issubclass(container, set) else frozenset(make(a) for a in args)


def _a_list(container: type[Any], args: Sequence[Any], make: Callable[[Any], Any]) -> Any:
    return [make(a) for a in args] if issubclass(container, list) else tuple(make(a) for a in args)


_CONTAINERS: Final[Mapping[type[Any], Callable[..., Any]]] = {
    tuple: _a_tuple,
    Mapping: _a_mapping,
    AbstractSet: _a_set,
    Sequence: _a_list,
}
