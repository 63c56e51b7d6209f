"""Makes hits of what was found, as far as the actor may read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.kernel.custom_fields.definitions import texts_of
from crmkit.core.kernel.entities.custom import PREFIX
from crmkit.core.kernel.search.model import SearchHit
from crmkit.core.kernel.search.rules import Term, excerpt
from crmkit.values.ref import Ref

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.search.documents import Searched
    from crmkit.core.kernel.search.finding import Found
    from crmkit.core.kernel.units.work import Work

__all__ = ["Showing"]


class Showing:
    """Makes hits of what was found: reads the records, as far as the actor may."""

    def __init__(self, work: Work, plans: Mapping[str, Searched], terms: Sequence[Term]) -> None:
        self._work, self._plans, self._terms = work, plans, terms

    def hits(self, found: Sequence[Found]) -> Iterator[SearchHit]:
        """A hit for each, in order."""
        records = {
            name: self._records(plan.entity, [f.id for f in found if f.entity == name])
            for name, plan in self._plans.items()
        }
        named = {f.fit.field for f in found if "." in f.fit.field and not f.fit.field.startswith(PREFIX)}
        parts = {name: self._parts(name, found) for name in named}
        for one in found:
            record = records[one.entity].get(one.id)
            if record is None:  # gone, and its document not yet
                continue
            values = (
                parts[one.fit.field].get(one.id, ())
                if one.fit.field in parts
                else self._own(one.entity, record, one.fit.field)
            )
            label = getattr(record, self._plans[one.entity].entity.display, None)
            yield SearchHit(
                ref=Ref(one.entity, one.id),
                label="" if label is None else str(label),
                score=one.fit.score,
                field=one.fit.field,
                snippet=excerpt(values, self._terms),
            )

    def _own(self, entity: str, record: Any, field: str) -> list[str]:
        """The values of a field of the record itself."""
        custom = next((one for one in self._plans[entity].custom if one.name == field), None)
        return _values([record], field) if custom is None else list(texts_of(custom, record.custom))

    def _records(self, entity: EntityType[Any], ids: list[UUID]) -> dict[UUID, Any]:
        work = self._work
        if not ids:
            return {}
        read = work.store(entity).read_many(work.db, work.tenant, ids)
        return {id_: work.masked(entity, record) for id_, record in read.items()}

    def _parts(self, name: str, found: Iterable[Found]) -> dict[UUID, list[str]]:
        """The values of a part's field, by the id of what it is part of."""
        work = self._work
        part_name, _, field = name.rpartition(".")
        part = work.runtime.registry.entity(part_name)
        whole, column = work.runtime.registry.root_of(part), part.part_of or ""
        reference = part.field(column).reference
        ids = [f.id for f in found if f.fit.field == name]
        values: dict[UUID, list[str]] = {}
        if reference is not None:
            read = work.store(part).referring_many(work.db, work.tenant, reference, whole.name, ids)
            for record in read.values():
                values.setdefault(getattr(record, column), []).extend(_values([record], field))
        return values


def _values(records: Iterable[Any], field: str) -> list[str]:
    values = (getattr(record, field, None) for record in records)
    return [str(value) for value in values if value is not None]
