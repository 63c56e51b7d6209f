"""Building the tree of teams; a chapter of `crmkit.core.permissions.service.Permissions`."""

from __future__ import annotations

from attrs import evolve

from crmkit.core.kernel.units.gate import command
from crmkit.core.kernel.units.service import Service
from crmkit.core.permissions.events import TeamAdded, TeamMoved, TeamRemoved, TeamRenamed
from crmkit.core.permissions.roles.model import Membership
from crmkit.core.permissions.teams.model import Team
from crmkit.core.permissions.teams.rules import check_place
from crmkit.errors import InUseError, UnknownTeamError
from crmkit.values.criteria import f

__all__ = ["TeamCommands"]


class TeamCommands(Service):
    """Teams as a tree. What changes here holds from the next unit of work on."""

    @command("team.add", permission="team.create")
    def add_team(self, key: str, *, name: str | None = None, parent: str | None = None) -> Team:
        """Add a team.

        Args:
            key: how records, the host's directory and memberships name it.
            name: for people; made from the key by default.
            parent: key of the team above it; none by default.

        Raises:
            AlreadyExistsError: if there is a team of this key.
            UnknownTeamError: if there is no team ``parent``; lists those there are.
        """  # raised by what this calls; callers want to know
        check_place(self._parents(), key, parent)
        stored = self.records.add(Team(key=key, name=name or key.replace("_", " ").capitalize(), parent=parent))
        self.uow.touch_policy()
        self.emit(TeamAdded(team=key, parent=parent))
        return stored

    @command("team.move", permission="team.update")
    def move_team(self, key: str, *, parent: str | None) -> Team:
        """Put a team, with all teams below it, under another one.

        Args:
            key: of the team.
            parent: key of the team above it from now on; None for the top.

        Raises:
            UnknownTeamError: if there is no such team; lists those there are.
            InvalidValueError: if ``parent`` is the team itself or lies below it.
        """  # raised by what this calls; callers want to know
        team = self._team(key)
        check_place(self._parents(), key, parent)
        stored = self.records.update(team, evolve(team, parent=parent))
        self.uow.touch_policy()
        self.emit(TeamMoved(team=key, parent=parent))
        return stored

    @command("team.rename", permission="team.update")
    def rename_team(self, key: str, name: str) -> Team:
        """Change a team's name for people; its key stays.

        Raises:
            UnknownTeamError: if there is no such team; lists those there are.
        """  # raised by what this calls; callers want to know
        team = self._team(key)
        stored = self.records.update(team, evolve(team, name=name))
        self.emit(TeamRenamed(team=key, name=name))
        return stored

    @command("team.remove", permission="team.delete")
    def remove_team(self, key: str) -> None:
        """Remove a team. Records that belong to it keep its key, and are then in the scope of no team.

        Raises:
            UnknownTeamError: if there is no such team; lists those there are.
            InUseError: if teams lie below it, or somebody is a member.
        """  # raised by what this calls; callers want to know
        team = self._team(key)
        if any(parent == key for parent in self._parents().values()):
            raise InUseError("team", key, by="team")
        if self.uow.count(Membership, (f.kind == "team") & (f.key == key)):
            raise InUseError("team", key, by="actor_membership")
        self.records.remove(team)
        self.uow.touch_policy()
        self.emit(TeamRemoved(team=key))

    def _team(self, key: str) -> Team:
        found = self.uow.find(Team, f.key == key, limit=1)
        if not found.items:
            raise UnknownTeamError(key, known=sorted(self._parents()))
        return found[0]

    def _parents(self) -> dict[str, str | None]:
        return {team.key: team.parent for team in self.uow.each(Team, order="id")}
