"""How services are written and called: both type checkers accept every line."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.kernel.units.gate import Target, command, query
from crmkit.core.kernel.units.service import Service
from crmkit.core.kernel.units.unit import UnitOfWork


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


def use(uow: UnitOfWork, party: UUID) -> tuple[Rocket, int, str]:
    rockets: Rockets = uow.use(Rockets)
    rocket: Rocket = rockets.build("Ariane", stages=3, party=party)
    return rocket, rockets.count(), rocket.name
