"""How services may be misused: both type checkers refuse every marked line (see hooks_refused)."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.kernel.units.gate import command
from crmkit.core.kernel.units.service import Service
from crmkit.core.kernel.units.unit import UnitOfWork
from crmkit.sdk import Service as PluginService


@frozen(kw_only=True)
class Rocket(Record):
    name: str


class Rockets(Service):
    @command("rocket.build")
    def build(self, name: str, *, stages: int = 2) -> Rocket:
        """Build one."""
        del stages
        self.records.ad(Rocket(name=name))  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        self.records.add(name)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
        return self.records.add(Rocket(nam=name))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


class Launches(PluginService):
    @command("launch.plan")
    def plan(self, party: UUID) -> str:
        """Plan one."""
        self.uow.partys.get(party)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        self.uow.parties.get("Ariane")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        self.uow = self.uow  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
        return str(self.uow.parties.get(party).nam)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


class NoService:
    @command("rocket.build")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    def build(self) -> None:
        """Build nothing."""


def use(uow: UnitOfWork, party: UUID) -> None:
    uow.use(Rocket)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    rockets = uow.use(Rockets)
    rockets.bild("Ariane")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    rockets.build()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    rockets.build(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    rockets.build("Ariane", stage=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    rockets.build("Ariane", 3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    rockets.build("Ariane", stages="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    str(rockets.build("Ariane").nam)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    uow.get(Rocket, "Ariane")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    str(uow.get(Rocket, party).stages)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    uow.find(Rocket, oder="name")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
