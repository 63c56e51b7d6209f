"""Commands and queries about relationships; a chapter of `crmkit.core.parties.service.Parties`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from crmkit.core.kernel.units.gate import Target, command, query
from crmkit.core.parties.model import Party
from crmkit.core.parties.relationships.events import PartiesRelated, RelationshipEnded, RelationshipRemoved
from crmkit.core.parties.relationships.model import RelatedParty, Relationship, RelationshipType
from crmkit.core.parties.relationships.rules import check_ends, check_same, seen_from, type_called
from crmkit.core.parties.rules import altered, check_period
from crmkit.core.parties.vocabulary import VocabularyCommands
from crmkit.errors import AlreadyExistsError, InvalidValueError, NotFoundError
from crmkit.values.criteria import f

__all__ = ["RelationshipCommands"]

MOST = 1000
"""How many relationships of one party are shown."""


class RelationshipCommands(VocabularyCommands):
    """Which parties stand to each other how."""

    @command("party.relate", permission="party.update")
    def relate(
        self,
        party: Annotated[UUID, Target("party")],
        type: str,  # noqa: A002  # the field's own word
        other: Annotated[UUID, Target("party")],
        *,
        position: str | None = None,
        valid_from: date | None = None,
        valid_until: date | None = None,
        custom: Mapping[str, Any] | None = None,
    ) -> Relationship:
        """Put two parties into a relationship: ``relate(ida, "works_for", firm)`` or ``relate(firm, "employs", ida)``.

        Needs the right to change the party that the type speaks of first (of ``works_for`` the person), and to see the
        other one.

        Args:
            party: one of the two.
            type: key of the type, as ``party`` stands to ``other``.
            other: the other one.
            position: what the first party is or does there, such as ``head of purchasing``.
            valid_from: its first day.
            valid_until: its last day.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            UnknownRelationshipTypeError: if there is no such type; lists those there are.
            InvalidValueError: if both are the same party, the type does not fit them, the dates are the wrong way
                round, or a custom value does not fit its field.
            AlreadyExistsError: if they stand in this relationship already, and it has not ended.
        """
        found, turned = type_called(type, self.uow.each(RelationshipType, order="key"))
        first, second = (other, party) if turned else (party, other)
        check_ends(found, self.uow.get(Party, first), self.uow.get(Party, second))
        link = Relationship(
            party_id=first,
            other_id=second,
            type=found.key,
            position=position,
            valid_from=valid_from,
            valid_until=valid_until,
            custom=custom,
        )
        if valid_until is None and self._is_open(link, both_ways=found.key == found.inverse):
            raise AlreadyExistsError("relationship", ("party", "other", "type"))
        stored = self.records.add(link)
        self.emit(PartiesRelated(party=first, other=second, relationship=stored.id, type=stored.type))
        return stored

    @command("relationship.change", permission="party.update")
    def change_relationship(self, relationship: Relationship) -> Relationship:
        """Store a relationship with another position or other dates.

        Args:
            relationship: as it is to be, made by `attrs.evolve` from the one that was read.

        Raises:
            StaleVersionError: if it has changed since it was read.
            InvalidValueError: if its parties or type differ; end it and relate them anew.
        """
        before = self.uow.get(Relationship, relationship.id)
        check_same(before, relationship)
        return self.records.update(before, relationship)

    @command("relationship.end", permission="party.update")
    def end_relationship(
        self, relationship: Annotated[UUID, Target("relationship")], *, on: date | None = None
    ) -> Relationship:
        """Note the last day of a relationship.

        Args:
            relationship: its id.
            on: the last day; today (UTC) by default.

        Raises:
            InvalidValueError: if that day lies before its first one.
        """
        found = self.uow.get(Relationship, relationship)
        after = altered(found, valid_until=self.uow.now.date() if on is None else on)
        check_period(after.valid_from, after.valid_until)
        stored = self.records.update(found, after)
        self.emit(RelationshipEnded(party=stored.party_id, other=stored.other_id, relationship=stored.id))
        return stored

    @command("relationship.remove", permission="party.update")
    def remove_relationship(self, relationship: Annotated[UUID, Target("relationship")]) -> None:
        """Delete a relationship that should never have been there; `end_relationship` is for one that was true once."""
        found = self.uow.get(Relationship, relationship)
        self.records.remove(found)
        self.emit(RelationshipRemoved(party=found.party_id, other=found.other_id, relationship=found.id))

    @query("party.relationships", permission="party.read")
    def relationships(self, party: Annotated[UUID, Target("party")]) -> tuple[RelatedParty, ...]:
        """The relationships of a party, from either end, as it sees them: open ones first, at most 1,000 of each end.

        Those to parties that the actor may not see are left out.
        """
        return self._related(party)

    @command("relationship_type.define", permission="relationship_type.update")
    def define_relationship_types(self, types: Sequence[RelationshipType]) -> tuple[RelationshipType, ...]:
        """Add types of relationship; a type whose key is there already is changed.

        Raises:
            AlreadyExistsError: if another type has the same inverse key.
        """
        return self._defined(self.uow.each(RelationshipType, order="key"), types)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _check_links(self, links: Sequence[Relationship], fresh: Mapping[UUID, Party]) -> None:
        """Refuse relationships of parties that are being added which their types do not allow.

        Raises:
            InvalidValueError: if a type names it from the other end, or does not fit the two parties.
            NotFoundError: if the other party is gone or hidden.
        """
        types = list(self.uow.each(RelationshipType, order="key"))
        others = self._visible(link.other_id for link in links if link.other_id not in fresh)
        for link in links:
            found, turned = type_called(link.type, types)
            other = fresh.get(link.other_id) or others.get(link.other_id)
            if turned:
                raise InvalidValueError("type", link.type, f"is {found.key!r} seen from the other party; use that")
            if other is None:
                raise NotFoundError("party", link.other_id)
            check_ends(found, fresh[link.party_id], other)

    def _related(self, party: UUID) -> tuple[RelatedParty, ...]:
        """The relationships of a party that the actor may see, as it sees them."""
        links = [
            *self.uow.find(Relationship, f.party_id == party, order="id", limit=MOST),
            *self.uow.find(Relationship, f.other_id == party, order="id", limit=MOST),
        ]
        if not links:
            return ()
        types = {type_.key: type_ for type_ in self.uow.each(RelationshipType, order="key")}
        others = self._visible(one.other_id if one.party_id == party else one.party_id for one in links)
        return seen_from(party, links, types=types, others=others)

    def _visible(self, ids: Iterable[UUID]) -> dict[UUID, Party]:
        wanted = sorted(set(ids))
        chunks = (wanted[i : i + MOST] for i in range(0, len(wanted), MOST))
        return {p.id: p for chunk in chunks for p in self.uow.find(Party, f.id.in_(chunk), order="id", limit=MOST)}

    def _is_open(self, link: Relationship, *, both_ways: bool) -> bool:
        same = (f.party_id == link.party_id) & (f.other_id == link.other_id)
        if both_ways:
            same |= (f.party_id == link.other_id) & (f.other_id == link.party_id)
        return bool(self.uow.count(Relationship, same & (f.type == link.type) & f.valid_until.is_empty()))
