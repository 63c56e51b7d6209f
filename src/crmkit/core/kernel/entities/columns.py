"""Column types whose values are the same in Python, SQLite and PostgreSQL, and how they look in JSON.

Every type knows three forms of a value: the one in Python, the one that a driver takes and gives, and the one in JSON
(history, exports, API). Drivers are spoken to with ready values, so that no per-row work is left to SQLAlchemy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from operator import methodcaller
from types import MappingProxyType
from typing import Any, ClassVar, Literal
from uuid import UUID, SafeUUID

from attrs import frozen
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Dialect,
    LargeBinary,
    Numeric,
    Uuid,
    type_coerce,
)
from sqlalchemy import Integer as Int32
from sqlalchemy import Text as SqlText
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmkit.values.instants import format_instant, parse_instant

__all__ = [
    "Codec",
    "Coded",
    "Day",
    "Exact",
    "Flag",
    "Grams",
    "Id",
    "Instant",
    "Integer",
    "Json",
    "LogicalType",
    "Text",
    "codec_of",
]

LogicalType = Literal["text", "integer", "decimal", "boolean", "date", "instant", "id", "money", "json", "choices"]
Convert = Callable[[Any], Any]


@frozen
class Codec:
    """How one column type changes form; None means the value is taken as it is.

    Attributes:
        to_driver: Python to what the driver takes.
        from_driver: what the driver gives to Python.
        to_json: Python to JSON.
        from_json: JSON to Python.
    """

    to_driver: Convert | None = None
    from_driver: Convert | None = None
    to_json: Convert | None = None
    from_json: Convert | None = None


def _id_bytes(value: UUID) -> bytes:
    return value.bytes


_set_int: Any = UUID.__dict__["int"].__set__
_set_safety: Any = UUID.__dict__["is_safe"].__set__
_unknown = SafeUUID.unknown  # looking it up in its enumeration takes longer than all else here


def _id_from_bytes(raw: bytes) -> UUID:
    """``UUID(bytes=raw)`` past its checks, which cost twice as much as the rest; what is stored was an id."""
    made = object.__new__(UUID)
    _set_int(made, int.from_bytes(raw))
    _set_safety(made, _unknown)
    return made


_instant_text = lru_cache(maxsize=256)(format_instant)
"""A unit writes its one instant many times over."""


EMPTY: Mapping[str, Any] = MappingProxyType({})


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode  # json.dumps would make one per call


def _dump(value: Any) -> str:
    if value is EMPTY:  # the custom fields of most records
        return "{}"
    return _encode(dict(value) if type(value) is not dict and isinstance(value, Mapping) else value)


def _frozen_json(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType(value) if value else EMPTY
    return tuple(value) if isinstance(value, list) else value


def _load(raw: str) -> Any:
    return EMPTY if raw == "{}" else _frozen_json(json.loads(raw))


def _load_or_keep(raw: Any) -> Any:
    return _load(raw) if isinstance(raw, str) else _frozen_json(raw)


def _plain_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


class Coded(TypeDecorator[Any]):
    """A type with a codec per dialect."""

    logical: ClassVar[LogicalType]
    cache_ok = True

    def codec(self, dialect: str) -> Codec:
        """The codec for ``sqlite`` or ``postgresql``; each type has its own."""
        raise NotImplementedError

    def native(self, dialect: str) -> TypeEngine[Any]:
        """The type in the database; each type has its own."""
        raise NotImplementedError

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """See SQLAlchemy."""
        return self.native(dialect.name)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """See SQLAlchemy."""
        convert = self.codec(dialect.name).to_driver
        return value if value is None or convert is None else convert(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """See SQLAlchemy."""
        convert = self.codec(dialect.name).from_driver
        return value if value is None or convert is None else convert(value)


class Text(Coded):
    """Text, compared and sorted by code point in both databases."""

    impl = SqlText
    logical = "text"
    cache_ok = True

    def codec(self, dialect: str) -> Codec:  # noqa: ARG002  # the same for both
        """Texts go as they are."""
        return Codec()

    def native(self, dialect: str) -> TypeEngine[Any]:
        """TEXT, with the C collation on PostgreSQL."""
        return SqlText(collation="C") if dialect == "postgresql" else SqlText()


class Integer(Coded):
    """A whole number of 64 bits."""

    impl = BigInteger
    logical = "integer"
    cache_ok = True

    def codec(self, dialect: str) -> Codec:  # noqa: ARG002  # the same for both
        """Numbers go as they are."""
        return Codec()

    def native(self, dialect: str) -> TypeEngine[Any]:  # noqa: ARG002  # the same for both
        """BIGINT."""
        return BigInteger()


class Flag(Coded):
    """True or False."""

    impl = Boolean
    logical = "boolean"
    cache_ok = True

    def codec(self, dialect: str) -> Codec:
        """0 and 1 on SQLite."""
        return Codec(from_driver=bool) if dialect == "sqlite" else Codec()

    def native(self, dialect: str) -> TypeEngine[Any]:  # noqa: ARG002  # the same for both
        """BOOLEAN."""
        return Boolean(create_constraint=False)


class Day(Coded):
    """A calendar date."""

    impl = Date
    logical = "date"
    cache_ok = True

    def codec(self, dialect: str) -> Codec:
        """ISO 8601 text on SQLite and in JSON."""
        if dialect == "sqlite":
            return Codec(date.isoformat, date.fromisoformat, date.isoformat, date.fromisoformat)
        return Codec(None, None, date.isoformat, date.fromisoformat)

    def native(self, dialect: str) -> TypeEngine[Any]:
        """DATE on PostgreSQL, TEXT on SQLite."""
        return SqlText() if dialect == "sqlite" else Date()


class Instant(Coded):
    """An instant: an aware datetime in UTC."""

    impl = SqlText
    logical = "instant"
    cache_ok = True

    def codec(self, dialect: str) -> Codec:
        """The fixed text form (see `crmkit.values.instants`) on SQLite and in JSON."""
        if dialect == "sqlite":
            return Codec(_instant_text, datetime.fromisoformat, _instant_text, parse_instant)
        return Codec(None, methodcaller("astimezone", UTC), _instant_text, parse_instant)

    def native(self, dialect: str) -> TypeEngine[Any]:
        """TIMESTAMP WITH TIME ZONE on PostgreSQL, TEXT on SQLite."""
        return SqlText() if dialect == "sqlite" else TIMESTAMP(timezone=True)


class Id(Coded):
    """A record's id."""

    impl = Uuid
    logical = "id"
    cache_ok = True

    def codec(self, dialect: str) -> Codec:
        """16 bytes on SQLite, the native type on PostgreSQL, text in JSON."""
        if dialect == "sqlite":
            return Codec(_id_bytes, _id_from_bytes, str, UUID)
        return Codec(None, None, str, UUID)

    def native(self, dialect: str) -> TypeEngine[Any]:
        """UUID on PostgreSQL, BLOB on SQLite."""
        return LargeBinary(16) if dialect == "sqlite" else Uuid(as_uuid=True, native_uuid=True)


