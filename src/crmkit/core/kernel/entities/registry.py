"""The entities of this deployment, and who refers to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from crmkit.core.kernel.entities.entity import EntityType, Record, nearest
from crmkit.core.kernel.entities.shape import Reference
from crmkit.errors import Problem, UnknownFieldError

__all__ = ["EntityRegistry"]

M = TypeVar("M", bound=Record)


class EntityRegistry:
    """All registered entities, by name and by model. Frozen once the deployment has started.

    Args:
        entities: plugin id (``core`` for the areas) to its entities.
    """

    def __init__(self, entities: Mapping[str, Iterable[EntityType[Any]]]) -> None:
        self._by_name: dict[str, EntityType[Any]] = {}
        self._by_model: dict[type[Any], EntityType[Any]] = {}
        self._plugins: dict[str, str] = {}
        self.problems: list[Problem] = []
        for plugin, given in entities.items():
            for entity in given:
                self._register(plugin, entity)
        self._inverse: dict[tuple[str | None, str], tuple[EntityType[Any], Reference]] = {}
        for entity in self._by_name.values():
            for reference in entity.shape.references:
                self._relate(entity, reference)

    def _register(self, plugin: str, entity: EntityType[Any]) -> None:
        if entity.name in self._by_name:
            other = self._plugins[entity.name]
            message = f"the entity {entity.name!r} is also registered by {other!r}"
            self.problems.append(Problem("entity_clash", plugin, message, "Rename one of the two"))
            return
        expected = "crm_" + entity.name.replace(".", "_")
        if entity.table.name != expected:
            message = f"the table of {entity.name!r} is called {entity.table.name!r}"
            self.problems.append(Problem("table_name", plugin, message, f"Call it {expected!r}"))
        self._by_name[entity.name] = entity
        self._plugins[entity.name] = plugin
        for model in entity.models:
            self._by_model[model] = entity

    def _relate(self, entity: EntityType[Any], reference: Reference) -> None:
        if reference.entity is not None and reference.entity not in self._by_name:
            message = f"{entity.name}.{reference.column} refers to an unknown entity {reference.entity!r}"
            hint = nearest(reference.entity, self._by_name)
            fix = f"Did you mean {hint!r}?" if hint else "Name the plugin that registers it in the manifest's needs"
            self.problems.append(Problem("unknown_entity", self._plugins[entity.name], message, fix))
        if reference.inverse is not None:
            self._inverse[reference.entity, reference.inverse] = (entity, reference)

    def __iter__(self) -> Iterator[EntityType[Any]]:
        return iter(self._by_name.values())

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def entity(self, name: str) -> EntityType[Any]:
        """The entity called ``name``.

        Raises:
            UnknownFieldError: if no loaded plugin registers it; names the nearest one.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownFieldError("crmkit", name, nearest=nearest(name, self._by_name)) from None

    def by_model(self, model: type[M]) -> EntityType[M]:
        """The entity whose model, or one of whose variants, is ``model``.

        Raises:
            UnknownFieldError: if no loaded plugin registers it.
        """
        try:
            return self._by_model[model]
        except KeyError:
            raise UnknownFieldError("crmkit", getattr(model, "__name__", str(model))) from None

    def of(self, what: EntityType[M] | type[M]) -> EntityType[M]:
        """The entity, given itself or its model."""
        return what if isinstance(what, EntityType) else self.by_model(what)

    def plugin_of(self, entity: str) -> str:
        """Who registers the entity; ``core`` for the areas."""
        return self._plugins[entity]

    def inverse(self, entity: str, relation: str) -> tuple[EntityType[Any], Reference] | None:
        """The entity and its reference that ``relation`` names seen from ``entity``, such as deals from a party."""
        return self._inverse.get((entity, relation)) or self._inverse.get((None, relation))

    def root_of(self, entity: EntityType[Any]) -> EntityType[Any]:
        """The entity that ``entity`` is part of; itself where it stands alone.

        Raises:
            TypeError: if its ``part_of`` names no reference.
        """
        if entity.part_of is None:
            return entity
        reference = entity.field(entity.part_of).reference
        if reference is None or reference.entity is None:
            msg = f"{entity.name}: part_of={entity.part_of!r} must name a ref(...) column"
            raise TypeError(msg)
        return self.entity(reference.entity)
