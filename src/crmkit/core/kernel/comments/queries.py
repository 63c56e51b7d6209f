"""Prepared statements over notifications. They are facts: neither logged nor undone, and each is its actor's alone."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, literal_column, select, update

from crmkit.core.kernel.comments.tables import notification_table
from crmkit.core.kernel.entities.columns import Integer
from crmkit.core.kernel.storage.statements import Statement

__all__ = ["ADD", "MARK", "OWN", "OWN_COMMENT", "OWN_UNREAD", "TOLD"]

_C = notification_table.c
_MINE = (_C.tenant_id == bindparam("tenant"), _C.actor_id == bindparam("actor"))
_BEFORE = _C.id < bindparam("before", type_=_C.id.type)
_MOST = bindparam("most", type_=Integer())

ADD = Statement(insert(notification_table).values({c.name: bindparam(c.name) for c in notification_table.columns}))
TOLD = Statement(select(_C.actor_id).where(_C.tenant_id == bindparam("tenant"), _C.comment_id == bindparam("comment")))
_LATEST = (
    select(_C.id, _C.comment_id, _C.at, _C.read_at)
    .where(*_MINE, _BEFORE)
    .order_by(_C.id.desc())
    .limit(_MOST)
    # Said, because on SQLite it would be a parameter without a name.
    .offset(literal_column("0"))
)
OWN = Statement(_LATEST)
OWN_UNREAD = Statement(_LATEST.where(_C.read_at.is_(None)))
MARK = Statement(
    update(notification_table)
    .where(*_MINE, _C.id == bindparam("notification"), _C.read_at.is_(None))
    .values(read_at=bindparam("now", type_=_C.read_at.type))
)
OWN_COMMENT = Statement(select(_C.comment_id).where(*_MINE, _C.id == bindparam("notification")))
