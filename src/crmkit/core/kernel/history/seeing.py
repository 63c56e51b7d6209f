"""Records as a plan needs them: live or gone, of absent plugins too, and which of them the actor may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.kernel.entities.absent import whole_registry
from crmkit.core.kernel.history.log import Log, Logged
from crmkit.core.kernel.history.rules import Image, Key, companies

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.units.work import Work

__all__ = ["Past", "Sight"]


class Sight:
    """What there is and was, and what of it the actor may see.

    Args:
        work: the unit's state; what it has buffered must be stored.
        lock: keep others from the records that are looked at, until the unit ends.

    Attributes:
        log: the change log.
        registry: every entity, of absent plugins too.
        records: every record that was asked for, as it is; None where it is not there.
    """

    def __init__(self, work: Work, *, lock: bool) -> None:
        self.work, self._lock = work, lock
        self.log = Log(work.db, work.tenant)
        self.registry: EntityRegistry = whole_registry(work.db, work.runtime.registry, work.runtime.absent)
        work.registry = self.registry  # for the checks at the flush, and until the unit ends
        self.records: dict[Key, Record | None] = {}
        self._images: dict[Key, Image] = {}
        self._graves: dict[Key, Sequence[Any]] = {}
        self._seen: dict[Key, bool] = {}

    def entity(self, name: str) -> EntityType[Any] | None:
        """The entity of that name; None if nobody knows it any more."""
        return self.registry.entity(name) if name in self.registry else None

    def load(self, keys: Iterable[Key]) -> dict[Key, Image | None]:
        """The images of records as they are; None where there is none."""
        wanted: dict[str, set[UUID]] = {}
        every = list(dict.fromkeys(keys))
        for name, id_ in every:
            if (name, id_) not in self.records:
                wanted.setdefault(name, set()).add(id_)
        work = self.work
        for name in sorted(wanted):
            entity = self.entity(name)
            found: Mapping[UUID, Any] = {}
            if entity is not None:
                store = work.store(entity)
                found = store.read_many(work.db, work.tenant, wanted[name], lock=self._lock)
                self._images.update({(name, id_): store.codec.image(record) for id_, record in found.items()})
            for id_ in wanted[name]:
                self.records[name, id_] = work.identity[name, id_] = found.get(id_)
        return {key: self._images.get(key) for key in every}

    def image(self, key: Key, record: Record | None) -> Image | None:
        """A record's image."""
        if record is None:
            return None
        if record is self.records.get(key) and key in self._images:
            return self._images[key]
        return self.work.store(self.registry.entity(key[0])).codec.image(record)

    def seen(self, keys: Iterable[Key]) -> set[Key]:
        """Those records that the actor may see, live or gone."""
        state = self.load(keys)
        self.exhume(key for key, image in state.items() if image is None)
        return {key for key in state if self.sees(key)}

    def sees(self, key: Key) -> bool:
        """Whether the actor may see a record that was loaded.

        One that is gone is judged by what it was at last, with all that it ever was part of or visible with.
        """
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = self._sees(key)
        return found

    def _sees(self, key: Key) -> bool:
        entity, work = self.entity(key[0]), self.work
        if entity is None:
            return work.rights.may(f"{key[0]}.read")
        record = self.records.get(key) or work.identity.get(key)
        if record is None:
            buried = self._buried(key)
            return bool(buried) and all(self.sees_record(entity, one) for one in buried)
        root = self._root_that_decides(entity, record)
        return self.sees_record(entity, record) if root is None else self.sees(root)

    def _root_that_decides(self, entity: EntityType[Any], record: Record) -> Key | None:
        """The root of a part, if it is live and all that its visibility hangs on."""
        if entity.part_of is None or entity.visible_with:
            return None
        root = self.work.referred(entity, entity.part_of, record)
        id_ = getattr(record, entity.part_of)
        return None if self.work.load(root, id_) is None else (root.name, id_)

    def sees_record(self, entity: EntityType[Any], record: Record | None) -> bool:
        """Whether the actor may see a record of this form, where others that are gone count as they were."""
        permission = self.work.permission(entity, "read")
        return record is not None and self.work.rights.check(permission, entity, record, Past(self))

    def past(self, key: Key) -> Any:
        """A record as it is, or as it was when it was deleted; None if there never was one."""
        record = self.records.get(key) or self.work.identity.get(key)
        if record is None:
            record = next(iter(self._buried(key)), None)
        return record

    def _buried(self, key: Key) -> Sequence[Any]:
        """What a record was when it was deleted; and the same with what it was part of or visible with before."""
        if key not in self._graves:
            self.exhume([key])
        return self._graves[key]

    def exhume(self, keys: Iterable[Key]) -> None:
        """Read what records were when they were deleted, many at once."""
        wanted: dict[Key, list[Logged]] = {key: [] for key in keys}
        for change in self.log.of_records(id_ for _, id_ in wanted):
            if change.key in wanted:
                wanted[change.key].append(change)
        for key, changes in wanted.items():
            entity = self.entity(key[0])
            last = next((c for c in reversed(changes) if c.op == "delete"), None)
            if entity is None or last is None:
                self._graves[key] = ()
                continue
            image = {name: pair[0] for name, pair in last.diff.items()}
            forms = [image, *({**image, **company} for company in companies(entity, changes))]
            shown = (self.shown(entity, key[1], last.version, form) for form in forms)
            self._graves[key] = tuple(record for record in shown if record is not None)

    def shown(self, entity: EntityType[Any], id_: UUID, version: int, image: Image) -> Any:
        """The record that an image shows, unvalidated; None if there are no records of this form any more."""
        try:
            return self.work.store(entity).codec.from_image(id_, version, image)
        except (KeyError, ValueError, TypeError):  # of a form that there is no more
            return None


class Past:
    """What rights are decided by, when records that are gone count as they were."""

    def __init__(self, sight: Sight) -> None:
        self._sight, self._work = sight, sight.work
        self.registry, self.now = sight.registry, sight.work.now

    def load(self, entity: EntityType[Any], id_: UUID, /) -> Any:
        """The record as it is or was."""
        return self._work.load(entity, id_) or self._sight.past((entity.name, id_))

    def granted(self, entity: str, id: UUID, permission: str, kind: str, keys: tuple[str, ...]) -> bool:
        """Whether the record is shared."""
        return self._work.granted(entity, id, permission, kind, keys)
