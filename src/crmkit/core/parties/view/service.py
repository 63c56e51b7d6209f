"""The queries that show all of a party; a chapter of `crmkit.core.parties.service.Parties`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar
from uuid import UUID

from attrs import evolve

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.kernel.history.model import Provenance
from crmkit.core.kernel.units.gate import Target, query
from crmkit.core.parties.identifiers.model import Identifier
from crmkit.core.parties.lifecycle.model import LifecycleEntry
from crmkit.core.parties.mechanisms.model import Mechanism
from crmkit.core.parties.model import Party
from crmkit.core.parties.quality.rules import section_of
from crmkit.core.parties.relationships.service import RelationshipCommands
from crmkit.core.parties.roles.model import PartyRole
from crmkit.core.parties.tables import PARTY
from crmkit.core.parties.view.hooks import PartyViewing, party_viewing
from crmkit.core.parties.view.model import PartyView, Section
from crmkit.values.criteria import f
from crmkit.values.ref import Ref

__all__ = ["ViewQueries"]

M = TypeVar("M", bound=Record)

MOST = 1000
"""How many parts of one kind are shown."""


class ViewQueries(RelationshipCommands):
    """All that is known of a party."""

    @query("party.view", permission="party.read")
    def view(self, party: Annotated[UUID, Target("party")]) -> PartyView:
        """The 360 view: a party with all its parts, and a section from every enabled plugin that has one.

        Raises:
            NotFoundError: if there is no such party, or the actor may not see it.
        """
        found = self.uow.get(Party, party)
        related = self._related(party)
        viewing = PartyViewing(party=found, related_ids=tuple(dict.fromkeys(r.party_id for r in related)))
        return PartyView(
            party=found,
            mechanisms=self._parts(Mechanism, party),
            identifiers=self._parts(Identifier, party),
            relationships=related,
            roles=self._parts(PartyRole, party),
            lifecycle=self._parts(LifecycleEntry, party),
            sections=self._sections(viewing),
        )

    @query("party.provenance", permission="party.read")
    def provenance(self, party: Annotated[UUID, Target("party")]) -> Mapping[str, Provenance]:
        """Where each value of a party's own fields comes from: who gave it, when, and from which source.

        For its parts, ask ``uow.history.provenance(part)``.

        Raises:
            NotFoundError: if there is no such party, or the actor may not see it.
        """
        return self.uow.history.provenance(self.uow.get(Party, party))

    def _parts(self, model: type[M], party: UUID) -> tuple[M, ...]:
        return self.uow.find(model, f.party_id == party, order="id", limit=MOST).items

    def _sections(self, viewing: PartyViewing) -> tuple[Section, ...]:
        said = [evolve(section, plugin=plugin) for plugin, section in self.collect(party_viewing, viewing)]
        quality = section_of(self.uow.quality.score(Ref(PARTY.name, viewing.party.id)))
        if quality is not None:
            said.append(quality)
        return tuple(sorted(said, key=lambda s: (s.order, s.plugin, s.key)))
