"""The permissions area: what it registers, and what a new tenant finds."""

from __future__ import annotations

from collections.abc import Mapping

from crmkit.core.kernel.access.actors import ActorDirectory
from crmkit.core.kernel.config.config import Config
from crmkit.core.kernel.plugins.manifest import Permission
from crmkit.core.kernel.plugins.plugin import Area
from crmkit.core.kernel.units.unit import UnitOfWork
from crmkit.core.permissions.delegations.tables import DELEGATION
from crmkit.core.permissions.events import EVENTS
from crmkit.core.permissions.ownership.tables import CLAIM
from crmkit.core.permissions.roles.model import Role, RoleRule
from crmkit.core.permissions.roles.rules import DEFAULT_ROLES, naming
from crmkit.core.permissions.roles.service import brought_by
from crmkit.core.permissions.roles.tables import MEMBERSHIP, ROLE, ROLE_RULE
from crmkit.core.permissions.service import Permissions
from crmkit.core.permissions.sharing.tables import GRANT
from crmkit.core.permissions.source import PermissionTables
from crmkit.core.permissions.teams.tables import TEAM
from crmkit.values.criteria import f

__all__ = ["AREA", "rights_source"]


class PermissionsArea(Area):
    """Roles, teams, shared records, delegations and ownership."""

    id = "permissions"
    entities = (ROLE, ROLE_RULE, MEMBERSHIP, TEAM, GRANT, DELEGATION, CLAIM)
    services = (Permissions,)
    permissions = (
        Permission("ownership.transfer", "Hand over everything that somebody owns to somebody else"),
        Permission("rights.explain", "Ask what one may do, and why"),
        Permission("rights.explain_others", "Ask what others may do, and why"),
    )
    events = EVENTS

    def seed(self, uow: UnitOfWork) -> None:
        """Define the roles that are not there yet."""
        permissions = uow.use(Permissions)
        there = {role.key for role in uow.each(Role, f.key.in_([r.key for r in DEFAULT_ROLES]), order="id")}
        for role in DEFAULT_ROLES:
            if role.key not in there:
                permissions.define_role(role.key, role.rules, label=role.label, description=role.description)

    def held(self, uow: UnitOfWork, plugin: str) -> Mapping[str, int]:
        """Roles that the plugin has brought, and rules of others that name its permissions."""
        found = {
            **{f"role {role.key!r}, which it has brought": 1 for role in brought_by(uow, plugin)},
            "rules of roles that name its permissions": uow.count(RoleRule, naming(plugin)),
        }
        return {what: many for what, many in found.items() if many}

    def forget(self, uow: UnitOfWork, plugin: str) -> None:
        """Remove them."""
        if self.held(uow, plugin):
            uow.use(Permissions).forget_plugin(plugin)


def rights_source(config: Config, directory: ActorDirectory) -> PermissionTables:
    """What the kernel asks for rights: this area's tables, with roles and teams from where the configuration says."""
    return PermissionTables(directory, in_database=config.access.membership == "database")


AREA = PermissionsArea()
