"""Pure decisions about the tree of teams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crmkit.errors import InvalidValueError, UnknownTeamError

__all__ = ["check_place", "subtree"]


def subtree(parents: Mapping[str, str | None], roots: Iterable[str]) -> frozenset[str]:
    """The keys of ``roots`` and of all teams below them.

    Args:
        parents: every team's key, and the key of the team above it.
        roots: keys of teams; unknown ones are passed over.
    """
    below: dict[str, list[str]] = {}
    for key, parent in parents.items():
        if parent is not None:
            below.setdefault(parent, []).append(key)
    found: set[str] = set()
    ahead = [r for r in roots if r in parents]
    while ahead:
        key = ahead.pop()
        if key not in found:
            found.add(key)
            ahead.extend(below.get(key, ()))
    return frozenset(found)


def check_place(parents: Mapping[str, str | None], key: str, parent: str | None) -> None:
    """Refuse a place in the tree that does not exist, or that lies below the team itself.

    Args:
        parents: every team's key, and the key of the team above it.
        key: of the team that is to be placed.
        parent: key of the team that it is to come under; None for the top.

    Raises:
        UnknownTeamError: if there is no team ``parent``; lists those there are.
        InvalidValueError: if ``parent`` is the team itself or lies below it.
    """
    if parent is None:
        return
    if parent not in parents:
        raise UnknownTeamError(parent, known=sorted(parents))
    if parent in subtree({**parents, key: parents.get(key)}, [key]):
        raise InvalidValueError("parent", parent, f"is {key!r} itself or lies below it")
