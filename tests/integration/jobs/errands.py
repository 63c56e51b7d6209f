"""A plugin that carries letters: its errand waits for somebody outside, between units of work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from crmkit.sdk import Errand, Manifest, Permission, Person, Schedule, Service, command

handed: list[tuple[str, str]] = []
"""What was handed over outside: the tenant, and the instant for which the run was due."""
meanwhile: list[Callable[[Errand], None]] = []
"""What happens while the errand waits for somebody outside."""


class Letters(Service):
    """Letters, which are persons here, since those need no table."""

    @command("letters.letter.write")
    def write(self, name: str, *, times: int = 1) -> None:
        """Write a letter, and have it carried at once."""
        self.uow.parties.add(Person(family_name=name))
        for _ in range(times):
            self.hasten("carry")

    @command("letters.letter.hurry", permission="letters.letter.write")
    def hurry(self, schedule: str) -> None:
        """Hasten some schedule."""
        self.hasten(schedule)


def carry(errand: Errand, at: datetime) -> None:
    """Carry letters: one unit before, one after."""
    with errand.begin() as uow:
        uow.parties.add(Person(family_name="claimed"))
    for happen in meanwhile:
        happen(errand)
    handed.append((errand.tenant, f"{at:%H:%M}"))
    with errand.begin() as uow:
        uow.parties.add(Person(family_name="settled"))


LETTERS = Manifest(
    id="letters",
    distribution="crm-letters",
    api=">=1,<2",
    services=("errands:Letters",),
    permissions=(Permission("letters.letter.write", "Write letters"),),
    schedules=(Schedule(name="carry", run="errands:carry", role="tender", every=timedelta(hours=1), errand=True),),
)
