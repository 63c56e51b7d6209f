"""The users of a pretended host application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmkit.api import Actor

__all__ = ["TEAMS", "Actors"]

TEAMS: tuple[tuple[str, str | None], ...] = (("sales", None), ("north", "sales"))
"""The teams that a tenant of the kit has, each with the one above it."""


class Actors:
    """A directory of actors, to be handed to `CRM` as ``actors=``.

    There are from the beginning: ``ada``, an administrator; ``max``, a manager, and ``sam`` and ``sue``, sellers, of
    the team ``sales``; ``ned``, a seller of ``north``, which lies below it; ``vic``, who only looks; ``nobody``, who
    has no role; and ``gone``, who is not active any more.
    """

    def __init__(self) -> None:
        self._actors: dict[str, Actor] = {}
        self.add("ada", roles=["administrator"])
        self.add("max", roles=["manager"], teams=["sales"])
        self.add("sam", roles=["seller"], teams=["sales"])
        self.add("sue", roles=["seller"], teams=["sales"])
        self.add("ned", roles=["seller"], teams=["north"])
        self.add("vic", roles=["viewer"])
        self.add("nobody")
        self.add("gone", roles=["administrator"], active=False)

    def __call__(self, tenant: str, ids: Sequence[str]) -> Mapping[str, Actor]:  # noqa: ARG002  # a directory's signature
        """Those of ``ids`` that there are; the same ones in every tenant."""
        return {id_: self._actors[id_] for id_ in ids if id_ in self._actors}

    def __getitem__(self, id: str) -> Actor:
        return self._actors[id]

    def add(self, id: str, *, roles: Iterable[str] = (), teams: Iterable[str] = (), active: bool = True) -> Actor:
        """Add an actor, or put another one in the place of the one with this id.

        Args:
            id: its id; its name is made from it.
            roles: keys of roles; a new tenant has administrator, manager, seller and viewer.
            teams: keys of teams; a tenant of the kit has sales and, below it, north.
            active: whether it may act at all.
        """
        actor = self._actors[id] = Actor(id=id, name=id.title(), roles=roles, teams=teams, active=active)
        return actor
