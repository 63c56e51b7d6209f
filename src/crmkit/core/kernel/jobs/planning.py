"""Schedules as jobs: each occurrence is a job, and whoever claims one plants the next.

So there is no leader to be elected: the lock on an occurrence's row decides who runs it and who plants its successor.
The id of an occurrence is made of what it is, so two workers that plant the same one plant one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from attrs import frozen
from sqlalchemy import bindparam, literal, select

from crmkit.core.kernel.access.actors import Actor
from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.jobs.queries import INSERT, blank
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import job_table
from crmkit.errors import AlreadyExistsError, Problem
from crmkit.values.instants import format_instant

if TYPE_CHECKING:
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.jobs.schedule import Schedule
    from crmkit.core.kernel.plugins.loading import LoadedPlugin
    from crmkit.core.kernel.storage.database import Db

__all__ = ["Planned", "planned", "plant", "plant_next", "resting"]

_NAMESPACE: Final = UUID("8c1f6a2e-6b0c-5d2f-9a39-51f4c1d4e7b0")

_THERE: Final = Statement(
    select(job_table.c.plugin, job_table.c.name).where(
        job_table.c.tenant_id == bindparam("tenant"),
        job_table.c.state.in_([literal("queued", Text()), literal("running", Text())]),
        job_table.c.kind == "schedule",
    )
)
_KNOWN: Final = Statement(
    select(job_table.c.id).where(job_table.c.tenant_id == bindparam("tenant"), job_table.c.id == bindparam("job"))
)


@frozen(kw_only=True)
class Planned:
    """A schedule of a loaded plugin.

    Attributes:
        plugin: the plugin's id.
        schedule: what its manifest says.
        fn: what is run.
        label: the plugin's, for people.
    """

    plugin: str
    schedule: Schedule
    fn: Callable[..., None]
    label: str

    @property
    def actor(self) -> Actor:
        """Who acts: the plugin itself, with the role that the schedule names."""
        return Actor(id=f"plugin:{self.plugin}", kind="plugin", name=self.label, roles=(self.schedule.role,))


def planned(plugins: Iterable[LoadedPlugin]) -> Mapping[tuple[str, str], Planned]:
    """The schedules of all loaded plugins that can run here, by plugin and name."""
    return {
        (one.id, schedule.name): Planned(
            plugin=one.id, schedule=schedule, fn=one.runs[schedule.name], label=one.manifest.label
        )
        for one in plugins
        for schedule in one.manifest.schedules
        if not schedule.missing
    }


def resting(plugins: Iterable[LoadedPlugin]) -> Iterator[Problem]:
    """The schedules that do not run, since what they work with is not installed; each with what installs it."""
    for one in plugins:
        for schedule in one.manifest.schedules:
            if missing := schedule.missing:
                said = f"its schedule {schedule.name!r} rests, since {', '.join(missing)} is not installed"
                wanted = f"{one.manifest.distribution}[{one.manifest.extra}]" if one.manifest.extra else missing[0]
                yield Problem("schedule_rests", one.id, said, f"Run: python -m pip install '{wanted}'")


def plant(db: Db, runtime: Runtime, tenant: str, enabled: Collection[str], now: datetime) -> None:
    """See that every schedule of the enabled plugins has a next occurrence in this tenant."""
    wanted = [one for one in runtime.schedules.values() if one.plugin in enabled]
    if not wanted:
        return
    there = {(plugin, name) for plugin, name in db.rows(_THERE, {"tenant": tenant})}
    for one in wanted:
        if (one.plugin, one.schedule.name) not in there:
            plant_next(db, tenant, one, now)


def plant_next(db: Db, tenant: str, one: Planned, now: datetime) -> None:
    """Write the job of the first occurrence after ``now``, unless it is there."""
    at = one.schedule.next_after(now)
    id_ = uuid5(_NAMESPACE, f"{tenant}/{one.plugin}/{one.schedule.name}/{format_instant(at)}")
    if db.rows(_KNOWN, {"tenant": tenant, "job": id_}):
        return
    row: dict[str, Any] = blank(tenant, id_, now)
    said = {"kind": "schedule", "name": one.schedule.name, "plugin": one.plugin, "handler": one.schedule.run}
    row |= {**said, "payload": {"at": format_instant(at)}, "actor_id": one.actor.id, "due_at": at}
    with suppress(AlreadyExistsError), db.connection.begin_nested():  # another worker may plant it at the same time
        db.run(INSERT, row)
