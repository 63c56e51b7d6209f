"""What undo, restore and merge must know about custom fields: which there are, and what stands in their way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from crmkit.core.kernel.custom_fields.model import LETTERS
from crmkit.core.kernel.custom_fields.queries import holders_of, ids_with_value
from crmkit.core.kernel.custom_fields.references import named_by
from crmkit.core.kernel.custom_fields.rules import fits
from crmkit.core.kernel.custom_fields.tables import CUSTOM_FIELD
from crmkit.core.kernel.custom_fields.uniqueness import held
from crmkit.core.kernel.entities.custom import PREFIX, letter_of

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.definitions import Definitions, EntityFields
    from crmkit.core.kernel.custom_fields.model import CustomField
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.history.log import Logged
    from crmkit.core.kernel.history.planning import Plan, Planner
    from crmkit.core.kernel.history.rules import CustomLetters, Image, Key

__all__ = ["check_custom", "letters_of", "with_letters"]


# -- which there are --------------------------------------------------------------------------------------------------


def letters_of(definitions: Definitions) -> CustomLetters:
    """The fields of a tenant, also those that were removed and whose values are kept."""
    return {(one.entity, one.name): frozenset(one.letter) for one in definitions}


def with_letters(custom: CustomLetters, changes: Iterable[Logged], state: Mapping[Key, Image | None]) -> CustomLetters:
    """The same, and those that undoing ``changes`` brings back, or changes the kind of."""
    found = dict(custom)
    for change in changes:
        if change.entity != CUSTOM_FIELD.name:
            continue
        image = {**(state[change.key] or {}), **{name: pair[0] for name, pair in change.diff.items() if pair[0]}}
        if "key" in image and "entity" in image:
            at = (image["entity"], PREFIX + image["key"])
            found[at] = found.get(at, frozenset()) | {LETTERS[image["kind"]]}
    return found


# -- what is in the way -----------------------------------------------------------------------------------------------


def check_custom(planner: Planner, plan: Plan, final: Mapping[Key, Any]) -> None:
    """Values must fit the definitions as they are to be, unique ones be free, and what they refer to be there."""
    work = planner.work
    definitions = _as_planned(work.definitions, final)
    if not definitions.entities and not work.definitions.entities:
        return
    _check_definitions(planner, plan, final)
    carried = {
        (key[0], name, value) for key in final for name, value in _values(planner.records[key]) if _hashable(value)
    }
    for key, record in final.items():
        before = planner.records[key]
        for name, value in _values(record):
            if before is not None and before.custom.get(name) == value:
                continue
            field = definitions.find(key[0], name)
            # What another record of the plan had, as in a merge, is taken over as it is.
            if field is None or not (fits(field, value) or (key[0], name, value) in carried):
                plan.refuse(key, PREFIX + name, "invalid", whole=before is None)
    _check_named(planner, plan, final, definitions)
    for entity, fields in definitions.entities.items():
        if fields.unique:
            _check_unique(planner, plan, fields, {key: record for key, record in final.items() if key[0] == entity})


def _hashable(value: Any) -> bool:
    return not isinstance(value, list | dict)


def _values(record: Any) -> Iterable[tuple[str, Any]]:
    return () if record is None else record.custom.items()


def _as_planned(definitions: Definitions, final: Mapping[Key, Any]) -> Definitions:
    for key, record in final.items():
        if key[0] == CUSTOM_FIELD.name:
            definitions = definitions.but(key[1], record)
    return definitions


def _check_definitions(planner: Planner, plan: Plan, final: Mapping[Key, Any]) -> None:
    """A definition does not go, nor change its kind, while records outside of the plan have a value."""
    work = planner.work
    for key, record in final.items():
        before = cast("CustomField | None", planner.records[key]) if key[0] == CUSTOM_FIELD.name else None
        if before is None or (record is not None and record.letter == before.letter):
            continue
        entity = planner.entity(before.entity)
        if entity is None:
            continue
        ids = ids_with_value(work.db, work.tenant, entity, before.physical, len(final) + 1)
        if any(_keeps(final, entity, id_, before) for id_ in ids):
            plan.refuse(key, None, "in_use", whole=True)


def _keeps(final: Mapping[Key, Any], entity: EntityType[Any], id_: Any, field: CustomField) -> bool:
    """Whether a record that has a value of this kind is to keep it."""
    if (entity.name, id_) not in final:
        return True
    record = final[entity.name, id_]
    return record is not None and letter_of(record.custom.get(field.key)) == field.letter


def _check_named(planner: Planner, plan: Plan, final: Mapping[Key, Any], definitions: Definitions) -> None:
    """What custom references come to name must be there, and not merged away."""
    asked: list[tuple[Key, CustomField, Key]] = []
    for key, record in final.items():
        before = planner.records[key]
        for field, entity, id_ in named_by(definitions, key[0], record):
            if before is None or before.custom.get(field.key) != id_:
                asked.append((key, field, (entity, id_)))
    there = planner.read({target for _, _, target in asked if target not in final})
    for key, field, target in asked:
        found = final[target] if target in final else there.get(target)
        whole = planner.records[key] is None
        if found is None:
            plan.refuse(key, field.name, "target_gone", whole=whole)
        elif getattr(found, "merged_into", None) is not None:
            plan.refuse(key, field.name, "target_merged", whole=whole)


def _check_unique(planner: Planner, plan: Plan, fields: EntityFields, final: Mapping[Key, Any]) -> None:
    """Unique values must be free once the plan is carried out."""
    work = planner.work
    before = {key: held(fields.unique, planner.records[key]) for key in final}
    after = {key: held(fields.unique, record) for key, record in final.items()}
    wanted = [(key, *pair) for key, pair in _pairs(after) if before[key].get(pair[0]) != pair[1]]
    if not wanted:
        return
    freed = {pair for key, pair in _pairs(before) if after[key].get(pair[0]) != pair[1]}
    taken = holders_of(work.db, work.tenant, fields.entity, [(name, value) for _, name, value in wanted])
    seen: set[tuple[str, str]] = set()
    for key, name, value in wanted:
        if ((name, value) in taken and (name, value) not in freed) or (name, value) in seen:
            plan.refuse(key, PREFIX + name, "taken", whole=planner.records[key] is None)
        seen.add((name, value))


def _pairs(values: Mapping[Key, Mapping[str, str]]) -> Iterator[tuple[Key, tuple[str, str]]]:
    for key, of in values.items():
        for pair in of.items():
            yield key, pair
