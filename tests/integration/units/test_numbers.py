"""Numbers for people: `Service.number` counts each tenant's records of an entity, without gaps or doubles."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from crmkit import Manifest, Person, errors
from crmkit.sdk import INTERACTION, PARTY, Permission, Plugin, Service, command


class Numbers(Service):
    """Gives numbers out."""

    @command("numbered.party.take")
    def take(self) -> int:
        """Take one."""
        return self.number(PARTY)

    @command("numbered.interaction.take", permission="numbered.party.take")
    def take_other(self) -> int:
        """Take one of another series."""
        return self.number(INTERACTION)


class Numbered(Plugin):
    """Nothing but its service."""


MANIFEST = Manifest(
    id="numbered",
    distribution="crmkit-numbered",
    api=">=1,<2",
    version="1",
    implementation=f"{__name__}:Numbered",
    services=(f"{__name__}:Numbers",),
    permissions=(Permission("numbered.party.take", "Take numbers"),),
)


@pytest.fixture
def numbered(crm_with):
    return crm_with(MANIFEST)


def take(crm, **where):
    with crm.begin("ada", **where) as uow:
        return uow.use(Numbers).take()


def test_numbers_count_from_one_on(numbered):
    with numbered.begin("ada") as uow:
        first = [uow.use(Numbers).take() for _ in range(3)]
    assert [*first, take(numbered)] == [1, 2, 3, 4]


def test_each_entity_and_each_tenant_has_numbers_of_its_own(numbered, tenant):
    other = f"{tenant}-b"
    numbered.tenants.create(other, name="B")
    assert (take(numbered), take(numbered), take(numbered, tenant=other)) == (1, 2, 1)
    with numbered.begin("ada") as uow:
        assert uow.use(Numbers).take_other() == 1


def test_what_is_rolled_back_leaves_no_gap(numbered):
    take(numbered)
    with suppress(KeyError), numbered.begin("ada") as uow:
        uow.use(Numbers).take()
        raise KeyError
    with numbered.begin("ada") as uow:
        with suppress(KeyError), uow.attempt():
            uow.use(Numbers).take()
            raise KeyError
        assert uow.use(Numbers).take() == 2


def test_what_is_undone_keeps_its_number(numbered):
    with numbered.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"))
        uow.use(Numbers).take()
        unit = uow.id
    with numbered.begin("ada") as uow:
        uow.history.undo(unit)
    assert take(numbered) == 2


def test_units_at_the_same_time_get_different_numbers_without_gaps(numbered):
    with ThreadPoolExecutor(8) as pool:
        taken = list(
            pool.map(lambda _: numbered.run(lambda uow: uow.use(Numbers).take(), "ada", retries=20), range(40))
        )
    assert sorted(taken) == list(range(1, 41))


def test_no_number_is_taken_outside_of_a_command(numbered):
    with numbered.begin("ada") as uow, pytest.raises(errors.OutsideCommandError):
        uow.use(Numbers).number(PARTY)
    assert take(numbered) == 1
