"""What a plugin or an area contributes: the two base classes. How plugins are imported is in `loading`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.hooks.hook import Hook, Implementation
    from crmkit.core.kernel.plugins.manifest import Permission
    from crmkit.core.kernel.units.projecting import Projection
    from crmkit.core.kernel.units.service import Service
    from crmkit.values.event import Event

__all__ = ["Area", "Plugin"]


class Plugin:
    """What a plugin contributes; its manifest's ``implementation`` names the subclass, which is constructed once.

    It has no state: all that it knows is in the database or its settings, since one process serves many tenants. So
    two plugins are equal only if they are the same object.

    Attributes:
        entities: what it stores.
        events: what it tells.
        declares: hooks that it offers to others.
        hooks: its implementations of hooks, and its subscriptions to events.
        projections: keep derived tables in step with records, of whatever entity.
    """

    entities: ClassVar[tuple[EntityType[Any], ...]] = ()
    events: ClassVar[tuple[type[Event], ...]] = ()
    declares: ClassVar[tuple[Hook[Any], ...]] = ()
    hooks: ClassVar[tuple[Implementation, ...]] = ()
    projections: ClassVar[tuple[Projection, ...]] = ()

    def seed(self, uow: Any) -> None:
        """Add the rows that a tenant begins with.

        Called in a unit of its own, by the actor ``system``, when a tenant is created and when the plugin is first
        enabled for one. May be called again, and must then change nothing.

        Args:
            uow: the unit, a `crmkit.sdk.UnitOfWork`; services are used as by everybody.
        """

    def on_enable(self, uow: Any, since: datetime | None) -> None:
        """Catch up with what has happened while the plugin was disabled; its events are not replayed.

        Called in a unit of its own, by the actor ``system``, whenever the plugin is enabled for a tenant.

        Args:
            uow: the unit, a `crmkit.sdk.UnitOfWork`; services are used as by everybody.
            since: when it was disabled, UTC; None if it has never been enabled before.
        """


class Area(Plugin):
    """What an area of the core contributes. It cannot be switched off, and says here what a plugin's manifest says.

    Attributes:
        id: its name, such as ``parties``.
        services: its services.
        permissions: the rights that it adds beside those that its entities bring.
        settings: its settings, a frozen attrs class; the section of the configuration is called like the area.
    """

    id: ClassVar[str]
    services: ClassVar[tuple[type[Service], ...]] = ()
    permissions: ClassVar[tuple[Permission, ...]] = ()
    settings: ClassVar[type[Any] | None] = None

    def held(self, uow: Any, plugin: str) -> Mapping[str, int]:  # noqa: ARG002  # areas that hold something say so
        """What the area keeps for a plugin beside references to its records, in words, each with how many; only reads.

        Args:
            uow: a unit that may read everything.
            plugin: the plugin's id.
        """
        return {}

    def forget(self, uow: Any, plugin: str) -> None:
        """Remove that, since the plugin is being purged; by commands, since it is the core's history.

        Args:
            uow: a unit that may do everything.
            plugin: the plugin's id.
        """