class Exact(Coded):
    """An exact decimal number.

    Args:
        scale: decimal places; 4 for money.
    """

    impl = Numeric
    logical = "decimal"
    cache_ok = True

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.scale = scale
        self._unit = Decimal(1).scaleb(-scale)
        self._factor = 10**scale

    def codec(self, dialect: str) -> Codec:
        """A whole number of the smallest unit on SQLite, text in JSON."""
        factor, unit = self._factor, self._unit

        def to_units(value: Decimal) -> int:
            return int((value * factor).to_integral_value())

        def from_units(raw: int) -> Decimal:
            return (Decimal(raw) * unit).quantize(unit)

        if dialect == "sqlite":
            return Codec(to_units, from_units, str, Decimal)
        return Codec(None, None, str, Decimal)

    def native(self, dialect: str) -> TypeEngine[Any]:
        """NUMERIC(19, scale) on PostgreSQL, BIGINT on SQLite."""
        return BigInteger() if dialect == "sqlite" else Numeric(19, self.scale)


class Json(Coded):
    """Lists, objects and scalars; read back frozen: objects as read-only mappings, lists as tuples."""

    impl = SqlText
    logical = "json"
    cache_ok = True

    def codec(self, dialect: str) -> Codec:
        """Compact text; JSONB is given as text, and psycopg gives it back parsed or not, as the engine was set up."""
        return Codec(_dump, _load if dialect == "sqlite" else _load_or_keep, _plain_json, _frozen_json)

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Read as text, since psycopg would parse each empty object anew."""
        return type_coerce(sql_cast(column, SqlText), self)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """SQLAlchemy's own JSONB makes the text itself."""
        return super().process_bind_param(value, dialect) if dialect.name == "sqlite" else _plain_json(value)

    def native(self, dialect: str) -> TypeEngine[Any]:
        """JSONB on PostgreSQL, TEXT on SQLite."""
        return SqlText() if dialect == "sqlite" else JSONB(none_as_null=True)


class Grams(Coded):
    """Numbers of 32 bits, by which a derived table is indexed; no field of a record has this type.

    On SQLite, whose full-text index takes texts, each is a word of eight hexadecimal digits.
    """

    impl = SqlText
    logical: ClassVar[Any] = "grams"
    cache_ok = True

    def codec(self, dialect: str) -> Codec:
        """Words on SQLite; psycopg takes and gives lists."""
        return Codec(_words, _numbers) if dialect == "sqlite" else Codec()

    def native(self, dialect: str) -> TypeEngine[Any]:
        """INTEGER[] on PostgreSQL, TEXT on SQLite."""
        return SqlText() if dialect == "sqlite" else ARRAY(Int32())


def _words(numbers: list[int]) -> str:
    return " ".join(["%08x" % (number + 0x80000000) for number in numbers])  # the quickest way


def _numbers(words: str) -> list[int]:
    return [int(word, 16) - 0x80000000 for word in words.split()]


def codec_of(type_: TypeEngine[Any], dialect: str) -> Codec:
    """The codec of a column's type; the types of this module are the only ones that crmkit's tables use.

    Raises:
        TypeError: if it is another.
    """
    if not isinstance(type_, Coded):
        msg = f"crmkit tables use the column types of crmkit.sdk; {type_!r} is none"
        raise TypeError(msg)
    return type_.codec(dialect)
