"""What is about a record, over all plugins' tables: found by the references that the catalogue knows.

What names the record itself is about it. What names something that is about it, such as a comment on one of its deals,
is so too; unless it names somebody else, as an interaction of another party about that deal does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from attrs import define, field

from crmkit.core.kernel.erasure.graves import Grave, graves

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.shape import Reference
    from crmkit.core.kernel.history.rules import Image, Key
    from crmkit.core.kernel.history.seeing import Sight

__all__ = ["Reach", "reach"]

MERGED: Final = "merged_into"


class Tie(NamedTuple):
    """A record that names another one.

    Attributes:
        source: the record that names.
        reference: by which column.
        target: the record that is named.
    """

    source: Key
    reference: Reference
    target: Key


@define
class Reach:
    """What is about a record.

    Attributes:
        roots: the record, and what was merged into it.
        rows: what is about it and there, the roots first, each with its image.
        past: what was about it and is gone.
        going: those of ``rows``, and of what hangs on them, that are to go.
        clearing: references of records that stay, to be emptied.
        labels: columns of records about others that say what a record of ``rows`` was called.
        derived: rows that follow from records by themselves, by entity.
        ties: what names a record of ``rows``, and how.
    """

    roots: tuple[Key, ...]
    rows: dict[Key, Image] = field(factory=dict)
    past: set[Key] = field(factory=set)
    going: set[Key] = field(factory=set)
    clearing: dict[Key, set[str]] = field(factory=dict)
    labels: dict[Key, set[str]] = field(factory=dict)
    derived: dict[str, set[UUID]] = field(factory=dict)
    ties: list[Tie] = field(factory=list)


def reach(sight: Sight, root: Key) -> Reach:
    """Everything that is about a record.

    Args:
        sight: of the unit of work.
        root: the record; none that was merged into another.
    """
    return _Search(sight, root).found()


class _Search:
    def __init__(self, sight: Sight, root: Key) -> None:
        self._sight = sight
        self._wanted: set[Key] = set()  # to go, if nothing stands in the way
        self._kind = root[0]
        self._reach = Reach((root, *self._merged_into(root)))

    def found(self) -> Reach:
        self._take(dict.fromkeys(self._reach.roots))
        self._bury()
        self._let_go()
        return self._reach

    def _merged_into(self, root: Key) -> Iterator[Key]:
        entity = self._sight.registry.entity(root[0])
        shape = entity.shape.fields.get(MERGED)
        if shape is not None and shape.reference is not None:
            for id_ in self._referring(entity, shape.reference, root[0], [root[1]]):
                yield root[0], id_

    def _referring(
        self, other: EntityType[Any], reference: Reference, name: str, ids: Iterable[UUID]
    ) -> dict[UUID, UUID]:
        work = self._sight.work
        return work.store(other).referring_ids(work.db, work.tenant, reference, name, ids)

    # -- live records -------------------------------------------------------------------------------------------------

    def _take(self, keys: Mapping[Key, None]) -> None:
        """Records that are about the root, and all that is about them."""
        rows, fresh = self._reach.rows, [key for key in keys if key not in self._reach.rows]
        while fresh:
            images = self._sight.load(fresh)
            taken = {key: image for key in fresh if (image := images[key]) is not None}
            rows.update(taken)
            fresh = [key for key in dict.fromkeys(self._named_by(taken)) if key not in rows]

    def _named_by(self, taken: Mapping[Key, Image]) -> Iterator[Key]:
        """Records that name one of those taken, and are about the root, too."""
        by_entity: dict[str, list[UUID]] = {}
        for name, id_ in taken:
            by_entity.setdefault(name, []).append(id_)
        for name, ids in by_entity.items():
            for other, reference in self._references_to(name):
                found = self._referring(other, reference, name, ids)
                if other.kind == "derived":
                    self._reach.derived.setdefault(other.name, set()).update(found)
                    continue
                ties = [Tie((other.name, id_), reference, (name, target)) for id_, target in found.items()]
                self._reach.ties += ties
                yield from self._about(other, ties)

    def _references_to(self, name: str) -> Iterator[tuple[EntityType[Any], Reference]]:
        is_part = self._sight.registry.entity(name).part_of is not None
        for other in self._sight.registry:
            for reference in other.shape.references:
                if reference.column == MERGED or (reference.entity is None and is_part):
                    continue
                if reference.entity in {None, name}:
                    yield other, reference

    def _about(self, other: EntityType[Any], ties: list[Tie]) -> Iterator[Key]:
        personal = any(shape.personal for shape in other.shape.fields.values())
        telling = personal or any(one.entity == other.name for one in self._sight.work.definitions)
        images = self._sight.load(tie.source for tie in ties)
        for tie in ties:
            direct = tie.target in self._reach.roots
            if direct or (telling and not self._names_another(other, images[tie.source] or {})):
                if tie.reference.on_erase == "delete" and (direct or personal):
                    self._wanted.add(tie.source)
                elif tie.reference.on_erase == "clear" and direct:
                    self._reach.clearing.setdefault(tie.source, set()).add(tie.reference.column)
                yield tie.source
            elif tie.reference.label is not None:
                self._reach.labels.setdefault(tie.source, set()).add(tie.reference.label)

    def _names_another(self, other: EntityType[Any], image: Mapping[str, Any]) -> bool:
        return any(
            key[0] == self._kind and key not in self._reach.roots for key in _named(other.shape.references, image)
        )

    # -- deleted records ----------------------------------------------------------------------------------------------

    def _bury(self) -> None:
        """What was about the root, or about something that is or was about it, when it was deleted."""
        buried = {g.key: g for g in graves(self._sight.log, self._sight.registry) if g.key not in self._reach.rows}
        while True:
            known = {*self._reach.rows, *self._reach.past}
            more = {key for key, grave in buried.items() if key not in known and self._was_about(grave, known)}
            if not more:
                return
            self._reach.past |= more

    def _was_about(self, grave: Grave, known: set[Key]) -> bool:
        if any(name in self._reach.roots for name in grave.names):
            return True
        another = any(key[0] == self._kind for key in grave.names)
        return not another and not known.isdisjoint(grave.names)

    # -- what goes ----------------------------------------------------------------------------------------------------

    def _let_go(self) -> None:
        """Which records go: those that are to, with what goes with them, but for what others cannot lose."""
        kept: set[Key] = set(self._reach.roots)
        while True:
            going, because = self._expanded(kept)
            stuck = {
                tie.target
                for tie in self._reach.ties
                if tie.target in going and tie.source not in going and tie.reference.on_delete == "refuse"
            }
            if not stuck:
                break
            while stuck:
                kept |= stuck
                stuck = {because[key] for key in stuck if key in because} - kept
        self._reach.going = going
        for tie in self._reach.ties:
            if tie.target in going and tie.source not in going and tie.reference.on_delete == "clear":
                self._reach.clearing.setdefault(tie.source, set()).add(tie.reference.column)

    def _expanded(self, kept: set[Key]) -> tuple[set[Key], dict[Key, Key]]:
        """What is to go, with what is deleted together with it; and of the latter, because of what."""
        going = self._wanted - kept
        because: dict[Key, Key] = {}
        fresh = going
        while fresh:
            more: dict[Key, Key] = {}
            for tie in self._reach.ties:
                if tie.target in fresh and tie.source not in going and tie.reference.on_delete == "delete":
                    more[tie.source] = tie.target
            self._take(dict.fromkeys(more))
            because.update(more)
            going = going | more.keys()
            fresh = set(more)
        return going, because


def _named(references: Iterable[Reference], image: Mapping[str, Any]) -> Iterator[Key]:
    """What an image refers to."""
    for reference in references:
        name = reference.entity or image.get(reference.entity_column or "")
        if name is not None and image.get(reference.column) is not None:
            yield name, UUID(image[reference.column])
