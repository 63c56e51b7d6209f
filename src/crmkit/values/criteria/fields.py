"""`f`, which names fields and relations in Python; comparing them makes criteria."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from crmkit.values.criteria.model import ALWAYS, Aggregate, Compare, Criteria, Exists, Function, Operator, Variable

__all__ = ["Field", "f"]


class _Compared:
    """What six comparisons make criteria of."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # comparing makes a criteria, so this is no key

    def _compare(self, op: Operator, value: object) -> Criteria:
        """The criteria of one comparison; a field and an aggregate have their own each."""
        raise NotImplementedError

    def __eq__(self, value: object) -> Criteria:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the point of it
        return self._compare("eq", value)

    def __ne__(self, value: object) -> Criteria:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the point of it
        return self._compare("ne", value)

    def __lt__(self, value: object) -> Criteria:
        return self._compare("lt", value)

    def __le__(self, value: object) -> Criteria:
        return self._compare("le", value)

    def __gt__(self, value: object) -> Criteria:
        return self._compare("gt", value)

    def __ge__(self, value: object) -> Criteria:
        return self._compare("ge", value)


class Field(_Compared):
    """A field or relation named in Python; comparing it makes a criteria. `f` makes fields.

    A path walks references: ``f.party.city == "Oslo"`` is ``f.party.exists(f.city == "Oslo")``. A field whose name is
    a method here is reached as ``f["count"]``.
    """

    __slots__ = ("_path",)

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Field:
        if name.startswith("__"):
            raise AttributeError(name)
        return Field((*self._path, name))

    def __getitem__(self, name: str) -> Field:
        return Field((*self._path, name))

    def __repr__(self) -> str:
        return ".".join(("f", *self._path))

    def _walk(self, make: Any) -> Criteria:
        path = _with_custom(self._path)
        criteria: Criteria = make(path[-1])
        for relation in reversed(path[:-1]):
            criteria = Exists(relation, criteria)
        return criteria

    def _compare(self, op: Operator, value: object) -> Criteria:
        if value is None and op in {"eq", "ne"}:
            return self.is_empty() if op == "eq" else ~self.is_empty()
        return self._walk(lambda name: Compare(name, op, value))

    def in_(self, values: Iterable[object] | Variable) -> Criteria:
        """The field is one of ``values``, at most `MAX_LIST` of them."""
        return self._compare("in", values if isinstance(values, Variable) else tuple(values))

    def contains(self, text: str) -> Criteria:
        """The text field contains ``text``, in any case; ``%`` and ``_`` stand for themselves."""
        return self._compare("contains", text)

    def starts_with(self, text: str) -> Criteria:
        """The text field starts with ``text``, in any case."""
        return self._compare("starts_with", text)

    def is_empty(self) -> Criteria:
        """The field has no value."""
        return self._walk(lambda name: Compare(name, "empty", value=True))

    def exists(self, where: Criteria = ALWAYS) -> Criteria:
        """A related record fits ``where``."""
        return self._walk(lambda name: Exists(name, where))

    def count(self, where: Criteria = ALWAYS) -> _Aggregated:
        """How many related records fit ``where``; compare it with a number."""
        return _Aggregated(self, "count", None, where)

    def sum(self, of: str, where: Criteria = ALWAYS) -> _Aggregated:
        """The sum of the field ``of`` over related records."""
        return _Aggregated(self, "sum", of, where)

    def min(self, of: str, where: Criteria = ALWAYS) -> _Aggregated:
        """The least value of the field ``of`` over related records."""
        return _Aggregated(self, "min", of, where)

    def max(self, of: str, where: Criteria = ALWAYS) -> _Aggregated:
        """The greatest value of the field ``of`` over related records."""
        return _Aggregated(self, "max", of, where)

    def first(self, of: str, where: Criteria = ALWAYS) -> _Aggregated:
        """The first date or instant ``of`` over related records: `min` by the word that one says of time."""
        return self.min(of, where)

    def last(self, of: str, where: Criteria = ALWAYS) -> _Aggregated:
        """The last date or instant ``of`` over related records: `max` by the word that one says of time."""
        return self.max(of, where)


def _with_custom(path: tuple[str, ...]) -> tuple[str, ...]:
    """``path`` with each ``custom`` and the key behind it as one name, such as ``custom.size``."""
    if "custom" not in path[:-1]:
        return path
    place = path.index("custom")
    return (*path[:place], f"custom.{path[place + 1]}", *_with_custom(path[place + 2 :]))


class _Aggregated(_Compared):
    __slots__ = ("_field", "_function", "_of", "_where")

    def __init__(self, field_: Field, function: Function, of: str | None, where: Criteria) -> None:
        self._field, self._of, self._where = field_, of, where
        self._function: Function = function

    def _compare(self, op: Operator, value: object) -> Criteria:
        return self._field._walk(  # noqa: SLF001  # one thing in two classes
            lambda name: Aggregate(name, self._function, self._of, op, value, self._where)
        )


class _Fields:
    """``f.name`` and ``f["name"]`` name a field."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Field:
        if name.startswith("__"):
            raise AttributeError(name)
        return Field((name,))

    def __getitem__(self, name: str) -> Field:
        return Field((name,))


f: Final = _Fields()
