"""What actors are called: by the host's directory, or, where it has forgotten them, by what they were called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.storing import CHUNK, chunks
from crmkit.core.kernel.storage.tables import actor_table

if TYPE_CHECKING:
    from crmkit.core.kernel.units.work import Work

__all__ = ["names_of"]

_NAMES = Statement(
    select(actor_table.c.id, actor_table.c.name).where(
        actor_table.c.tenant_id == bindparam("tenant"),
        actor_table.c.id.in_([bindparam(f"id_{n}") for n in range(CHUNK)]),
    )
)


def names_of(work: Work, ids: Iterable[str]) -> Mapping[str, str]:
    """A name for each of ``ids``; of an actor that neither directory nor history knows by name, the id itself."""
    wanted = sorted(set(ids))
    known = work.runtime.directory(work.tenant, wanted) if wanted else {}
    names = {id_: known[id_].name if id_ in known else "" for id_ in wanted}
    for chunk in chunks([id_ for id_, name in names.items() if not name]):
        rows = work.db.rows(_NAMES, {"tenant": work.tenant, **{f"id_{n}": id_ for n, id_ in enumerate(chunk)}})
        names.update(rows)
    return {id_: name or id_ for id_, name in names.items()}
