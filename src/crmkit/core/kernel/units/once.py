"""Done once per key: the key, a hash of what was asked, and the answer are kept in the unit's own transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_type_hints

from attrs import field, frozen
from sqlalchemy import bindparam, insert, select

from crmkit.core.kernel.entities.columns import Json, codec_of
from crmkit.core.kernel.entities.erased import is_erased
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import once_table
from crmkit.errors import ConflictError, ErasedError

if TYPE_CHECKING:
    from crmkit.core.kernel.units.work import Work

__all__ = ["Key", "keep_answer", "kept_answer"]

_READ = Statement(
    select(once_table.c.body_hash, once_table.c.answer).where(
        once_table.c.tenant_id == bindparam("tenant"), once_table.c.key == bindparam("named")
    )
)
_WRITE = Statement(insert(once_table).values({c.name: bindparam(c.name) for c in once_table.columns}))


@frozen
class Key:
    """An idempotency key.

    Attributes:
        name: chosen by the caller; unique within the tenant.
        body: what is asked for, in any form that has a JSON form; the same name with another body is a conflict.
    """

    name: str
    body: Any = field(default=None)

    @property
    def body_hash(self) -> str:
        """SHA-256 of the body's canonical JSON form, in hexadecimal."""
        from crmkit.core.kernel.wire import to_json  # cattrs only where a key is used

        text = json.dumps(to_json(self.body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def kept_answer(work: Work, key: Key, fn: Callable[..., Any]) -> tuple[bool, Any]:
    """Whether ``key`` was done before, and the answer given then, of the type that ``fn`` says it returns.

    Raises:
        ConflictError: if it was done with another body.
        ErasedError: if the answer was erased together with the person that it was about.
    """
    rows = work.db.rows(_READ, {"tenant": work.tenant, "named": key.name})
    if not rows:
        return False, None
    body_hash, answer = rows[0]
    load = codec_of(Json(), work.db.dialect).from_driver
    kept = load(answer) if load else answer
    if is_erased(kept):
        raise ErasedError(key.name)
    if body_hash != key.body_hash:
        msg = f"the key {key.name!r} was used before with another body; use a new key for a new request"
        raise ConflictError(msg)
    return True, _restored(kept, fn)


def keep_answer(work: Work, key: Key, answer: Any) -> None:
    """Keep the answer for the next time."""
    from crmkit.core.kernel.wire import to_json  # cattrs only where a key is used

    work.flush()
    row = {"tenant_id": work.tenant, "key": key.name, "body_hash": key.body_hash, "unit_id": work.id, "at": work.now}
    work.db.run(_WRITE, {**row, "answer": {"value": to_json(answer)}})


def _restored(kept: Any, fn: Callable[..., Any]) -> Any:
    from crmkit.core.kernel.wire import from_json  # cattrs only where a key is used

    try:
        returned: Any = get_type_hints(fn).get("return", Any)
    except (NameError, TypeError):
        returned = Any
    value = kept["value"]
    return value if returned in {Any, type(None)} else from_json(value, returned)
