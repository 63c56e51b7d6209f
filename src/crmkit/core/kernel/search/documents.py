"""Which fields are searched, and the document of a record; known from what entities declare, of plugins too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from attrs import evolve, frozen

from crmkit.core.kernel.custom_fields.definitions import texts_of
from crmkit.core.kernel.search.rules import document_of

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.definitions import Definitions
    from crmkit.core.kernel.custom_fields.model import CustomField
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.units.projecting import Changed

__all__ = ["Searched", "Shown", "documents", "searched_in", "searched_of"]

M = TypeVar("M", bound="Record")


@frozen(kw_only=True)
class Searched:
    """What of an entity is searched.

    Attributes:
        entity: stands alone; its parts are found as it.
        fields: its own, the one that names the record first.
        parts: the entities that are part of it, with their fields.
        custom: the searchable ones of its custom fields; also those that were removed, which are found by nobody.
    """

    entity: EntityType[Any]
    fields: tuple[str, ...]
    parts: tuple[tuple[EntityType[Any], tuple[str, ...]], ...]
    custom: tuple[CustomField, ...] = ()

    def names(self) -> Iterator[tuple[EntityType[Any], str, str]]:
        """Every field: whose it is, its name there, and its name in documents and hits."""
        for field in self.fields:
            yield self.entity, field, field
        for part, fields in self.parts:
            for field in fields:
                yield part, field, f"{part.name}.{field}"
        for one in self.custom:
            yield self.entity, one.name, one.name


_KNOWN: Final[WeakKeyDictionary[EntityRegistry, dict[str, Searched]]] = WeakKeyDictionary()


def searched_of(registry: EntityRegistry) -> dict[str, Searched]:
    """What is searched of each entity that stands alone and has anything to search.

    A part that is hidden from some who see what it is part of (`EntityType.visible_with`) is not searched, since what
    it says would be found by them.
    """
    found = _KNOWN.get(registry)
    if found is None:
        parts: dict[str, list[tuple[EntityType[Any], tuple[str, ...]]]] = {}
        for entity in registry:
            if entity.part_of is not None and not entity.visible_with and (fields := _fields(entity)):
                parts.setdefault(registry.root_of(entity).name, []).append((entity, fields))
        found = _KNOWN[registry] = {
            entity.name: Searched(entity=entity, fields=fields, parts=tuple(parts.get(entity.name, ())))
            for entity in registry
            if entity.part_of is None
            and entity.kind == "entity"
            and ((fields := _fields(entity)) or entity.name in parts)
        }
    return found


def searched_in(registry: EntityRegistry, definitions: Definitions) -> dict[str, Searched]:
    """The same for a tenant, whose searchable custom fields are searched with the other fields of their entities."""
    found = searched_of(registry)
    if not definitions.entities:
        return found
    custom: dict[str, list[CustomField]] = {}
    for one in definitions:
        if one.searchable and one.entity in found:
            custom.setdefault(one.entity, []).append(one)
    return {**found, **{name: evolve(found[name], custom=tuple(own)) for name, own in custom.items()}}


def _fields(entity: EntityType[Any]) -> tuple[str, ...]:
    names = [name for name, field in entity.shape.fields.items() if field.searchable]
    return tuple(sorted(names, key=lambda name: name != entity.display))  # stable, so the others stay in order


class Shown(Protocol):
    """Records with their parts, as a `Projecting` shows them."""

    @property
    def changed(self) -> tuple[Changed, ...]:
        """The records."""
        ...

    def parts(self, part: EntityType[M], /) -> Mapping[UUID, Sequence[M]]:
        """The records of ``part``, by the id of what each is part of; in the order of their ids."""
        ...


def documents(changes: Shown, searched: Mapping[str, Searched]) -> Iterator[tuple[str, UUID, str]]:
    """Entity, id and document of each changed record of which anything is searched.

    The document is empty for a record that is not to be found: it is gone, or it became part of another one.
    """
    for changed in changes.changed:
        plan = searched.get(changed.entity.name)
        if plan is None:
            continue
        record = changed.record
        if record is None or getattr(record, "merged_into", None) is not None:
            yield changed.entity.name, changed.id, ""
            continue
        given = [(name, _texts((record,), name)) for name in plan.fields]
        for part, fields in plan.parts:
            records = changes.parts(part).get(changed.id, ())
            given += [(f"{part.name}.{name}", _texts(records, name)) for name in fields]
        if record.custom:
            given += [(one.name, list(texts_of(one, record.custom))) for one in plan.custom]
        yield changed.entity.name, changed.id, document_of(given)


def _texts(records: Iterable[Any], field: str) -> Sequence[str]:
    values = (getattr(record, field, None) for record in records)  # variants lack each other's fields
    return [value if isinstance(value, str) else str(value) for value in values if value is not None]
