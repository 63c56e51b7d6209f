"""What is done to all values of a custom field: giving them another kind, and purging them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import evolve

from crmkit.core.kernel.custom_fields.events import CustomFieldChanged, CustomFieldPurged
from crmkit.core.kernel.custom_fields.model import CustomField, FieldKind, KindChange
from crmkit.core.kernel.custom_fields.queries import page_with_value
from crmkit.core.kernel.custom_fields.rules import check_definition
from crmkit.core.kernel.custom_fields.tables import CUSTOM_FIELD
from crmkit.core.kernel.custom_fields.uniqueness import forget_uniques, note_uniques
from crmkit.core.kernel.custom_fields.wording import converted
from crmkit.core.kernel.entities.custom import PREFIX, shown, tagged
from crmkit.core.kernel.entities.entity import nearest
from crmkit.core.kernel.units.gate import command, query
from crmkit.core.kernel.units.service import Service
from crmkit.errors import ConflictError, InvalidValueError, UnknownFieldError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType

__all__ = ["FieldValues"]

PAGE: Final = 500
"""How many records are changed at once."""
MOST_LISTED: Final = 100
"""How many values are listed that would be lost."""


class FieldValues(Service):
    """Commands that change the values of a field in all records."""

    @query("custom_field.plan_kind_change", permission="custom_field.update")
    def plan_kind_change(
        self,
        entity: str,
        key: str,
        kind: FieldKind,
        *,
        choices: Mapping[str, str] | Sequence[str | tuple[str, str]] = (),
        refers_to: str | None = None,
    ) -> KindChange:
        """What `change_kind` would do; writes nothing.

        Raises:
            UnknownFieldError: if there is no such field.
            InvalidValueError: if what is said does not go together.
        """  # raised by what this calls; callers want to know
        before, after = self._of_kind(entity, key, kind, choices, refers_to)
        self._work.flush()
        return self._told(before, after, self._converted(before, after))

    @command("custom_field.change_kind", permission="custom_field.update")
    def change_kind(
        self,
        entity: str,
        key: str,
        kind: FieldKind,
        *,
        choices: Mapping[str, str] | Sequence[str | tuple[str, str]] = (),
        refers_to: str | None = None,
        lose: bool = False,
    ) -> KindChange:
        """Give a field another kind, and with it every value that can be converted exactly, in one unit of work.

        Needs the right to change every record that has a value. Undoing the unit brings everything back.

        Args:
            entity: of whose records.
            key: of the field.
            kind: the new one.
            choices: of a choice or choices: keys in order, alone or with their labels.
            refers_to: of a reference: the entity of the records that it names.
            lose: go on although values cannot be converted; records lose them, and history keeps them.

        Raises:
            UnknownFieldError: if there is no such field.
            InvalidValueError: if what is said does not go together.
            ConflictError: if values would be lost and ``lose`` is not said; names the first ones.
            DuplicateValuesError: if values of a unique field would become the same.
        """  # raised by what this calls; callers want to know
        before, after = self._of_kind(entity, key, kind, choices, refers_to)
        found = self._work.runtime.registry.entity(entity)
        told = self._told(before, after, self._converted(before, after))
        if told.lost and not lose:
            some = "; ".join(f"{id_}: {value!r}" for id_, value in told.losses[:5])
            message = (
                f"{told.lost} values of {entity}.{before.name} are not of kind {kind!r}, and would be lost: {some}"
            )
            raise ConflictError(f"{message}. Change them first, or say lose=True")
        stored = self.records.update(before, after)
        self._work.redefine()
        self._convert(found, before, stored)
        self.emit(CustomFieldChanged(entity=entity, key=key))
        return evolve(told, applied=True)

    @command("custom_field.purge_values", permission="custom_field.delete")
    def purge_values(self, entity: str, key: str) -> int:
        """Give up the values of a field that was removed, and its definition; history keeps what they were.

        Needs the right to change every record that has a value.

        Returns:
            How many records had a value.

        Raises:
            UnknownFieldError: if there is no such field among those that were removed.
            ConflictError: if it is in use; remove it first.
        """
        field = self._work.definitions.find(entity, key)
        if field is None:
            raise UnknownFieldError(entity, f"custom.{key}"[:80])
        if field.removed_at is None:
            raise ConflictError(f"{entity}.{field.name} is in use; remove it before its values are purged")
        count = 0
        if entity in self._work.registry:
            found = self._work.registry.entity(entity)
            for record in self._with_values(found, field.physical):
                self._give(found, record, key, None)
                count += 1
        self._work.flush()
        forget_uniques(self._work, field)
        self.records.remove(field)
        self._work.redefine()
        self.emit(CustomFieldPurged(entity=entity, key=key, values=count))
        return count

    @command("custom_field.purge_plugin", permission="custom_field.delete")
    def purge_plugin(self, plugin: str) -> int:
        """Give up the fields that a plugin owns, with their values, in this tenant; a part of purging the plugin.

        Needs the right to change every record that has a value.

        Returns:
            How many fields there were.
        """
        own = [one for one in self._work.definitions if one.plugin == plugin]
        for one in own:
            if one.removed_at is None:
                self.records.update(one, evolve(one, removed_at=self.uow.now))
        self._work.redefine()
        for one in own:
            self.purge_values(one.entity, one.key)
        return len(own)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _convert(self, entity: EntityType[Any], before: CustomField, after: CustomField) -> None:
        work = self._work
        defined = work.definitions
        work.definitions = defined.but(after.id, evolve(after, unique=False))  # told at the end, with all duplicates
        for record, value in self._converted(before, after):
            self._give(entity, record, before.key, value)
        work.flush()
        work.definitions = defined
        if before.unique:
            note_uniques(work, entity, after)

    def _of_kind(
        self, entity: str, key: str, kind: FieldKind, choices: Any, refers_to: str | None
    ) -> tuple[CustomField, CustomField]:
        """The field as it is and as it is to be.

        Raises:
            InvalidValueError: if it is of this kind already.
        """
        before = self._field(entity, key)
        after = evolve(before, kind=kind, choices=choices, refers_to=refers_to, default=None)
        if (before.kind, before.refers_to) == (after.kind, after.refers_to):
            raise InvalidValueError("kind", kind, "is the field's kind already")
        self._check(after)
        return before, after

    def _field(self, entity: str, key: str) -> CustomField:
        found = self._work.definitions.find(entity, key)
        if found is None or found.removed_at is not None:
            self._check_entity(entity)
            live = [one.name for one in self._of(entity) if one.removed_at is None]
            name = f"{PREFIX}{key}"[:80]
            raise UnknownFieldError(entity, name, nearest=nearest(name, live))
        return found

    def _of(self, entity: str) -> Sequence[CustomField]:
        return [one for one in self._work.definitions if one.entity == entity]

    def _check_entity(self, entity: str) -> EntityType[Any]:
        """The entity, if it may have custom fields.

        Raises:
            InvalidValueError: if it may not.
            UnknownFieldError: if there is none of that name; names the nearest one.
        """
        found = self._work.runtime.registry.entity(entity)
        if found.kind != "entity" or found is CUSTOM_FIELD:
            raise InvalidValueError("entity", entity, "cannot have custom fields")
        return found

    def _check(self, field: CustomField) -> None:
        """Refuse what does not go together in a definition; see `check_definition`."""
        registry = self._work.runtime.registry
        check_definition(field, None if field.refers_to is None else registry.entity(field.refers_to))

    def _with_values(self, entity: EntityType[Any], name: str) -> Iterator[Any]:
        """Every record that has a value, page by page; what is written meanwhile is flushed before the next."""
        work, after = self._work, None
        while page := page_with_value(work.db, work.tenant, work.store(entity), name, after=after, size=PAGE):
            yield from page
            work.flush()
            after = page[-1].id

    def _converted(self, before: CustomField, after: CustomField) -> Iterator[tuple[Any, Any]]:
        """Each record with its value as it is to be; None if it would be lost."""
        entity = self._work.runtime.registry.entity(before.entity)
        for record in self._with_values(entity, before.physical):
            yield record, self._as(record.custom[before.key], after)

    def _as(self, value: Any, after: CustomField) -> Any:
        found = converted(value, after)
        if after.kind != "reference" or found is None:
            return found
        other = self._work.runtime.registry.entity(after.refers_to or "")
        record = self._work.load(other, found)
        return found if record is not None and self._work.sees(other, record) else None

    def _give(self, entity: EntityType[Any], record: Any, key: str, value: Any) -> None:
        """Give a stored record another value, past what its definition says now."""
        work = self._work
        current = work.identity.setdefault((entity.name, record.id), record) or record
        work.buffer.place(entity, current, work.store(entity).codec.replaced(current, {f"custom.{key}": value}))

    def _told(self, before: CustomField, after: CustomField, found: Iterator[tuple[Any, Any]]) -> KindChange:
        values, lost, losses = 0, 0, list[tuple[UUID, Any]]()
        entity = self._work.runtime.registry.entity(before.entity)
        hidden = before.name in self._work.hidden(entity)
        for record, value in found:
            values += 1
            if value is None:
                lost += 1
                if len(losses) < MOST_LISTED and not hidden and self._work.sees(entity, record):
                    losses.append((record.id, shown(tagged(record.custom[before.key]))))
        return KindChange(
            entity=before.entity,
            key=before.key,
            before=before.kind,
            after=after.kind,
            values=values,
            lost=lost,
            losses=tuple(losses),
        )
