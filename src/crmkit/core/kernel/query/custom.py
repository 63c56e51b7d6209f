"""Values of custom fields in SQL: their physical keys inlined, since a path given as a parameter misses every index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import FromClause
from sqlalchemy import Text as SqlText
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from crmkit.core.kernel.entities.columns import Codec, Coded, Exact, Flag, Id, Instant, Integer, Text
from crmkit.core.kernel.entities.columns import Day as DayColumn
from crmkit.core.kernel.entities.custom import DECIMAL_PLACES, MONEY_PLACES, PREFIX, key_of
from crmkit.core.kernel.entities.entity import EntityType

__all__ = ["CustomValue", "IdText", "column_of", "type_of"]


class _Units(Exact):
    """A decimal as a whole number of its smallest unit, in both databases."""

    cache_ok = True

    def codec(self, dialect: str) -> Codec:  # noqa: ARG002  # the same for both
        return super().codec("sqlite")

    def native(self, dialect: str) -> TypeEngine[Any]:  # noqa: ARG002  # the same for both
        return super().native("sqlite")


class _Day(DayColumn):
    """A date as text, in both databases."""

    cache_ok = True

    def codec(self, dialect: str) -> Codec:  # noqa: ARG002  # the same for both
        return super().codec("sqlite")

    def native(self, dialect: str) -> TypeEngine[Any]:  # noqa: ARG002  # the same for both
        return super().native("sqlite")


class _Instant(Instant):
    """An instant as text of the one form, in both databases."""

    cache_ok = True

    def codec(self, dialect: str) -> Codec:  # noqa: ARG002  # the same for both
        return super().codec("sqlite")

    def native(self, dialect: str) -> TypeEngine[Any]:  # noqa: ARG002  # the same for both
        return super().native("sqlite")


class _Reference(Id):
    """A record's id as 32 hexadecimal digits, in both databases."""

    cache_ok = True

    def codec(self, dialect: str) -> Codec:  # noqa: ARG002  # the same for both
        made = super().codec("postgresql")
        return Codec(lambda value: value.hex, made.from_json, made.to_json, made.from_json)

    def native(self, dialect: str) -> TypeEngine[Any]:  # noqa: ARG002  # the same for both
        return SqlText()


_TYPES: Final[Mapping[str, Coded]] = {
    "t": Text(),
    "n": Integer(),
    "x": _Units(DECIMAL_PLACES),
    "m": _Units(MONEY_PLACES),
    "k": Text(),
    "d": _Day(),
    "i": _Instant(),
    "b": Flag(),
    "r": _Reference(),
    "c": Text(),
}
"""By the letter of the physical key; ``k`` stands for the currency of money, whose amount ``m`` stands for."""
_CASTS: Final[Mapping[str, str]] = {"n": "BIGINT", "x": "BIGINT", "m": "BIGINT", "b": "BOOLEAN"}


class CustomValue(FunctionElement[Any]):
    """The value of a custom field, as an expression over one alias of a table.

    Args:
        column: the column ``custom``.
        name: what stands for the field's column, such as ``custom.n_size``.
    """

    inherit_cache = False
    nullable = True

    def __init__(self, column: Any, name: str) -> None:
        physical = key_of(name)
        self.letter, self.key = physical[0], physical[2:]
        self.type = _TYPES[self.letter]
        super().__init__(column)

    @property
    def path(self) -> tuple[str, str]:
        """The key in the column, and the place in its list; the key has nothing but small letters, digits and ``_``."""
        if self.letter in {"m", "k"}:
            return f"m_{self.key}", "0" if self.letter == "m" else "1"
        return f"{self.letter}_{self.key}", ""


@compiles(CustomValue, "sqlite")
def _in_sqlite(element: CustomValue, compiler: SQLCompiler, **options: Any) -> str:
    key, place = element.path
    column = compiler.process(element.clauses, **options)
    return f"json_extract({column}, '$.{key}{f'[{place}]' if place else ''}')"


@compiles(CustomValue, "postgresql")
def _in_postgresql(element: CustomValue, compiler: SQLCompiler, **options: Any) -> str:
    key, place = element.path
    column = compiler.process(element.clauses, **options)
    value = f"({column} -> '{key}' ->> {place})" if place else f"({column} ->> '{key}')"
    cast = _CASTS.get(element.letter)
    return f"CAST({value} AS {cast})" if cast else f'({value} COLLATE "C")'


class IdText(FunctionElement[Any]):
    """A record's id in the form in which custom references hold it."""

    inherit_cache = False
    type = _Reference()


@compiles(IdText, "sqlite")
def _id_in_sqlite(element: IdText, compiler: SQLCompiler, **options: Any) -> str:
    return f"lower(hex({compiler.process(element.clauses, **options)}))"


@compiles(IdText, "postgresql")
def _id_in_postgresql(element: IdText, compiler: SQLCompiler, **options: Any) -> str:
    return f"(replace(CAST({compiler.process(element.clauses, **options)} AS TEXT), '-', '') COLLATE \"C\")"


def column_of(table: FromClause, name: str) -> Any:
    """The column called ``name``, or the expression of the custom field that it stands for."""
    if name.startswith(PREFIX) and name not in table.c:
        return CustomValue(table.c.custom, name)
    return table.c[name]


def type_of(entity: EntityType[Any], name: str) -> Any:
    """The type of such a column."""
    return _TYPES[key_of(name)[0]] if name.startswith(PREFIX) else entity.table.c[name].type
