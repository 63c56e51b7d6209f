"""What bringing a record back to a version changes: of the record itself, and of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from attrs import define, field

from crmkit.core.kernel.entities.erased import is_erased
from crmkit.core.kernel.history.rules import Image, Key, Step, differing, is_known, ordered, states_at, versions_of
from crmkit.errors import Conflict, NotFoundError, UnknownVersionError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.history.log import Logged
    from crmkit.core.kernel.history.planning import Planner
    from crmkit.values.ref import Ref

__all__ = ["Past", "Return", "past_of", "way_back"]


@define
class Past:
    """The changes of a record that the actor may see.

    Attributes:
        key: the record.
        entity: its entity, as it is today.
        own: its own changes, by version.
        versions: all changes by the version of the record that they made.
        parts: all changes of every record that ever was part of it.
    """

    key: Key
    entity: EntityType[Any]
    own: Sequence[Logged]
    versions: dict[int, list[Logged]]
    parts: Sequence[Logged]

    def at(self, version: int) -> tuple[Image, dict[Key, tuple[int, Image]]]:
        """The record's image at a version, and version and image of each of its parts.

        Raises:
            UnknownVersionError: if it never was at this version, or that is the one of its deletion.
        """
        image: Image | None = None
        parts: dict[Key, tuple[int, Image]] = {}
        if version in self.versions:
            image, parts = states_at(self.key, version, self.own, self.parts)
        if image is None:
            known = [n for n, changes in self.versions.items() if not any(self._ends(c) for c in changes)]
            raise UnknownVersionError(*self.key, version, known=known)
        return image, parts

    def _ends(self, change: Logged) -> bool:
        return change.key == self.key and change.op == "delete"


def past_of(planner: Planner, ref: Ref) -> Past:
    """The past of a record, be it live or deleted.

    Raises:
        NotFoundError: if there is none, or the actor may not see it.
    """
    key = (ref.entity, ref.id)
    entity = planner.entity(ref.entity)
    own = planner.log.of_record(ref.id, ref.entity)
    if entity is None or not own:
        raise NotFoundError(*key)
    planner.load([key])
    if not planner.sees(key):
        raise NotFoundError(*key)
    every = [*own, *(c for c in planner.log.of_root(ref.id) if c.key != key)]
    ids = {change.id for change in every if change.key != key}
    return Past(key, entity, own, versions_of(key, every), planner.log.of_records(ids))


@define
class Return:
    """The way back to a version.

    Attributes:
        steps: the writes, in order.
        conflicts: what is in the way.
        unknown: fields, as ``entity.field``, that the record had then and that there are no more.
    """

    steps: list[Step] = field(factory=list)
    conflicts: list[Conflict] = field(factory=list)
    unknown: set[str] = field(factory=set)


def way_back(planner: Planner, past: Past, version: int) -> Return:
    """The steps that make a record what it was at a version.

    Parts that the actor may not see stay as they are. References follow merges.

    Raises:
        UnknownVersionError: if it never was at this version, or that is the one of its deletion.
    """
    found = Return()
    image, parts = past.at(version)
    wanted = {past.key: image, **{key: part for key, (_, part) in parts.items()}}
    now = planner.load(dict.fromkeys([past.key, *(change.key for change in past.parts)]))
    seen = {key for key in now if key == past.key or _sees_part(planner, key, wanted.get(key))}
    target = {key: _of_today(planner, found, key, then, now[key]) for key, then in wanted.items() if key in seen}
    if _were_erased(found, target):
        return found
    target = _following(planner, target)
    _check_whole(planner, found, past, now, target)
    going = [key for key in now if key in seen and key not in target and _is_part(planner, key, now[key], past.key)]
    root = Step(past.key, now[past.key], target.pop(past.key))
    steps = [Step(key, now[key], then) for key, then in target.items()]
    changed = [step for step in [root, *steps] if step.before is not None and _differs(planner, step)]
    back = [step for step in steps if step.before is None]
    if root.before is None:
        found.steps.append(root)
    found.steps += [Step(key, now[key], None) for key in going]
    found.steps += ordered(changed, lambda name: planner.registry.entity(name).shape.uniques)
    found.steps += back
    return found


def _were_erased(found: Return, target: dict[Key, Image]) -> bool:
    """Note the values that nobody can bring back."""
    for key, image in target.items():
        found.conflicts += [Conflict(*key, name, "erased") for name, value in image.items() if is_erased(value)]
    return bool(found.conflicts)


def _sees_part(planner: Planner, key: Key, then: Image | None) -> bool:
    entity = planner.entity(key[0])
    if entity is None or not planner.sees(key):
        return False
    return then is None or planner.sees_record(entity, planner.shown(entity, key[1], 0, then))


def _of_today(planner: Planner, found: Return, key: Key, then: Image, now: Image | None) -> Image:
    """An image with the fields that there are today, and the merge that the record may have been part of since."""
    entity = planner.registry.entity(key[0])
    known = {name: value for name, value in then.items() if is_known(entity, name, value, planner.custom)}
    found.unknown.update(f"{entity.name}.{name}" for name in then if name not in known)
    image = {name: value for name, value in known.items() if name != "merged_into"}
    if now is not None and "merged_into" in now:
        image["merged_into"] = now["merged_into"]
    return image


def _following(planner: Planner, target: dict[Key, Image]) -> dict[Key, Image]:
    """The images, where what has been merged is replaced by what it was merged into."""
    named: dict[Key, None] = {}
    for key, image in target.items():
        named.update(dict.fromkeys(other for _, other in _references(planner, key, image) if other not in target))
    into = {
        other: str(record.merged_into)
        for other, record in planner.read(named).items()
        if getattr(record, "merged_into", None) is not None
    }
    found: dict[Key, Image] = {}
    for key, image in target.items():
        followed = {column: into[other] for column, other in _references(planner, key, image) if other in into}
        found[key] = {**image, **followed}
    return found


def _references(planner: Planner, key: Key, image: Image) -> Iterable[tuple[str, Key]]:
    for reference in planner.registry.entity(key[0]).shape.references:
        value = image.get(reference.column)
        name = reference.entity or image.get(reference.entity_column or "")
        if value is not None and name is not None and reference.column != "merged_into":
            yield reference.column, (name, UUID(value))


def _check_whole(
    planner: Planner, found: Return, past: Past, now: dict[Key, Image | None], target: dict[Key, Image]
) -> None:
    """A record that was merged, or whose parts are parts of another now, cannot be brought back by itself."""
    if "merged_into" in (now[past.key] or {}):
        by = planner.log.last_write(past.key, ["merged_into"], frozenset())
        found.conflicts.append(Conflict(*past.key, None, "merged", blocked_by=by))
        return
    for key in target:
        if key != past.key and now[key] is not None and not _is_part(planner, key, now[key], past.key):
            part_of = planner.registry.entity(key[0]).part_of or ""
            by = planner.log.last_write(key, [part_of], frozenset())
            found.conflicts.append(Conflict(*key, None, "moved", blocked_by=by))


def _is_part(planner: Planner, key: Key, now: Image | None, root: Key) -> bool:
    part_of = planner.registry.entity(key[0]).part_of
    return now is not None and part_of is not None and now.get(part_of) == str(root[1])


def _differs(planner: Planner, step: Step) -> bool:
    entity = planner.registry.entity(step.key[0])
    return bool(differing(entity, step.before or {}, step.after or {}))
