"""Everything that there is about a person, record by record, for who has asked what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from crmkit.core.kernel.entities.catalog import read_catalogue
from crmkit.core.kernel.entities.custom import PREFIX, shown, shown_fields
from crmkit.core.kernel.erasure.model import SubjectChange, SubjectRecord

if TYPE_CHECKING:
    from crmkit.core.kernel.erasure.reach import Reach
    from crmkit.core.kernel.history.log import Logged
    from crmkit.core.kernel.history.rules import Key
    from crmkit.core.kernel.history.seeing import Sight

__all__ = ["subject_records"]

PAGE: Final = 500


def subject_records(sight: Sight, reached: Reach) -> Iterator[SubjectRecord]:
    """The records about a person, with their histories, some hundreds at a time.

    Args:
        sight: of the unit of work.
        reached: what is about the person.
    """
    catalogue = read_catalogue(sight.work.db)
    order = [*reached.roots, *sorted(({*reached.rows} | reached.past) - {*reached.roots})]
    for start in range(0, len(order), PAGE):
        keys = order[start : start + PAGE]
        histories: dict[Key, list[Logged]] = {key: [] for key in keys}
        for change in sight.log.of_records(id_ for _, id_ in keys):
            if change.key in histories:
                histories[change.key].append(change)
        for key in keys:
            history = histories[key]
            yield SubjectRecord(
                entity=key[0],
                plugin=catalogue[key[0]][0] if key[0] in catalogue else "",
                id=key[1],
                state=_state(reached, key),
                fields=shown_fields(reached.rows[key] if key in reached.rows else _last(history)),
                history=tuple(map(_told, history)),
            )


def _state(reached: Reach, key: Key) -> Literal["live", "merged", "deleted"]:
    if key in reached.past:
        return "deleted"
    return "merged" if key in reached.roots[1:] else "live"


def _last(history: Sequence[Logged]) -> Mapping[str, Any]:
    """What a record was when it was deleted."""
    gone = next((change for change in reversed(history) if change.op == "delete"), None)
    return {} if gone is None else {name: pair[0] for name, pair in gone.diff.items()}


def _told(change: Logged) -> SubjectChange:
    return SubjectChange(
        version=change.version,
        op=change.op,
        at=change.at,
        actor=change.actor,
        source=change.source,
        diff={n: tuple(shown(v) if n.startswith(PREFIX) else v for v in pair) for n, pair in change.diff.items()},
    )
