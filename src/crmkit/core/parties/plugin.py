"""The parties area: what it registers, and what a new tenant finds. Read this first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from crmkit.core.kernel.history.hooks import records_changing
from crmkit.core.kernel.plugins.plugin import Area
from crmkit.core.kernel.units.unit import UnitOfWork
from crmkit.core.parties import events
from crmkit.core.parties.config import PartySettings
from crmkit.core.parties.hooks import check_terms, parties_storing
from crmkit.core.parties.identifiers import events as identifier_events
from crmkit.core.parties.identifiers.tables import IDENTIFIER
from crmkit.core.parties.lifecycle import events as lifecycle_events
from crmkit.core.parties.lifecycle.model import LifecycleStage
from crmkit.core.parties.lifecycle.rules import default_stages
from crmkit.core.parties.lifecycle.tables import LIFECYCLE_ENTRY, LIFECYCLE_STAGE
from crmkit.core.parties.mechanisms import events as mechanism_events
from crmkit.core.parties.mechanisms.tables import MECHANISM
from crmkit.core.parties.merging.events import PartiesMerged
from crmkit.core.parties.merging.hooks import parties_merging
from crmkit.core.parties.quality.rules import default_rules
from crmkit.core.parties.relationships import events as relationship_events
from crmkit.core.parties.relationships.model import RelationshipType
from crmkit.core.parties.relationships.rules import default_types
from crmkit.core.parties.relationships.tables import RELATIONSHIP, RELATIONSHIP_TYPE
from crmkit.core.parties.roles import events as role_events
from crmkit.core.parties.roles.model import PartyRoleType
from crmkit.core.parties.roles.rules import default_roles
from crmkit.core.parties.roles.tables import PARTY_ROLE, PARTY_ROLE_TYPE
from crmkit.core.parties.service import Parties
from crmkit.core.parties.tables import PARTY
from crmkit.core.parties.view.hooks import party_viewing
from crmkit.core.parties.vocabulary import Term

__all__ = ["AREA", "PartiesArea"]

T = TypeVar("T", bound=Term)


class PartiesArea(Area):
    """People and organisations, how to reach them, and what they are to each other and to us."""

    id = "parties"
    entities = (
        PARTY,
        MECHANISM,
        IDENTIFIER,
        RELATIONSHIP_TYPE,
        RELATIONSHIP,
        PARTY_ROLE_TYPE,
        PARTY_ROLE,
        LIFECYCLE_STAGE,
        LIFECYCLE_ENTRY,
    )
    services = (Parties,)
    settings = PartySettings
    events = (
        events.PartyAdded,
        events.PartyUpdated,
        events.PartyAssigned,
        events.PartyArchived,
        events.PartyUnarchived,
        events.PartyRemoved,
        mechanism_events.MechanismAdded,
        mechanism_events.MechanismChanged,
        mechanism_events.MechanismVerified,
        mechanism_events.MechanismEnded,
        mechanism_events.MechanismRemoved,
        identifier_events.IdentifierAdded,
        identifier_events.IdentifierRemoved,
        relationship_events.PartiesRelated,
        relationship_events.RelationshipEnded,
        relationship_events.RelationshipRemoved,
        role_events.PartyRoleAdded,
        role_events.PartyRoleEnded,
        lifecycle_events.LifecycleMoved,
        PartiesMerged,
    )
    declares = (party_viewing, parties_merging, parties_storing)
    hooks = (records_changing.by(check_terms),)

    def seed(self, uow: UnitOfWork) -> None:
        """Define types of relationship, party roles, lifecycle stages and rules of quality that are not there yet."""
        parties = uow.use(Parties)
        parties.define_relationship_types(_missing(default_types(), uow.each(RelationshipType)))
        parties.define_party_roles(_missing(default_roles(), uow.each(PartyRoleType)))
        parties.define_lifecycle_stages(_missing(default_stages(), uow.each(LifecycleStage)))
        known = {rule.key for rule in uow.quality.rules(PARTY.name)}
        uow.quality.add_rules([rule for rule in default_rules() if rule.key not in known])


def _missing(wanted: Iterable[T], present: Iterable[T]) -> list[T]:
    known = {term.key for term in present}
    return [term for term in wanted if term.key not in known]


AREA: Final = PartiesArea()
