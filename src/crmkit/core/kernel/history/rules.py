"""Pure decisions about the past: what a record was at a version, and what undoing changes would make of records.

An *image* is a record in JSON form: the fields that have a value, custom ones as ``custom.<key>``, without id, version
and ``updated_at``. None is the image of a record that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
from attrs import define, field, frozen

from crmkit.core.kernel.entities.custom import PREFIX
from crmkit.core.kernel.entities.erased import is_erased
from crmkit.errors import Conflict

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.shape import FieldShape
    from crmkit.core.kernel.history.log import Logged

__all__ = [
    "Block",
    "CustomLetters",
    "Image",
    "Key",
    "Step",
    "Unwound",
    "companies",
    "differing",
    "held",
    "is_known",
    "netted",
    "ordered",
    "replayed",
    "states_at",
    "unwound",
    "versions_of",
]

Key = tuple[str, UUID]
Image = dict[str, Any]
CustomLetters = Mapping[tuple[str, str], frozenset[str]]
"""Entity and name of each custom field that there is, with the kinds of values that it has; see `tagged`."""
Block = tuple[Key, str | None]
"""A field of a record that a plan must leave alone; None for the whole record."""


@frozen
class Step:
    """One write of a plan.

    Attributes:
        key: entity and id of the record.
        before: its image before; None for an insert.
        after: its image after; None for a delete.
    """

    key: Key
    before: Image | None
    after: Image | None


@define
class Unwound:
    """What undoing changes comes to.

    Attributes:
        state: the image of every record, as it would be.
        steps: the writes, in order.
        conflicts: what is in the way.
        blocks: what a plan of the rest must leave alone.
        unknown: fields, as ``entity.field``, that there are no more.
        custom: the custom fields that there are; None if any there might be.
        kept: facts that the changes recorded, which no undo takes back.
    """

    state: dict[Key, Image | None]
    custom: CustomLetters | None = None
    steps: list[Step] = field(factory=list)
    conflicts: list[Conflict] = field(factory=list)
    blocks: set[Block] = field(factory=set)
    unknown: set[str] = field(factory=set)
    kept: list[Key] = field(factory=list)

    def refuse(self, key: Key, name: str | None, reason: str, *, whole: bool) -> None:
        """Note a conflict, and what is to be left alone because of it."""
        self.conflicts.append(Conflict(*key, name, reason))
        self.blocks.add((key, None if whole else name))

    def take(self, key: Key, after: Image | None) -> None:
        """Note a step, unless it changes nothing."""
        before = self.state[key]
        if before != after:
            self.steps.append(Step(key, before, after))
            self.state[key] = after


def unwound(
    changes: Iterable[Logged],
    state: Mapping[Key, Image | None],
    entities: Callable[[str], EntityType[Any] | None],
    blocked: frozenset[Block] = frozenset(),
    custom: CustomLetters | None = None,
) -> Unwound:
    """Undo changes one by one, values compared and never versions.

    Args:
        changes: newest first.
        state: the image of every record that they are about, as it is.
        entities: the entity of a name; None if nobody knows it any more.
        blocked: what to leave alone.
        custom: the custom fields that there are; None if any there might be.
    """
    found = Unwound(dict(state), custom)
    changes = list(changes)
    coming = {change.key for change in changes if change.op == "insert" and (change.key, None) not in blocked}
    for change in changes:
        key = change.key
        if (key, None) in blocked:
            continue
        entity = entities(change.entity)
        if entity is None:
            found.refuse(key, None, "unknown_entity", whole=True)
        elif change.op == "insert" and entity.kind == "fact" and not _goes_too(entity, state[key], coming):
            found.kept.append(key)
        elif change.op == "insert":
            _undo_insert(found, entity, change)
        elif change.op == "delete":
            _undo_delete(found, entity, change)
        else:
            _undo_update(found, entity, change, blocked)
    # What came and went within the changes comes back and goes again, which is nobody's business.
    found.steps = [s for s in found.steps if state[s.key] is not None or found.state[s.key] is not None]
    return found


def _goes_too(entity: EntityType[Any], image: Image | None, going: Collection[Key]) -> bool:
    """Whether a fact goes with a record: one that it would go with if that were deleted, and that is undone, too."""
    for reference in entity.shape.references:
        id_ = (image or {}).get(reference.column)
        name = reference.entity or (image or {}).get(reference.entity_column or "")
        if reference.on_delete == "delete" and id_ is not None and (name, UUID(id_)) in going:
            return True
    return image is None


def _undo_insert(found: Unwound, entity: EntityType[Any], change: Logged) -> None:
    """A record goes only if the whole of it is as it was made: nobody has put anything into it since."""
    now = found.state[change.key]
    if now is None:
        found.refuse(change.key, None, "gone", whole=True)
        return
    then = {name: pair[1] for name, pair in change.diff.items()}
    if _refuse_erased(found, change.key, then):
        return
    changed = [] if now == then else differing(entity, now, then, found.custom)
    for name in changed:
        found.refuse(change.key, name, "changed", whole=True)
    if not changed:
        found.take(change.key, None)


def _undo_delete(found: Unwound, entity: EntityType[Any], change: Logged) -> None:
    if found.state[change.key] is not None:
        found.refuse(change.key, None, "exists", whole=True)
        return
    image = {name: pair[0] for name, pair in change.diff.items()}
    if _refuse_erased(found, change.key, image):
        return
    known = {name: value for name, value in image.items() if is_known(entity, name, value, found.custom)}
    found.unknown.update(f"{entity.name}.{name}" for name in image if name not in known)
    found.take(change.key, known)


def _undo_update(found: Unwound, entity: EntityType[Any], change: Logged, blocked: frozenset[Block]) -> None:
    now = found.state[change.key]
    if now is None:
        found.refuse(change.key, None, "gone", whole=True)
        return
    after, derived = dict(now), _derived(entity, now)
    for name, (before, then) in change.diff.items():
        if not is_known(entity, name, before, found.custom):
            found.unknown.add(f"{entity.name}.{name}")
        elif name not in derived and (change.key, name) not in blocked:
            reason = _in_the_way(entity, name, now.get(name), (before, then))
            if reason is not None:
                found.refuse(change.key, name, reason, whole=False)
            elif before is None:
                after.pop(name, None)
            else:
                after[name] = before
    found.take(change.key, after)


def _in_the_way(entity: EntityType[Any], name: str, now: Any, pair: tuple[Any, Any]) -> str | None:
    """Why a field cannot get back the value that it had; None if it can."""
    if any(map(is_erased, pair)):
        return "erased"
    return None if _same(entity, name, now, pair[1]) else "changed"


def _refuse_erased(found: Unwound, key: Key, image: Image) -> bool:
    """Whether a record cannot come or go as a whole, since values of it were erased since."""
    erased = [name for name, value in image.items() if is_erased(value)]
    for name in erased:
        found.refuse(key, name, "erased", whole=True)
    return bool(erased)


def netted(changes: Sequence[Logged]) -> list[Logged]:
    """The changes of one unit without the fields that it left as it found them.

    Of records that it only updated: what it changed and changed back is none of its doing.
    """
    first: dict[tuple[Key, str], Any] = {}
    last: dict[tuple[Key, str], Any] = {}
    whole = {change.key for change in changes if change.op != "update"}
    updates = [change for change in changes if change.key not in whole]
    for change in updates:
        for name, (before, after) in change.diff.items():
            first.setdefault((change.key, name), before)
            last[change.key, name] = after
    # Of what was erased nobody knows whether it was the same.
    idle = {at for at in first if first[at] == last[at] and not is_erased(first[at])}
    touched = {key for key, _ in idle}
    return [
        change
        if change.key not in touched
        else change._replace(stored={n: pair for n, pair in change.diff.items() if (change.key, n) not in idle})
        for change in changes
    ]


def ordered(updates: Iterable[Step], uniques: Callable[[str], Iterable[tuple[str, ...]]]) -> list[Step]:
    """Updates in such an order that no unique key is given before it is free.

    Where two records want each other's, one of them goes, and comes back last.

    Args:
        updates: one for each record.
        uniques: the unique keys of an entity.
    """
    pending, last, found = list(updates), [], []
    while pending:
        taken = {value: step.key for step in pending for value in held(step.before, step.key, uniques)}
        free = (s for s in pending if all(taken.get(v, s.key) == s.key for v in held(s.after, s.key, uniques)))
        step = next(free, None)
        if step is None:
            step = pending.pop(0)
            found.append(Step(step.key, step.before, None))
            last.append(Step(step.key, None, step.after))
        else:
            pending.remove(step)
            found.append(step)
    return [*found, *last]


def held(image: Image | None, key: Key, uniques: Callable[[str], Iterable[tuple[str, ...]]]) -> Iterable[Any]:
    """What a record has in unique keys: entity, key and values."""
    for unique in uniques(key[0]):
        values = tuple((image or {}).get(column) for column in unique if column != "tenant_id")
        if None not in values:
            yield key[0], unique, values


# -- comparing --------------------------------------------------------------------------------------------------------


def is_known(entity: EntityType[Any], name: str, value: Any, custom: CustomLetters | None) -> bool:
    """Whether the entity has such a field today; a custom one of the kind that ``value`` is of."""
    if not name.startswith(PREFIX):
        return name in entity.shape.fields
    if custom is None:
        return True
    letters = custom.get((entity.name, name), frozenset())
    return bool(letters) if value is None else not letters.isdisjoint(value)


def differing(entity: EntityType[Any], one: Image, other: Image, custom: CustomLetters | None = None) -> list[str]:
    """The fields in which two images differ, but for those that there are no more and those that are derived."""
    derived = _derived(entity, one)
    both = {**one, **other}
    names = [name for name in both if name not in derived and is_known(entity, name, both[name], custom)]
    return [name for name in names if not _same(entity, name, one.get(name), other.get(name))]


def _derived(entity: EntityType[Any], image: Image) -> frozenset[str]:
    """Fields that the model makes of others, so that nobody changes them by themselves."""
    model = entity.variants.get(image.get(entity.discriminator or "", ""), entity.model)
    return _made_by(model)  # type: ignore[arg-type]  # mypy takes classes for unhashable


@lru_cache(maxsize=1024)
def _made_by(model: type[Any]) -> frozenset[str]:
    return frozenset(a.name for a in attrs.fields(model) if not a.init)


def _same(entity: EntityType[Any], name: str, one: Any, other: Any) -> bool:
    if one == other:
        return True
    if one is None or other is None:
        return False
    shape = entity.shape.fields.get(name)
    return bool(_comparable(shape, one) == _comparable(shape, other))


def _comparable(shape: FieldShape | None, value: Any) -> Any:
    """Such that equal values are equal: 12 and 12.0000, lists and tuples."""
    if shape is not None and shape.type == "decimal":
        return Decimal(value)
    if shape is not None and shape.type == "money":
        return Decimal(value[0]), value[1]
    if isinstance(value, Mapping):
        return {key: _comparable(None, each) for key, each in value.items()}
    return tuple(_comparable(None, each) for each in value) if isinstance(value, (list, tuple)) else value


# -- versions ---------------------------------------------------------------------------------------------------------


def replayed(changes: Iterable[Logged]) -> Image | None:
    """What changes of one record, oldest first, come to."""
    image: Image | None = None
    for change in changes:
        if change.op == "delete":
            image = None
            continue
        image = {} if image is None or change.op == "insert" else dict(image)
        for name, (_, value) in change.diff.items():
            if value is None:
                image.pop(name, None)
            else:
                image[name] = value
    return image


def companies(entity: EntityType[Any], changes: Iterable[Logged]) -> list[Image]:
    """What a record was part of and visible with before each change that moved it elsewhere."""
    columns = {*entity.visible_with, *([entity.part_of] if entity.part_of else [])}
    columns |= {r.entity_column for r in entity.shape.references if r.entity_column and r.column in columns}
    found = []
    state: Image = {}
    for change in changes:
        diff = change.diff
        if change.op == "update" and not columns.isdisjoint(diff):
            found.append({name: state.get(name) for name in columns})
        state.update({name: diff[name][1] for name in columns if name in diff})
    return found


def versions_of(root: Key, changes: Iterable[Logged]) -> dict[int, list[Logged]]:
    """The changes of a record and its parts by the version of the record that they made, oldest first."""
    found: dict[int, list[Logged]] = {}
    for change in changes:
        found.setdefault(change.version if change.key == root else change.root_version, []).append(change)
    return dict(sorted(found.items()))


def states_at(
    root: Key, version: int, own: Sequence[Logged], parts: Iterable[Logged]
) -> tuple[Image | None, dict[Key, tuple[int, Image]]]:
    """A record and its parts at a version.

    Args:
        root: the record.
        version: which.
        own: its own changes, by version.
        parts: all changes of every record that ever was part of it, by version each.

    Returns:
        The record's image, and of each part that it had then its own version and image.
    """
    left = {change.unit: change.version for change in own}
    by_part: dict[Key, list[Logged]] = {}
    for change in parts:
        by_part.setdefault(change.key, []).append(change)
    found: dict[Key, tuple[int, Image]] = {}
    for key, changes in by_part.items():
        last = max((n for n, c in enumerate(changes) if c.root == root[1] and c.root_version <= version), default=None)
        if last is None:
            continue
        following = changes[last + 1] if last + 1 < len(changes) else None
        if following is not None and following.root != root[1] and left.get(following.unit, version + 1) <= version:
            continue  # it had become part of another record by then
        image = replayed(changes[: last + 1])
        if image is not None:
            found[key] = (changes[last].version, image)
    return replayed(c for c in own if c.version <= version), found
