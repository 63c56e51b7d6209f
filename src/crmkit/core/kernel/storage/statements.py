"""SQL statements that are built once, compiled once per dialect and schema, and sent with ready values.

Building a SQLAlchemy statement per call costs three times as much as sending it. So a `Statement` is a module-level
constant (or cached by its structure), and writes bypass SQLAlchemy's per-call work by sending the compiled text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Insert

from crmkit.core.kernel.entities.columns import Coded

if TYPE_CHECKING:
    from sqlalchemy import Dialect, Executable
    from sqlalchemy.sql import ClauseElement
    from sqlalchemy.types import TypeEngine

__all__ = ["Prepared", "Statement"]

Params = Mapping[str, Any]
Convert = Callable[[Any], Any]

LONG = 50
"""With how many parameters a statement is planned anew each time on PostgreSQL."""


class Prepared:
    """A statement's text for one dialect and schema, and how its named values become the driver's positional ones.

    Attributes:
        sql: the text, in the driver's positional style.
        names: the parameters in the order of their places.
        copy: for an insert on PostgreSQL, the COPY that takes the same values; many rows cost a fraction by it.
        long: whether PostgreSQL is to plan it anew each time: the plan that it keeps for a long list of values would
            compare every row with each of them.
    """

    __slots__ = ("_constants", "_values", "copy", "long", "names", "sql")

    def __init__(self, clause: ClauseElement, dialect: Dialect, schema: str | None, *, anew: bool = False) -> None:
        positional = positional_dialect(dialect)
        translated: dict[str, Any] = (
            {"schema_translate_map": {None: schema}, "render_schema_translate": True} if schema else {}
        )
        compiled: Any = clause.compile(dialect=positional, **translated)
        self.sql = str(compiled)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        # Values that the statement itself brings, such as the one in ``generation + 1``.
        self._constants = {n: compiled.binds[n].value for n in self.names if not compiled.binds[n].required}
        self.copy = _copy_of(clause, self.sql) if dialect.name == "postgresql" and not self._constants else None
        self.long = dialect.name == "postgresql" and (anew or len(self.names) > LONG)
        self._values = _values_of({n: _converter(compiled.binds[n].type, positional) for n in self.names}, self.names)

    def bind(self, params: Params) -> tuple[Any, ...]:
        """The driver's values for ``params``, Python values by name."""
        if self._constants:
            params = {**self._constants, **params}
        return self._values(params)


def _copy_of(clause: ClauseElement, sql: str) -> str | None:
    """The COPY for a plain insert, whose columns stand in the order of its parameters."""
    if not isinstance(clause, Insert) or not sql.startswith("INSERT INTO ") or sql.count(" VALUES ") != 1:
        return None
    into, _, values = sql.partition(" VALUES ")
    return f"COPY {into.removeprefix('INSERT INTO ')} FROM STDIN" if values.endswith(")") else None


def _values_of(converters: Mapping[str, Convert | None], names: tuple[str, ...]) -> Callable[[Params], tuple[Any, ...]]:
    """A function written for one statement, which is twice as fast as a loop over its parameters."""
    written = [
        f"p[{name!r}]" if converters[name] is None else f"None if (v := p[{name!r}]) is None else c{place}(v)"
        for place, name in enumerate(names)
    ]
    known = {f"c{place}": converters[name] for place, name in enumerate(names)}
    return cast("Callable[[Params], tuple[Any, ...]]", eval(f"lambda p: ({''.join(f'{w}, ' for w in written)})", known))  # noqa: S307  # made of the statement's own parameter names


def _converter(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """What turns a Python value that is not None into the driver's; codecs do it without SQLAlchemy's detour."""
    if isinstance(type_, Coded):
        return type_.codec(dialect.name).to_driver
    return type_.dialect_impl(dialect).bind_processor(dialect)


class Statement:
    """One statement, built once from SQLAlchemy Core with a named ``bindparam`` for every value.

    Args:
        clause: a select, insert, update or delete.
        anew: whether PostgreSQL is to plan it for the values of each call, because the best plan depends on them.
    """

    __slots__ = ("_anew", "_prepared", "clause")

    def __init__(self, clause: Executable, *, anew: bool = False) -> None:
        self.clause: Any = clause
        self._anew = anew
        self._prepared: dict[tuple[str, str | None], Prepared] = {}

    def prepared(self, dialect: Dialect, schema: str | None) -> Prepared:
        """The compiled text for ``dialect`` with crmkit's tables in ``schema``."""
        key = (dialect.name, schema)
        found = self._prepared.get(key)
        if found is None:
            found = self._prepared[key] = Prepared(self.clause, dialect, schema, anew=self._anew)
        return found


_POSITIONAL: dict[str, Dialect] = {}


def positional_dialect(dialect: Dialect) -> Dialect:
    """A dialect of the same kind that numbers its parameters by place, which drivers take fastest."""
    if dialect.positional:
        return dialect
    found = _POSITIONAL.get(dialect.name)
    if found is None:
        kind = cast("Callable[..., Dialect]", type(dialect))  # every dialect's own __init__ takes a paramstyle
        found = _POSITIONAL[dialect.name] = kind(paramstyle="format")
    return found
