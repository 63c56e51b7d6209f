"""Commands about identifiers; a chapter of `crmkit.core.parties.service.Parties`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from crmkit.core.kernel.units.gate import Target, command
from crmkit.core.kernel.units.service import Service
from crmkit.core.parties.hooks import PartiesStoring, parties_storing
from crmkit.core.parties.identifiers.events import IdentifierAdded, IdentifierRemoved
from crmkit.core.parties.identifiers.model import Identifier

__all__ = ["IdentifierCommands"]


class IdentifierCommands(Service):
    """What parties are called elsewhere."""

    @command("identifier.add", permission="party.update")
    def add_identifier(
        self,
        party: Annotated[UUID, Target("party")],
        scheme: str,
        value: str,
        *,
        exclusive: bool = False,
        custom: Mapping[str, Any] | None = None,
    ) -> Identifier:
        """Add an identifier.

        Args:
            party: whose it is.
            scheme: key of the numbering that it comes from, such as ``customer_number``.
            value: the number or name in it.
            exclusive: whether no other party may have it.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            AlreadyExistsError: if another party has it and it is exclusive, or this party has it already. Tells nothing
                about the other party, which may be hidden.
            InvalidKeyError: if the scheme is no key.
            InvalidValueError: if a custom value does not fit its field.
        """
        made = Identifier(party_id=party, scheme=scheme, value=value, exclusive=exclusive, custom=custom)
        self.guard(parties_storing, PartiesStoring(identifiers=(made,)))
        stored = self.records.add(made)
        self.emit(IdentifierAdded(party=party, identifier=stored.id, scheme=stored.scheme))
        return stored

    @command("identifier.remove", permission="party.update")
    def remove_identifier(self, identifier: Annotated[UUID, Target("identifier")]) -> None:
        """Delete an identifier; another party may then have it."""
        found = self.uow.get(Identifier, identifier)
        self.records.remove(found)
        self.emit(IdentifierRemoved(party=found.party_id, identifier=found.id, scheme=found.scheme))
