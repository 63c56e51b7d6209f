"""Records that were deleted: what they named, as far as history still says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.history.log import Log
    from crmkit.core.kernel.history.rules import Key

__all__ = ["Grave", "graves"]


class Grave(NamedTuple):
    """A record that was deleted.

    Attributes:
        key: entity and id.
        names: the records that it named when it was deleted.
    """

    key: Key
    names: tuple[Key, ...]


def graves(log: Log, registry: EntityRegistry) -> Iterator[Grave]:
    """Every record of the tenant that was deleted and named another one; reads all deletions that history knows.

    One that has come back since is among them, too.
    """
    for change in log.deletions():
        if change.entity in registry:
            names = tuple(_named(registry, change.entity, change.diff))
            if names:
                yield Grave(change.key, names)


def _named(registry: EntityRegistry, entity: str, diff: Mapping[str, Any]) -> Iterator[Key]:
    for reference in registry.entity(entity).shape.references:
        name = reference.entity or diff.get(reference.entity_column or "", (None,))[0]
        id_ = diff.get(reference.column, (None,))[0]
        if name is not None and id_ is not None:
            yield name, UUID(id_)
