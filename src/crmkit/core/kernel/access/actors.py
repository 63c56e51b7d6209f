"""Who acts. The host brings its users; crmkit has no login."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, cast

from attrs import field, frozen

from crmkit.errors import InvalidSettingError

__all__ = ["Actor", "ActorDirectory", "ActorKind", "directory_at", "everybody"]

ActorKind = Literal["user", "api_key", "job", "plugin", "system", "anonymous"]


def _keys(given: Iterable[str]) -> frozenset[str]:
    return frozenset(given)  # a function of its own, since mypy cannot infer what a bare frozenset would take


@frozen(kw_only=True)
class Actor:
    """Who acts.

    Attributes:
        id: the host's own id for it, as text; stored as owner and in history.
        kind: user, api_key, job, plugin, system or anonymous.
        name: for people; kept as a snapshot, so that history stays readable.
        roles: keys of roles; what a role permits is the tenant's data. An unknown one gives nothing.
        teams: keys of teams.
        active: whether it may act at all.
    """

    id: str
    kind: ActorKind = "user"
    name: str = ""
    roles: frozenset[str] = field(default=frozenset(), converter=_keys)
    teams: frozenset[str] = field(default=frozenset(), converter=_keys)
    active: bool = True


ActorDirectory = Callable[[str, Sequence[str]], Mapping[str, Actor]]
"""Given a tenant and ids, the actors that the host knows, by id; an id it does not know is left out."""


def everybody(tenant: str, ids: Sequence[str]) -> Mapping[str, Actor]:  # noqa: ARG001  # the directory's signature
    """The directory of a host that gave none: every id is an active user without roles and teams of its own."""
    return {id_: Actor(id=id_, name=id_) for id_ in ids}


def directory_at(place: str) -> ActorDirectory:
    """The directory that the configuration names.

    Args:
        place: an import string, such as ``myapp.crm:directory``.

    Raises:
        InvalidSettingError: if it cannot be imported, or is no function.
    """
    try:
        found: Any = pkgutil.resolve_name(place)  # may raise whatever the application's module does
    except Exception as error:
        reason = f"{place!r} cannot be imported: {type(error).__name__}: {error}"
        raise InvalidSettingError("crmkit.actors", reason) from error
    if not callable(found):
        raise InvalidSettingError("crmkit.actors", f"{place!r} is no function, but {found!r:.60}")
    return cast("ActorDirectory", found)


SYSTEM = Actor(id="system", kind="system", name="crmkit")
"""Acts when crmkit sets up a tenant or a plugin; nothing else may."""
