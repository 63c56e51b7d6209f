"""What a hook is handed: a read-only view of the unit of work that asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

from crmkit.core.kernel.access.actors import Actor
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.errors import ForbiddenError
from crmkit.values.criteria import ALWAYS, Criteria
from crmkit.values.page import Cursor, Page

if TYPE_CHECKING:
    from crmkit.core.kernel.hooks.registry import HookTable
    from crmkit.core.kernel.keys.keys import Keys
    from crmkit.core.kernel.query.answers import Tally

__all__ = ["Context", "Reads"]

M = TypeVar("M", bound=Record)
Own = Callable[[str, "EntityType[Any] | type[Any]", Criteria], "list[Any]"]
"""Reads the records of a plugin, given its id."""
S = TypeVar("S")


class Reads(Protocol):
    """The reading half of a unit of work, as much of it as a hook may use."""

    @property
    def actor(self) -> Actor:
        """Who acts."""
        ...

    @property
    def tenant(self) -> str:
        """In which tenant."""
        ...

    @property
    def now(self) -> datetime:
        """The unit's instant, UTC."""
        ...

    @property
    def keys(self) -> Keys:
        """See `Context.keys`."""
        ...

    def get(self, entity: EntityType[M] | type[M], id: UUID, /) -> M:
        """See `Context.get`."""
        ...

    def find(
        self,
        entity: EntityType[M] | type[M],
        where: Criteria = ALWAYS,
        /,
        *,
        order: str | None = None,
        limit: int = 50,
        after: Cursor | None = None,
    ) -> Page[M]:
        """See `Context.find`."""
        ...

    def each(
        self, entity: EntityType[M] | type[M], where: Criteria = ALWAYS, /, *, order: str | None = None
    ) -> Iterator[M]:
        """See `Context.each`."""
        ...

    def count(self, entity: EntityType[Any] | type[Record], where: Criteria = ALWAYS, /) -> int:
        """See `Context.count`."""
        ...

    def tally(
        self,
        entity: EntityType[Any] | type[Record],
        by: Sequence[str] = (),
        /,
        *,
        sums: Sequence[str] = (),
        where: Criteria = ALWAYS,
    ) -> Sequence[Tally]:
        """See `Context.tally`."""
        ...

    def sees(self, entity: EntityType[M] | type[M], ids: Iterable[UUID], /) -> frozenset[UUID]:
        """See `Context.sees`."""
        ...

    def entity(self, name: str, /) -> EntityType[Record]:
        """See `Context.entity`."""
        ...

    def settings(self, settings: type[S], /) -> S:
        """See `Context.settings`."""
        ...


class Context:
    """What a hook may know: who acts, where, when, what the actor may see, and settings.

    Everything is read with the rights of the unit's actor, inside the unit's transaction. Nothing here writes, ends the
    transaction or leads to the connection. A context is of use only while its hook runs.

    Args:
        unit: the unit of work that is read from.
        hooks: the implementations enabled for its tenant.
        own: reads what belongs to a plugin, whoever may see it.
    """

    # Python hides nothing from somebody who is determined; the two names are mangled and left out of dir(), so that
    # nobody comes upon them by accident, in an editor or in a debugger.
    __slots__ = ("__own", "__unit", "_asked", "_hooks")

    def __init__(self, unit: Reads, hooks: HookTable, own: Own | None = None) -> None:
        self.__unit = unit
        self._hooks = hooks
        self.__own = own
        self._asked = ""  # the id of the plugin whose implementation is running

    def __dir__(self) -> list[str]:
        named = ("actor", "count", "each", "entity", "find", "get", "keys", "now", "own_records", "sees", "settings")
        return [*named, "tally", "tenant"]

    def __repr__(self) -> str:
        return f"<Context tenant={self.tenant!r} actor={self.actor.id!r}>"

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.__unit.actor

    @property
    def tenant(self) -> str:
        """The tenant in which it happens."""
        return self.__unit.tenant

    @property
    def now(self) -> datetime:
        """The unit's instant, aware, UTC; the same for everything in the unit."""
        return self.__unit.now

    @property
    def keys(self) -> Keys:
        """What only this deployment can write for this tenant: signed tokens and keyed hashes."""
        return self.__unit.keys

    def get(self, entity: EntityType[M] | type[M], id: UUID) -> M:
        """The record of ``entity`` with this ``id``.

        Raises:
            NotFoundError: if there is none, or the actor may not see it.
        """
        return self.__unit.get(entity, id)

    def find(
        self,
        entity: EntityType[M] | type[M],
        where: Criteria = ALWAYS,
        *,
        order: str | None = None,
        limit: int = 50,
        after: Cursor | None = None,
    ) -> Page[M]:
        """A page of the records that fit ``where`` and that the actor may see.

        Args:
            entity: the entity or its model.
            where: what they must fit; all by default.
            order: one of the entity's orders, such as ``-updated_at``; its first by default.
            limit: how many records at most.
            after: the ``next`` of the page before.
        """
        return self.__unit.find(entity, where, order=order, limit=limit, after=after)

    def each(
        self, entity: EntityType[M] | type[M], where: Criteria = ALWAYS, *, order: str | None = None
    ) -> Iterator[M]:
        """All records that fit ``where`` and that the actor may see, fetched page by page."""
        return self.__unit.each(entity, where, order=order)

    def own_records(self, entity: type[M] | EntityType[M], where: Criteria = ALWAYS) -> list[M]:
        """Records of the implementation's own plugin, whoever may see them: for what must not depend on who asks.

        Whether a party may be erased is decided by every hold, not by those that the actor may read. Show none of these
        records; say what follows from them.

        Args:
            entity: an entity of the plugin, or its model.
            where: which of its records.

        Raises:
            ForbiddenError: if the entity belongs to somebody else, or no implementation of a plugin is running.
        """
        if self.__own is None:
            raise ForbiddenError("own records", self.actor.id)
        found: list[M] = self.__own(self._asked, entity, where)
        return found

    def count(self, entity: EntityType[Any] | type[Record], where: Criteria = ALWAYS) -> int:
        """How many records fit ``where``, of those that the actor may see."""
        return self.__unit.count(entity, where)

    def tally(
        self,
        entity: EntityType[Any] | type[Record],
        by: Sequence[str] = (),
        *,
        sums: Sequence[str] = (),
        where: Criteria = ALWAYS,
    ) -> Sequence[Tally]:
        """Counts and sums over the records that the actor may see, in groups.

        Args:
            entity: the entity or its model.
            by: the fields whose values make the groups; ``amount_currency`` names the currency of the money ``amount``.
            sums: the fields to sum; group money by its currency too.
            where: what the records must fit; all by default.
        """
        return self.__unit.tally(entity, by, sums=sums, where=where)

    def sees(self, entity: EntityType[M] | type[M], ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of ``ids`` whose records the actor may see."""
        return self.__unit.sees(entity, ids)

    def entity(self, name: str) -> EntityType[Record]:
        """The registered entity called ``name``.

        Raises:
            UnknownFieldError: if no loaded plugin registers it.
        """
        return self.__unit.entity(name)

    def settings(self, settings: type[S]) -> S:
        """The effective settings of a plugin, given the class that describes them."""
        return self.__unit.settings(settings)
