"""Defining custom fields: ``uow.custom_fields``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from crmkit.core.kernel.custom_fields.events import CustomFieldChanged, CustomFieldDefined, CustomFieldRemoved
from crmkit.core.kernel.custom_fields.model import (
    CustomField,
    FieldKind,
    FieldStatus,
)
from crmkit.core.kernel.custom_fields.queries import how_many
from crmkit.core.kernel.custom_fields.rules import accepted
from crmkit.core.kernel.custom_fields.values import FieldValues
from crmkit.core.kernel.custom_fields.wording import read
from crmkit.core.kernel.entities.custom import tagged
from crmkit.core.kernel.units.gate import command, query
from crmkit.errors import AlreadyExistsError, InvalidValueError, LimitExceededError
from crmkit.values.criteria import f

__all__ = ["MOST_FIELDS", "CustomFields"]

MOST_FIELDS: Final = 200
"""How many custom fields an entity may have."""


class CustomFields(FieldValues):
    """The custom fields of the tenant: ``uow.custom_fields``. What changes here holds at once."""

    @query("custom_field.list", permission="custom_field.read")
    def list(self, entity: str | None = None, *, removed: bool = False) -> tuple[CustomField, ...]:
        """The fields, by entity and position.

        Args:
            entity: of this entity only, such as ``party``.
            removed: those that were removed, whose values are kept, instead of those in use.
        """
        found = [
            one
            for one in self._work.definitions
            if (entity is None or one.entity == entity) and (one.removed_at is not None) is removed
        ]
        return tuple(sorted(found, key=lambda one: (one.entity, one.position, one.key)))

    @query("custom_field.get", permission="custom_field.read")
    def get(self, entity: str, key: str) -> CustomField:
        """A field that is in use.

        Raises:
            UnknownFieldError: if there is none; names the nearest one.
        """
        return self._field(entity, key)

    @query("custom_field.status", permission="custom_field.read")
    def status(self, entity: str | None = None) -> tuple[FieldStatus, ...]:
        """The fields, also those that were removed and not purged, with how many records have a value.

        Args:
            entity: of this entity only, such as ``party``.
        """
        self._work.flush()
        found = (*self.list(entity), *self.list(entity, removed=True))
        return tuple(self._status(one) for one in found if one.entity in self._work.registry)

    @command("custom_field.define", permission="custom_field.create")
    def define(
        self,
        entity: str,
        key: str,
        kind: FieldKind,
        *,
        label: str | None = None,
        help: str | None = None,  # noqa: A002  # the field's own word
        unit: str | None = None,
        required: bool = False,
        default: Any = None,
        choices: Mapping[str, str] | Sequence[str | tuple[str, str]] = (),
        data_class: str | None = None,
        unique: bool = False,
        index: bool = False,
        searchable: bool = False,
        refers_to: str | None = None,
        plugin: str | None = None,
    ) -> CustomField:
        """Define a field, or bring one of that key and kind that was removed back with its values.

        Args:
            entity: of whose records, such as ``party`` or ``service_desk.case``.
            key: its name: a-z, 0-9 and ``_``, beginning with a letter, at most 63.
            kind: what its values are: text, long_text, number, decimal, money, date, instant, boolean, choice, choices,
                reference, url, email or phone.
            label: for people; made from the key by default.
            help: for people who fill it in.
            unit: what a number counts or measures, such as ``m2``.
            required: whether new records must have a value, and none may lose it.
            default: the value of new records that are given none.
            choices: of a choice or choices: keys in order, alone or with their labels.
            data_class: a class of data that rules can name, such as ``personal``.
            unique: whether no two records may have the same value.
            index: whether an index is wanted; ``crmkit fields index`` builds it.
            searchable: whether full-text search covers it.
            refers_to: of a reference: the entity of the records that it names.
            plugin: id of the plugin that owns it; purging the plugin purges it, too.

        Raises:
            AlreadyExistsError: if the entity has a field of this key.
            InvalidKeyError: if the key or that of a choice is none.
            InvalidValueError: if what is said does not go together, or ``default`` does not fit.
            DuplicateValuesError: if it is to be unique, and values that are brought back are not; lists them.
            UnknownFieldError: if there is no such entity; names the nearest one.
            LimitExceededError: if the entity has 200 fields already.
        """  # raised by what this calls; callers want to know
        self._check_entity(entity)
        made = CustomField(
            entity=entity,
            key=key,
            kind=kind,
            label=label or str(key).replace("_", " ").capitalize(),
            help=help,
            unit=unit,
            position=1 + max((one.position for one in self._of(entity)), default=0),
            required=required,
            choices=choices,
            data_class=data_class,
            unique=unique,
            indexed=index,
            searchable=searchable,
            refers_to=refers_to,
            plugin=plugin,
        )
        made = self._with_default(made, default)
        self._check(made)
        before = self._work.definitions.find(entity, key)
        if before is None and len(self._of(entity)) >= MOST_FIELDS:
            raise LimitExceededError(f"custom fields of {entity}", MOST_FIELDS)
        stored = self.records.add(made) if before is None else self._bring_back(before, made)
        self._work.redefine()
        self.emit(CustomFieldDefined(entity=entity, key=key))
        return stored

    @command("custom_field.change", permission="custom_field.update")
    def change(self, field: CustomField) -> CustomField:
        """Change what is said of a field: its label, help, choices, whether it is required and so on.

        A choice that is no longer among the choices stays where a record has it, until that record is given another.

        Args:
            field: the changed definition, as `attrs.evolve` makes it from what was read.

        Raises:
            DuplicateValuesError: if it is to be unique, and records have the same value; lists them.
            InvalidValueError: if entity, key or kind differ, or what is said does not go together.
            StaleVersionError: if it has been changed since it was read.
        """  # raised by what this calls; callers want to know
        before = self._field(field.entity, field.key)
        for name in ("id", "entity", "key", "kind", "removed_at"):
            if getattr(before, name) != getattr(field, name):
                raise InvalidValueError(
                    name, getattr(field, name), "is not changed like this, but by a command of its own"
                )
        self._check(field)
        stored = self.records.update(before, field)
        if stored is not before:
            self._work.redefine()
            self.emit(CustomFieldChanged(entity=field.entity, key=field.key))
        return stored

    @command("custom_field.set_default", permission="custom_field.update")
    def set_default(self, entity: str, key: str, default: Any) -> CustomField:
        """Say which value new records have that are given none; None for none.

        Raises:
            InvalidValueError: if it does not fit the field.
            UnknownFieldError: if there is no such field; names the nearest one.
        """  # raised by what this calls; callers want to know
        before = self._field(entity, key)
        return self.change(self._with_default(before, default))

    @command("custom_field.reorder", permission="custom_field.update")
    def reorder(self, entity: str, keys: Iterable[str]) -> tuple[CustomField, ...]:
        """Put the fields of an entity in an order.

        Args:
            entity: whose.
            keys: of fields in the order wanted; those that are not named keep their order behind them.

        Raises:
            UnknownFieldError: if there is no such field; names the nearest one.
        """  # raised by what this calls; callers want to know
        first = [self._field(entity, key) for key in dict.fromkeys(keys)]
        named = {one.key for one in first}
        every = [*first, *(one for one in self.list(entity) if one.key not in named)]
        for place, one in enumerate(every, 1):
            self.records.update(one, evolve(one, position=place))
        self._work.redefine()
        for one in first:
            self.emit(CustomFieldChanged(entity=entity, key=one.key))
        return self.list(entity)

    @command("custom_field.remove", permission="custom_field.delete")
    def remove(self, entity: str, key: str) -> CustomField:
        """Take a field out of use: it is hidden everywhere, and its values are kept until they are purged.

        Defining it again with the same kind brings them back.

        Raises:
            UnknownFieldError: if there is no such field; names the nearest one.
        """  # raised by what this calls; callers want to know
        before = self._field(entity, key)
        stored = self.records.update(before, evolve(before, removed_at=self.uow.now))
        self._work.redefine()
        self.emit(CustomFieldRemoved(entity=entity, key=key))
        return stored

    @query("custom_field.read_texts", permission="custom_field.read")
    def read_texts(self, entity: str, texts: Mapping[str, str]) -> dict[str, Any]:
        """Values that texts stand for, as a file or a form has them: ``12.50 EUR``, ``yes``, a choice by its label.

        Args:
            entity: of whose records.
            texts: by key; blank ones are left out.

        Raises:
            UnknownFieldError: for a key that is none of the fields; names the nearest one.
            InvalidValueError: if a text stands for no value of its field.
        """  # raised by what this calls; callers want to know
        found = {key: read(self._field(entity, key), text) for key, text in texts.items()}
        return {key: value for key, value in found.items() if value is not None}

    # -- inside -------------------------------------------------------------------------------------------------------

    def _status(self, field: CustomField) -> FieldStatus:
        entity = self._work.runtime.registry.entity(field.entity)
        if field.removed_at is None and field.name not in self._work.hidden(entity):
            empty = f[field.name].is_empty()
            return FieldStatus(
                field=field, values=self.uow.count(entity, ~empty), without=self.uow.count(entity, empty)
            )
        if not self._work.rights.reads_everything:  # nobody but who sees all may count what criteria cannot ask about
            return FieldStatus(field=field, values=0, without=0)
        counts = [
            how_many(self._work.db, self._work.tenant, entity, field.physical, without=without)
            for without in (False, True)
        ]
        return FieldStatus(field=field, values=counts[0], without=counts[1])

    @staticmethod
    def _with_default(field: CustomField, default: Any) -> CustomField:
        value = None if default is None else accepted(field, default)
        return evolve(field, default=None if value is None else tagged(value))

    def _bring_back(self, before: CustomField, made: CustomField) -> CustomField:
        """Take a removed field into use again.

        Raises:
            AlreadyExistsError: if it is in use.
            InvalidValueError: if its values are of another kind.
        """
        if before.removed_at is None:
            raise AlreadyExistsError("custom_field", ("entity", "key"))
        if (before.kind, before.refers_to) != (made.kind, made.refers_to):
            reason = f"was {before.kind!r} until it was removed, and its values are kept; purge them first"
            raise InvalidValueError("kind", made.kind, reason)
        return self.records.update(before, evolve(made, id=before.id, version=before.version))
