"""The tree of teams, and what it lets managers see."""

from __future__ import annotations

import pytest

from crmkit.core.permissions.events import TeamAdded, TeamMoved, TeamRemoved, TeamRenamed
from crmkit.core.permissions.teams.model import Team
from crmkit.errors import AlreadyExistsError, InUseError, InvalidKeyError, InvalidValueError, UnknownTeamError


def test_a_manager_sees_the_teams_below(crm, add, seen):
    add("Ida", team="sales")
    add("Nils", team="north")
    add("Olga", team="oslo")
    assert seen("max") == ["Ida", "Nils"]
    assert seen("sam") == ["Ida"]
    assert seen("ned") == ["Nils"]
    with crm.begin("ada") as uow:
        uow.permissions.add_team("oslo", name="Oslo", parent="north")
    assert seen("max") == ["Ida", "Nils", "Olga"]
    assert seen("ned") == ["Nils"]


def test_a_team_moves_with_all_teams_below_it(crm, add, seen, recorded_events):
    add("Olga", team="oslo")
    with crm.begin("ada") as uow:
        uow.permissions.add_team("oslo", parent="north")
    assert seen("max") == ["Olga"]
    with crm.begin("ada") as uow:
        assert uow.permissions.move_team("north", parent=None).parent is None
    assert seen("max") == []
    assert recorded_events.of(TeamMoved) == [TeamMoved(team="north", parent=None)]


def test_a_team_without_a_place_in_the_tree_is_in_nobodys_scope(add, actors, seen):
    add("Ida", team="ghosts")
    actors.add("eve", roles=["seller"], teams=["ghosts"])
    assert seen("eve") == []


def test_a_team_is_renamed_and_removed(crm, recorded_events):
    with crm.begin("ada") as uow:
        uow.permissions.add_team("west")
        assert uow.permissions.rename_team("west", "The West").name == "The West"
        uow.permissions.remove_team("west")
        assert {t.key for t in uow.find(Team)} == {"sales", "north"}
    assert recorded_events.of(TeamAdded)[-1] == TeamAdded(team="west")
    assert recorded_events.of(TeamRenamed) == [TeamRenamed(team="west", name="The West")]
    assert recorded_events.of(TeamRemoved) == [TeamRemoved(team="west")]


@pytest.mark.parametrize("parent", ["sales", "north"])
def test_a_team_cannot_come_under_itself_or_below(refused, parent):
    refused(InvalidValueError, "ada", lambda uow: uow.permissions.move_team("sales", parent=parent))


def test_a_team_in_use_stays(crm, refused):
    refused(InUseError, "ada", lambda uow: uow.permissions.remove_team("sales"))
    with crm.begin("ada") as uow:
        uow.permissions.assign("lea", team="north")
    refused(InUseError, "ada", lambda uow: uow.permissions.remove_team("north"))


def test_a_team_is_refused_if_its_key_is_taken_none_or_its_parent_unknown(refused):
    refused(AlreadyExistsError, "ada", lambda uow: uow.permissions.add_team("sales"))
    refused(InvalidKeyError, "ada", lambda uow: uow.permissions.add_team("The North"))
    error = refused(UnknownTeamError, "ada", lambda uow: uow.permissions.add_team("west", parent="mars"))
    assert error.known == ("north", "sales")
    refused(UnknownTeamError, "ada", lambda uow: uow.permissions.move_team("mars", parent=None))
    refused(UnknownTeamError, "ada", lambda uow: uow.permissions.remove_team("mars"))
