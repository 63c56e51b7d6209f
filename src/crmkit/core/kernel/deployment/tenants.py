"""Tenants, and the one row that is read at the beginning of every unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen
from sqlalchemy import bindparam, insert, select, true, update

from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import catalog_table, plugin_state_table, tenant_table
from crmkit.errors import InvalidKeyError, UnknownTenantError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.units.work import Work

__all__ = [
    "Tenant",
    "check_tenant_id",
    "insert_tenant",
    "plugin_states",
    "plugins_enabled",
    "raise_policy_generation",
    "read_tenant",
    "tenant_ids",
]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z", re.ASCII)

_READ = Statement(
    select(
        tenant_table.c.active,
        tenant_table.c.policy_generation,
        tenant_table.c.plugin_generation,
    ).where(tenant_table.c.tenant_id == bindparam("tenant"))
)
_INSERT = Statement(insert(tenant_table).values({c.name: bindparam(c.name) for c in tenant_table.columns}))
_TENANTS = select(tenant_table.c.tenant_id, tenant_table.c.name).order_by(tenant_table.c.tenant_id)
_ALL, _ACTIVE = Statement(_TENANTS), Statement(_TENANTS.where(tenant_table.c.active == true()))
_RAISE = Statement(
    update(tenant_table)
    .where(tenant_table.c.tenant_id == bindparam("tenant"))
    .values(policy_generation=tenant_table.c.policy_generation + 1)
)
_STATES = Statement(
    select(plugin_state_table.c.tenant_id, plugin_state_table.c.plugin, plugin_state_table.c.enabled).where(
        plugin_state_table.c.tenant_id.in_([bindparam("tenant"), bindparam("everyone")])
    )
)
_STORED = Statement(select(catalog_table.c.plugin).distinct())


@frozen
class Tenant:
    """What the beginning of a unit needs to know of a tenant.

    Attributes:
        id: text of at most 63 ASCII letters, digits, ``.``, ``_`` and ``-``.
        policy_generation: raised by every change of roles, teams, memberships, grants and custom fields.
        plugin_generation: raised when a plugin is enabled or disabled.
    """

    id: str
    policy_generation: int
    plugin_generation: int


def check_tenant_id(tenant: str) -> str:
    """``tenant``, if it may be a tenant's id.

    Raises:
        InvalidKeyError: if it may not.
    """
    if not _ID.match(tenant):
        raise InvalidKeyError("tenant", tenant, "is not 1 to 63 of A-Z a-z 0-9 . _ - beginning with a letter or digit")
    return tenant


def read_tenant(db: Db, tenant: str) -> Tenant:
    """The tenant's generations.

    Raises:
        UnknownTenantError: if there is no such tenant, or it is not active.
    """
    rows = db.rows(_READ, {"tenant": tenant})
    if not rows or not rows[0][0]:
        raise UnknownTenantError(tenant)
    return Tenant(tenant, rows[0][1], rows[0][2])


def tenant_ids(db: Db, *, active: bool = False) -> list[tuple[str, str]]:
    """Id and name of every tenant, or of those only in which there can be units, by id."""
    return [(id_, name) for id_, name in db.rows(_ACTIVE if active else _ALL, {})]


def insert_tenant(db: Db, tenant: str, name: str, at: datetime) -> None:
    """Add a tenant.

    Raises:
        AlreadyExistsError: if there is one of that id.
    """
    row = {"tenant_id": tenant, "name": name, "active": True, "created_at": at}
    db.run(_INSERT, {**row, "policy_generation": 1, "plugin_generation": 1})


def raise_policy_generation(work: Work) -> None:
    """Make every process read the tenant's rights anew, once this unit has committed."""
    if not work.policy_touched:
        work.policy_touched = True
        work.db.run(_RAISE, {"tenant": work.tenant})


def plugins_enabled(db: Db, tenant: str, loaded: Mapping[str, bool]) -> frozenset[str]:
    """The loaded plugins that ``tenant`` uses.

    One that stores something, and of which the catalogue knows nothing any more, was purged while this process had it
    loaded: it is not used, whatever anybody says.

    Args:
        db: where.
        tenant: whose; ``*`` for all tenants that say nothing else.
        loaded: ids of the loaded plugins, and whether each stores something.
    """
    states = plugin_states(db, tenant)
    stored = {plugin for (plugin,) in db.rows(_STORED, {})} if any(loaded.values()) else set()
    return frozenset(p for p, stores in loaded.items() if states.get(p, True) and (not stores or p in stored))


def plugin_states(db: Db, tenant: str) -> dict[str, bool]:
    """What the tenant says of plugins, over what is said for all tenants."""
    said: dict[str, bool] = {}
    for owner, plugin, enabled in sorted(db.rows(_STATES, {"tenant": tenant, "everyone": "*"})):
        if owner == "*" or plugin not in said or owner == tenant:
            said[plugin] = bool(enabled)
    return said
