"""Merging two records of one entity: whatever refers to the one refers to the other, in every plugin's tables.

One recursion over the references that the catalogue knows. Where a unique key would be had twice, the two rows are
folded into one by the rule that their reference declares, and so are the rows that refer to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.kernel.custom_fields.references import referred_by
from crmkit.core.kernel.entities.custom import PREFIX, tagged
from crmkit.core.kernel.history.rules import Image, Key, Step, held
from crmkit.errors import ConflictError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.shape import OnMerge, Reference
    from crmkit.core.kernel.history.planning import Planner

__all__ = ["Folding", "folded"]


class Folding:
    """The steps of one merge.

    Args:
        planner: of the unit of work.

    Attributes:
        state: what has been decided of each record so far; None for one that goes.
        now: what each of them is.
    """

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.now: dict[Key, Image | None] = {}
        self.state: dict[Key, Image | None] = {}

    def fold(self, entity: EntityType[Any], loser: Key, winner: Key) -> None:
        """Let everything that refers to ``loser`` refer to ``winner``."""
        for other in self._planner.registry:
            for reference in other.shape.references:
                if reference.entity in {None, entity.name} and other.kind != "derived":
                    self._repoint(other, reference, loser, winner)
        for other, field, record in referred_by(self._planner.work, entity, loser[1]):
            self._repoint_custom((other.name, record.id), field.name, winner)

    @staticmethod
    def apart(image: Mapping[str, Any], loser: Key, winner: Key) -> Image:
        """The winner's image without custom references that would name itself."""
        ends = tagged(loser[1]), tagged(winner[1])
        return {name: value for name, value in image.items() if not name.startswith(PREFIX) or value not in ends}

    def set(self, key: Key, image: Image | None) -> None:
        """Decide what a record is to be."""
        if key not in self.now:
            self.now.update(self._planner.load([key]))
        self.state[key] = image

    def steps(self) -> Iterator[Step]:
        """What goes first, since it may free a unique key, then what changes; but no row before what refers to it.

        Raises:
            ConflictError: if rows wait for each other.
        """
        going = [key for key, image in self.state.items() if image is None]
        changing = [key for key, image in self.state.items() if image is not None and image != self.now[key]]
        order: Iterable[Key] = [*going, *changing]
        if going:
            sorter: TopologicalSorter[Key] = TopologicalSorter()
            for key in order:
                sorter.add(key)
            self._add_waiting(sorter, frozenset(going), changing)
            try:
                order = list(sorter.static_order())
            except CycleError as error:
                names = ", ".join(dict.fromkeys(name for name, _ in error.args[1]))
                raise ConflictError(f"rows of {names} need each other's place, so they cannot be merged") from None
        return (Step(key, self.now[key], self.state[key]) for key in order)

    def _add_waiting(self, sorter: TopologicalSorter[Key], going: frozenset[Key], changing: list[Key]) -> None:
        """What has to wait for what: rows that go for those that refer to them, unique keys for who has them."""
        registry = self._planner.registry

        def uniques(name: str) -> Iterable[tuple[str, ...]]:
            return registry.entity(name).shape.uniques

        holders = {value: key for key in going for value in held(self.now[key], key, uniques)}
        for key in (*going, *changing):
            for other in self._referred(key):
                if other in going and other != key:
                    sorter.add(other, key)
        for key in changing:
            for value in held(self.state[key], key, uniques):
                if value in holders:
                    sorter.add(key, holders[value])

    def _referred(self, key: Key) -> Iterator[Key]:
        image = self.now[key] or {}
        for reference in self._planner.registry.entity(key[0]).shape.references:
            name, id_ = reference.entity or image.get(reference.entity_column or ""), image.get(reference.column)
            if name is not None and id_ is not None:
                yield name, UUID(id_)

    def _repoint(self, other: EntityType[Any], reference: Reference, loser: Key, winner: Key) -> None:
        work = self._planner.work
        ids = work.store(other).referring_ids(work.db, work.tenant, reference, loser[0], [loser[1]])
        keys = [(other.name, id_) for id_ in ids]
        self.now.update(self._planner.load(keys))
        for key in keys:
            image = self.state.get(key, self.now[key])
            if image is None or key == winner:
                continue
            moved = {**image, reference.column: str(winner[1])}
            if self._joins_itself(other, moved, loser, winner):
                self.fold_away(other, key, None)
                continue
            twin = self._twin(other, reference, key, moved)
            if twin is None:
                self.state[key] = moved
            else:
                self._fold_child(other, reference.on_merge, key, twin)

    def _repoint_custom(self, key: Key, name: str, winner: Key) -> None:
        """Let a custom reference name the winner, but not the winner itself."""
        self.now.update(self._planner.load([key]))
        image = self.state.get(key, self.now[key])
        if image is not None:
            moved = {**image, name: tagged(winner[1])}
            self.state[key] = {n: v for n, v in image.items() if n != name} if key == winner else moved

    @staticmethod
    def _joins_itself(other: EntityType[Any], moved: Image, loser: Key, winner: Key) -> bool:
        """Whether a link between two records would have the same one at both ends."""
        ends = [r.column for r in other.shape.references if r.entity == winner[0] and r.column != "merged_into"]
        return len(ends) > 1 and all(moved.get(end) in {str(winner[1]), str(loser[1])} for end in ends)

    def _twin(self, other: EntityType[Any], reference: Reference, key: Key, moved: Image) -> Key | None:
        """The row that has what this one would have in a unique key."""
        work, codec = self._planner.work, self._planner.work.store(other).codec
        for unique in other.shape.uniques:
            columns = tuple(c for c in unique if c != "tenant_id")
            if reference.column not in columns or any(moved.get(c) is None for c in columns):
                continue
            values = tuple(codec.field_from_json(c, moved[c]) for c in columns)
            for record in work.store(other).holding(work.db, work.tenant, columns, [values]):
                twin = (other.name, record.id)
                if twin != key and self.state.get(twin, {}) is not None:
                    return twin
        return None

    def _fold_child(self, other: EntityType[Any], rule: OnMerge, loser: Key, winner: Key) -> None:
        if rule == "repoint":
            message = f"{other.name} {loser[1]} and {winner[1]} cannot both be kept, and nothing says which one may go"
            raise ConflictError(message)
        self.now.update(self._planner.load([winner]))
        mine, theirs = self.state.get(winner, self.now[winner]) or {}, self.now[loser] or {}
        records = self._planner.records
        newer = _age(records[loser]) > _age(records[winner])
        kept = {r.column for r in other.shape.references} | {c for u in other.shape.uniques for c in u} | {"created_at"}
        self.state[winner] = folded(rule, mine, theirs, newer=newer, kept=kept)
        self.fold_away(other, loser, winner)

    def fold_away(self, other: EntityType[Any], loser: Key, winner: Key | None) -> None:
        """Let a row go; what refers to it refers to ``winner``, or goes too, if there is none."""
        if winner is not None:
            self.fold(other, loser, winner)
        self.state[loser] = None


def folded(rule: OnMerge, mine: Mapping[str, Any], theirs: Mapping[str, Any], *, newer: bool, kept: set[str]) -> Image:
    """What becomes of the winner's row, where both parties have one.

    Args:
        rule: of the reference: keep_winner, keep_newest, union (what is empty is filled) or strictest (what is set on
            either side stays set).
        mine: the winner's row.
        theirs: the loser's.
        newer: whether the loser's was changed later.
        kept: columns that stay what they are.
    """
    image = dict(mine)
    for name, value in theirs.items():
        if name in kept:
            continue
        if (
            (rule == "keep_newest" and newer)
            or (rule == "union" and image.get(name) is None)
            or (rule == "strictest" and (image.get(name) is None or value is True))
        ):
            image[name] = value
    if rule == "keep_newest" and newer:
        image = {name: value for name, value in image.items() if name in theirs or name in kept}
    return image


def _age(record: Any) -> Any:
    return record.updated_at
