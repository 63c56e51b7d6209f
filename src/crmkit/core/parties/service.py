"""The commands and queries of this area in one class; each noun's own chapter lies in the noun's folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar, cast
from uuid import UUID

from crmkit.core.kernel.units.gate import Target, command, query
from crmkit.core.parties.events import (
    PartyAdded,
    PartyArchived,
    PartyAssigned,
    PartyRemoved,
    PartyUnarchived,
    PartyUpdated,
)
from crmkit.core.parties.hooks import PartiesStoring, parties_storing
from crmkit.core.parties.identifiers.model import Identifier
from crmkit.core.parties.identifiers.service import IdentifierCommands
from crmkit.core.parties.lifecycle.model import LifecycleEntry, LifecycleStage
from crmkit.core.parties.lifecycle.rules import check_stages
from crmkit.core.parties.lifecycle.service import LifecycleCommands
from crmkit.core.parties.mechanisms.model import Mechanism, MechanismKind
from crmkit.core.parties.mechanisms.rules import mechanism, spelled_once, with_primaries
from crmkit.core.parties.mechanisms.service import MechanismCommands
from crmkit.core.parties.merging.service import MergingCommands
from crmkit.core.parties.model import Party
from crmkit.core.parties.relationships.model import Relationship
from crmkit.core.parties.roles.model import PartyRole, PartyRoleType
from crmkit.core.parties.roles.rules import check_roles
from crmkit.core.parties.roles.service import RoleCommands
from crmkit.core.parties.rules import altered, check_new, check_update, default_owner, first_sourced, kept_source
from crmkit.core.parties.view.service import ViewQueries
from crmkit.errors import InvalidValueError

__all__ = ["Parties"]

P = TypeVar("P", bound=Party)


class Parties(MechanismCommands, IdentifierCommands, RoleCommands, LifecycleCommands, MergingCommands, ViewQueries):
    """People and organisations: ``uow.parties``.

    What there is about mechanisms, identifiers, relationships, roles, the lifecycle, finding and the 360 view is
    inherited from the chapter in that noun's folder.
    """

    @command("party.add", permission="party.create")
    def add(
        self,
        party: P,
        *,
        emails: Sequence[str] = (),
        phones: Sequence[str] = (),
        urls: Sequence[str] = (),
        mechanisms: Sequence[Mechanism] = (),
        identifiers: Sequence[Identifier] = (),
        roles: Sequence[str] = (),
        region: str | None = None,
        allow_invalid: bool = False,
    ) -> P:
        """Add a person or an organisation, with ways to reach it.

        Of each kind of mechanism the first becomes the primary one; one that is given twice, in whatever spelling, is
        stored once.

        Args:
            party: a `Person` or an `Organisation`. Its owner is by default who adds it, its team that of its owner, if
                that is who adds it and has just one.
            emails: e-mail addresses.
            phones: phone numbers.
            urls: web addresses.
            mechanisms: further ways to reach it, made for ``party.id``.
            identifiers: what it is called elsewhere, made for ``party.id``.
            roles: keys of what it is to us from today on.
            region: where phone numbers in national form are dialled; the configured one by default.
            allow_invalid: keep malformed mechanisms as raw text, unverified, instead of refusing them.

        Returns:
            The stored record, typed as given.

        Raises:
            InvalidMechanismError: if an e-mail address, number or URL is malformed.
            AlreadyExistsError: if an exclusive identifier is taken.
            UnknownPartyRoleError: if a role is none.
            UnknownLifecycleStageError: if its lifecycle is no stage.
        """
        dialled = self._region(region) if phones else None
        texts: tuple[tuple[MechanismKind, Sequence[str]], ...] = (("email", emails), ("phone", phones), ("url", urls))
        made = [
            mechanism(party.id, kind, raw, region=dialled, allow_invalid=allow_invalid)
            for kind, given in texts
            for raw in given
        ]
        today = self.uow.now.date()
        held = [PartyRole(party_id=party.id, role=role, valid_from=today) for role in dict.fromkeys(roles)]
        (stored,) = self._add_all([party], [*made, *mechanisms], identifiers, held)
        return stored

    @command("party.add_many", permission="party.create")
    def add_many(
        self,
        parties: Sequence[P],
        *,
        mechanisms: Sequence[Mechanism] = (),
        identifiers: Sequence[Identifier] = (),
        roles: Sequence[PartyRole] = (),
        relationships: Sequence[Relationship] = (),
    ) -> tuple[P, ...]:
        """Add many parties with their parts, in few statements; for imports and other bulk work.

        Args:
            parties: people and organisations.
            mechanisms: of these parties, in any order.
            identifiers: of these parties, in any order.
            roles: of these parties, in any order.
            relationships: of these parties to each other, or to others that are there, as the first party sees them.

        Returns:
            The stored records, in the order given.

        Raises:
            InvalidValueError: if a part is of another party, or a party is already stored.
            AlreadyExistsError: if an exclusive identifier is taken.
            UnknownPartyRoleError: if a role is none.
            UnknownLifecycleStageError: if a party's lifecycle is no stage.
            UnknownRelationshipTypeError: if a relationship's type is none.
            NotFoundError: if the other party of a relationship is gone or hidden.
        """
        return tuple(self._add_all(parties, mechanisms, identifiers, roles, relationships))

    @command("party.update")
    def update(self, party: P) -> P:
        """Store a changed person or organisation.

        Args:
            party: as it is to be, made by `attrs.evolve` from the record that was read.

        Returns:
            The stored record at its next version; at the present one, if nothing differs.

        Raises:
            NotFoundError: if it is gone or hidden.
            StaleVersionError: if it has changed since it was read.
            InvalidValueError: if a field differs that has a command of its own, such as ``assign``.
            RefusedError: if its source differs; that is kept for ever.
        """
        before = self.uow.get(type(party), party.id)
        check_update(before, party)
        refusal = kept_source(before, party)
        if refusal is not None:
            self.refuse(refusal)
        stored = self._store(before, first_sourced(party, now=self.uow.now))
        if stored is not before:
            self.emit(PartyUpdated(party=stored.id))
        return stored

    @command("party.assign", permission="party.update")
    def assign(
        self, party: Annotated[UUID, Target("party")], *, owner: str | None = None, team: str | None = None
    ) -> Party:
        """Say who is responsible for a party. Needs the right to change it before and after.

        Args:
            party: its id.
            owner: id of the actor; None for nobody.
            team: key of the team; None for none.
        """
        before = self.uow.get(Party, party)
        stored = self.records.update(before, altered(before, owner_id=owner, team_id=team))
        if stored is not before:
            former = before.owner_id
            self.emit(PartyAssigned(party=party, owner_id=owner, team_id=team, former_owner_id=former))
        return stored

    @command("party.archive", permission="party.update")
    def archive(self, party: Annotated[UUID, Target("party")]) -> Party:
        """Take a party out of use. It can still be found, viewed and brought back."""
        before = self.uow.get(Party, party)
        if before.archived_at is not None:
            return before
        stored = self.records.update(before, altered(before, archived_at=self.uow.now))
        self.emit(PartyArchived(party=party))
        return stored

    @command("party.unarchive", permission="party.update")
    def unarchive(self, party: Annotated[UUID, Target("party")]) -> Party:
        """Bring an archived party back into use."""
        before = self.uow.get(Party, party)
        if before.archived_at is None:
            return before
        stored = self.records.update(before, altered(before, archived_at=None))
        self.emit(PartyUnarchived(party=party))
        return stored

    @command("party.remove", permission="party.delete")
    def remove(self, party: Annotated[UUID, Target("party")]) -> None:
        """Delete a party with all its parts; `archive` is for one that was real. History keeps what it was.

        Raises:
            InUseError: if something refers to it that is not part of it: an interaction, a deal, another party's
                relationship to it.
        """
        found = self.uow.get(Party, party)
        self.records.remove(found)
        self.emit(PartyRemoved(party=found.id, kind=found.kind))

    @query("party.get", permission="party.read")
    def get(self, party: Annotated[UUID, Target("party")]) -> Party:
        """The person or organisation of that id.

        Raises:
            NotFoundError: if there is none, or the actor may not see it.
        """
        return self.uow.get(Party, party)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _add_all(
        self,
        parties: Sequence[P],
        mechanisms: Sequence[Mechanism],
        identifiers: Sequence[Identifier],
        roles: Sequence[PartyRole],
        relationships: Sequence[Relationship] = (),
    ) -> list[P]:
        """Store parties, then their parts kind by kind, so that each kind is written in one statement.

        Raises:
            InvalidValueError: if a part is of another party.
        """
        owner = default_owner(self.uow.actor, self.uow.on_behalf_of)
        team = self._work.team_of(owner)
        fresh = [check_new(party, owner=owner, team=team, now=self.uow.now) for party in parties]
        ids = {party.id: party for party in fresh}
        for party_id in _held_by(mechanisms, identifiers, roles, relationships):
            if party_id not in ids:
                raise InvalidValueError("party_id", str(party_id), "is none of the parties that are being added")
        if roles:
            check_roles(dict.fromkeys(role.role for role in roles), self.uow.each(PartyRoleType, order="key"))
        if relationships:
            self._check_links(relationships, ids)
        entries = self._entries(fresh)
        storing = PartiesStoring(parties=tuple(fresh), mechanisms=tuple(mechanisms), identifiers=tuple(identifiers))
        self.guard(parties_storing, storing)
        stored = [self.records.add(party) for party in fresh]
        for part in (*with_primaries(spelled_once(mechanisms)), *identifiers, *roles, *entries, *relationships):
            self.records.add(part)
        for party in stored:
            self.emit(PartyAdded(party=party.id, kind=party.kind))
        return stored

    def _entries(self, parties: Sequence[Party]) -> list[LifecycleEntry]:
        """The first stay of each party that is added at a stage of the lifecycle."""
        staged = [party for party in parties if party.lifecycle is not None]
        if staged:
            check_stages(
                dict.fromkeys(p.lifecycle or "" for p in staged), self.uow.each(LifecycleStage, order="position")
            )
        return [LifecycleEntry(party_id=p.id, stage=p.lifecycle or "", entered_at=self.uow.now) for p in staged]

    def _store(self, before: P, after: P) -> P:
        if cast("str | None", before.name) is None:  # the actor may not read names, so must not write them either
            after = altered(after, name=None, sort_name=None)
        self.guard(parties_storing, PartiesStoring(parties=(after,)))
        return self.records.update(before, after)


def _held_by(*parts: Sequence[Mechanism | Identifier | PartyRole | Relationship]) -> set[UUID]:
    return {one.party_id for kind in parts for one in kind}
