"""How services are written and called: both type checkers accept every line."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.kernel.units.gate import Target, command, query
from crmkit.core.kernel.units.service import Service
from crmkit.core.kernel.units.unit import UnitOfWork
from crmkit.sdk import Activity, Party, Permissions, Pipelines, StagedService, StageEntry
from crmkit.sdk import Service as PluginService


@frozen(kw_only=True)
class Rocket(Record):
    name: str


class Rockets(Service):
    @command("rocket.build")
    def build(self, name: str, *, stages: int = 2, party: Annotated[UUID, Target("party")] | None = None) -> Rocket:
        """Build one."""
        del stages, party
        return self.records.add(Rocket(name=name))

    @query("rocket.count", permission="rocket.read")
    def count(self) -> int:
        """Count them."""
        return self.uow.count(Rocket)


class Launches(PluginService):
    """What a plugin writes: the areas are there, and typed, without a cast."""

    @command("launch.plan")
    def plan(self, party: UUID) -> Activity:
        """Plan one."""
        guest: Party = self.uow.parties.get(party)
        activity: Activity = self.uow.interactions.plan(
            kind="visit", subject=guest.name, due_at=self.uow.now, party=guest.id
        )
        rights: Permissions = self.uow.permissions
        rights.share("activity", activity.id, team="ground")
        return activity


class Crews(StagedService):
    @query("crew.stays", permission="crew.read")
    def stays(self, deal: UUID) -> tuple[StageEntry, ...]:
        """List them."""
        pipelines: Pipelines = self.uow.pipelines
        return self.stays_of("deal", pipelines.move(deal, "won").id)


def use(uow: UnitOfWork, party: UUID) -> tuple[Rocket, int, str]:
    rockets: Rockets = uow.use(Rockets)
    rocket: Rocket = rockets.build("Ariane", stages=3, party=party)
    return rocket, rockets.count(), rocket.name
