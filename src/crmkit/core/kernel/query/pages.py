"""Keyset pages: where the next page begins, and in which order.

The sort key of a record is (whether the value is empty, the value, the id), so empty values come last; a descending
order is the exact reverse. Where a value may be empty, a page after a cursor is made of one or two *stretches*, each
of which its index ``(tenant_id[, owner | team], value IS NULL, value, id)`` serves from its first row on. The two
databases recognise that index in different words, found by trying (SQLite 3.40, PostgreSQL 15).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal
from uuid import UUID

from attrs import frozen
from sqlalchemy import ColumnElement, FromClause, and_, false, literal_column, tuple_

from crmkit.core.kernel.entities.columns import codec_of
from crmkit.core.kernel.entities.custom import NO_CUSTOM, CustomShapes
from crmkit.core.kernel.entities.entity import EntityType, order_key
from crmkit.core.kernel.entities.shape import FieldShape
from crmkit.core.kernel.query.custom import column_of, type_of
from crmkit.core.kernel.query.evaluate import value_of
from crmkit.core.kernel.query.fields import coerce, criteria_field
from crmkit.core.kernel.query.sql import named
from crmkit.errors import CrmkitError, InvalidCursorError, InvalidOperatorError
from crmkit.values.money import Money
from crmkit.values.page import Cursor

__all__ = ["AFTER_ID", "AFTER_KEY", "At", "Order", "Stretch", "cursor_of", "order_of", "read_cursor", "stretches"]

At = Literal["start", "value", "empty"]
"""Where a page begins: at the start, after a record with a value, or after one whose value is empty."""
AFTER_KEY: Final = "after_key"
AFTER_ID: Final = "after_id"

_SORTABLE: Final = frozenset({"text", "integer", "decimal", "boolean", "date", "instant", "id", "money"})


@frozen
class Order:
    """An order of records.

    Attributes:
        text: as it is written, such as ``-updated_at``.
        field: the field that is sorted by; money by its amount, whatever the currency.
        descending: whether the greatest comes first.
        keyset: whether the entity's indexes serve it.
    """

    text: str
    field: FieldShape
    descending: bool
    keyset: bool

    @property
    def column(self) -> str:
        """The column that is sorted by."""
        return self.field.columns[0]


@frozen
class Stretch:
    """A part of a page: the rows that fit ``condition``, in ``order_by``."""

    condition: ColumnElement[bool] | None
    order_by: tuple[Any, ...]


def order_of(entity: EntityType[Any], text: str | None, custom: CustomShapes = NO_CUSTOM) -> Order:
    """The order called ``text``; the entity's first one for None.

    Raises:
        UnknownFieldError: if it names no field.
        InvalidOperatorError: if the field's values have no order.
    """
    text = text or entity.orders[0]
    name, descending = order_key(text)
    field = criteria_field(entity, name, custom)
    if field.type not in _SORTABLE:
        raise InvalidOperatorError("order", name, f"a field of type {field.type} has no order")
    keyset = name == "id" or any(order_key(o)[0] == name for o in entity.orders)
    return Order(text, field, descending, keyset)


# -- cursors ----------------------------------------------------------------------------------------------------------


def cursor_of(entity: EntityType[Any], order: Order, record: Any) -> Cursor:
    """The cursor after ``record``."""
    key = _sort_value(order, record)
    to_json = codec_of(type_of(entity, order.column), "sqlite").to_json
    return Cursor(order.text, key if key is None or to_json is None else to_json(key), str(record.id))


def _sort_value(order: Order, record: Any) -> Any:
    value = value_of(record, order.field)
    return value.amount if isinstance(value, Money) else value


def read_cursor(entity: EntityType[Any], order: Order, cursor: Cursor) -> tuple[At, dict[str, Any]]:
    """Where a page after ``cursor`` begins, and the parameters that say so.

    Raises:
        InvalidCursorError: if it was made for another order, or was tampered with.
    """
    if cursor.order != order.text:
        raise InvalidCursorError(cursor.order, f"was handed out for another order than {order.text!r}")
    try:
        params: dict[str, Any] = {AFTER_ID: UUID(cursor.id)}
        if cursor.key is None:
            if not order.field.nullable:
                raise InvalidCursorError(cursor.key)
            return "empty", params
        from_json = codec_of(type_of(entity, order.column), "sqlite").from_json
        key = cursor.key if from_json is None else from_json(cursor.key)
        params[AFTER_KEY] = _checked(order.field, key)
    except (CrmkitError, ValueError, TypeError, AttributeError, InvalidOperation):
        raise InvalidCursorError(str(cursor.key)[:80]) from None
    return "value", params


def _checked(field: FieldShape, key: Any) -> Any:
    if field.type == "money":
        if not isinstance(key, Decimal):
            raise TypeError(key)
        return Money(key, "XXX").amount  # held to the bounds of an amount; XXX is ISO 4217's code for no currency
    return coerce(field, "eq", key)


# -- stretches --------------------------------------------------------------------------------------------------------


def stretches(order: Order, table: FromClause, at: At, dialect: str) -> list[Stretch]:
    """The stretches of a page, whose rows together and sorted are what comes ``at`` the start or after a cursor."""
    key, id_, turn = column_of(table, order.column), table.c.id, _descending if order.descending else _ascending
    if order.column == "id":
        condition = None if at == "start" else _beyond(order, id_, named(AFTER_ID, id_.type))
        return [Stretch(condition, (turn(id_),))]
    after = tuple_(named(AFTER_KEY, key.type), named(AFTER_ID, id_.type))
    if not order.field.nullable:
        condition = None if at == "start" else _beyond(order, tuple_(key, id_), after)
        return [Stretch(condition, (turn(key), turn(id_)))]
    if at == "start":
        return [Stretch(None, (turn(key.is_(None)), turn(key), turn(id_)))]
    return _in_sqlite(order, key, id_, at) if dialect == "sqlite" else _in_postgresql(order, key, id_, at)


def sort_key(order: Order, table: FromClause) -> tuple[Any, ...]:
    """What the rows of several stretches and branches are sorted by together."""
    turn = _descending if order.descending else _ascending
    if order.column == "id":
        return (turn(table.c.id),)
    key = column_of(table, order.column)
    parts = (turn(key), turn(table.c.id))
    return (turn(key.is_(None)), *parts) if order.field.nullable else parts


def _in_sqlite(order: Order, key: Any, id_: Any, at: At) -> list[Stretch]:
    turn = _descending if order.descending else _ascending
    empty, filled = key.is_(None) == literal_column("1"), key.is_(None) == literal_column("0")
    if at == "value":
        beyond = _beyond(order, tuple_(key, id_), tuple_(named(AFTER_KEY, key.type), named(AFTER_ID, id_.type)))
        first = Stretch(and_(filled, beyond), (turn(key), turn(id_)))
        # `IS NULL` twice: as the index's expression and as its next column, which then is constant.
        return [first] if order.descending else [first, Stretch(and_(empty, key.is_(None)), (turn(id_),))]
    beyond = _beyond(order, id_, named(AFTER_ID, id_.type))
    first = Stretch(and_(empty, key.is_(None), beyond), (turn(id_),))
    return [first, Stretch(filled, (turn(key), turn(id_)))] if order.descending else [first]


def _in_postgresql(order: Order, key: Any, id_: Any, at: At) -> list[Stretch]:
    turn = _descending if order.descending else _ascending
    order_by = (turn(key.is_(None)), turn(key), turn(id_))
    if at == "value":
        # Compared in one row, an empty value decides before it is compared; so this is right for all rows.
        mine = tuple_(key.is_(None), key, id_)
        theirs = tuple_(false(), named(AFTER_KEY, key.type), named(AFTER_ID, id_.type))
        return [Stretch(_beyond(order, mine, theirs), order_by)]
    first = Stretch(and_(key.is_(None), _beyond(order, id_, named(AFTER_ID, id_.type))), order_by)
    return [first, Stretch(key.is_not(None), order_by)] if order.descending else [first]


def _beyond(order: Order, mine: Any, theirs: Any) -> Any:
    return mine < theirs if order.descending else mine > theirs


def _ascending(column: Any) -> Any:
    return column.asc()


def _descending(column: Any) -> Any:
    return column.desc()
