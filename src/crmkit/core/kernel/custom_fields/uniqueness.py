"""No two records have the same value in a unique custom field: a table of such values, kept by every flush.

What has been merged into another record holds nothing, so the winner of a merge may have what the loser had.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crmkit.core.kernel.custom_fields.queries import (
    Held,
    claim_values,
    holders_of,
    page_with_value,
    release_all,
    release_values,
)
from crmkit.core.kernel.custom_fields.tables import CUSTOM_FIELD
from crmkit.core.kernel.entities.custom import PREFIX, shown, tagged
from crmkit.errors import AlreadyExistsError, DuplicateValuesError

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.definitions import EntityFields
    from crmkit.core.kernel.custom_fields.model import CustomField
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.units.work import Work
    from crmkit.core.kernel.units.write import Write

__all__ = ["forget_uniques", "held", "keep_uniques", "note_uniques"]

LONGEST: Final = 200
"""Characters of a value that is kept as it is; of a longer one its SHA-256 is."""
PAGE: Final = 1_000
MOST_LISTED: Final = 20
"""How many values are listed of which two records have the same."""


def _form(value: Any) -> str:
    ((_, raw),) = tagged(value).items()
    text = raw if isinstance(raw, str) else json.dumps(raw)
    return text if len(text) <= LONGEST else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def held(fields: Mapping[str, CustomField], record: Any) -> dict[str, str]:
    """The unique values that a record holds, by key; none if there is no record, or it was merged into another."""
    if record is None or not record.custom or getattr(record, "merged_into", None) is not None:
        return {}
    return {key: _form(record.custom[key]) for key in fields if key in record.custom}


def keep_uniques(work: Work, writes: Iterable[Write]) -> None:
    """Keep the table of unique values in step with what is being stored.

    Raises:
        AlreadyExistsError: if another record has a value already. Says neither which nor whose.
        DuplicateValuesError: if a field is to be unique whose values are not.
    """
    changed: dict[str, list[Write]] = {}
    defined: list[Write] = []
    for write in writes:
        if write.entity is CUSTOM_FIELD:
            defined.append(write)
            continue
        fields = work.definitions.entities.get(write.entity.name)
        if fields is not None and fields.unique:
            changed.setdefault(write.entity.name, []).append(write)
    for name, of in changed.items():
        _keep(work, work.definitions.entities[name], of)
    for write in defined:
        _begin_or_end(work, write.before, write.after)


def _begin_or_end(work: Work, before: CustomField | None, after: CustomField | None) -> None:
    """Values are unique from now on, or no longer; also where that is undone."""
    was, becomes = before is not None and before.unique, after is not None and after.unique
    if after is not None and becomes and not was and after.entity in work.registry:
        note_uniques(work, work.registry.entity(after.entity), after)
    elif before is not None and was and not becomes:
        forget_uniques(work, before)


def _keep(work: Work, fields: EntityFields, writes: Iterable[Write]) -> None:
    first: dict[UUID, dict[str, str]] = {}
    last: dict[UUID, dict[str, str]] = {}
    for write in writes:
        first.setdefault(write.record.id, held(fields.unique, write.before))
        last[write.record.id] = held(fields.unique, write.after)
    gone = list(_differing(first, last))
    new = list(_differing(last, first))
    release_values(work.db, work.tenant, fields.entity, gone)
    if not new:
        return
    seen: set[tuple[str, str]] = set()
    taken = holders_of(work.db, work.tenant, fields.entity, [(key, value) for key, value, _ in new])
    for key, value, _ in new:
        if (key, value) in taken or (key, value) in seen:
            raise AlreadyExistsError(fields.entity, (PREFIX + key,))
        seen.add((key, value))
    try:
        claim_values(work.db, work.tenant, fields.entity, new)
    except AlreadyExistsError:  # another unit was faster
        raise AlreadyExistsError(fields.entity, tuple(dict.fromkeys(PREFIX + key for key, _, _ in new))) from None


def _differing(one: Mapping[UUID, Mapping[str, str]], other: Mapping[UUID, Mapping[str, str]]) -> Iterator[Held]:
    """What is held in ``one`` and not in ``other``."""
    for id_, values in one.items():
        for key, value in values.items():
            if other[id_].get(key) != value:
                yield key, value, id_


def note_uniques(work: Work, entity: EntityType[Any], field: CustomField) -> None:
    """Fill the table with the values that records have, now that they are to be unique.

    Raises:
        DuplicateValuesError: if two records have the same; lists them, as far as the actor sees them.
    """
    forget_uniques(work, field)
    store = work.store(entity)
    owners: dict[str, UUID] = {}
    twice: dict[str, list[UUID]] = {}
    after: UUID | None = None
    while page := page_with_value(work.db, work.tenant, store, field.physical, after=after, size=PAGE):
        new = []
        for record in page:
            for key, value in held({field.key: field}, record).items():
                if owners.setdefault(value, record.id) != record.id:
                    twice.setdefault(value, [owners[value]]).append(record.id)
                else:
                    new.append((key, value, record.id))
        claim_values(work.db, work.tenant, entity.name, new)
        after = page[-1].id
    if twice:
        raise DuplicateValuesError(entity.name, field.name, _listed(work, entity, field, twice), len(twice))


def _listed(
    work: Work, entity: EntityType[Any], field: CustomField, twice: Mapping[str, list[UUID]]
) -> list[tuple[Any, tuple[UUID, ...]]]:
    """The first duplicates: value and ids of the records that the actor sees; of one who sees none, nothing."""
    if field.name in work.hidden(entity):
        return []
    found: list[tuple[Any, tuple[UUID, ...]]] = []
    for ids in list(twice.values())[:MOST_LISTED]:
        records = [record for id_ in ids[:MOST_LISTED] if (record := work.load(entity, id_)) is not None]
        visible = [record for record in records if work.sees(entity, record)]
        if visible:
            found.append((shown(tagged(visible[0].custom[field.key])), tuple(record.id for record in visible)))
    return found


def forget_uniques(work: Work, field: CustomField) -> None:
    """Empty the table of a field whose values need not be unique any more."""
    release_all(work.db, work.tenant, field.entity, field.key)
