"""Queries that find parties; a chapter of `crmkit.core.parties.service.Parties`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from crmkit.core.kernel.units.gate import query
from crmkit.core.kernel.units.service import Service
from crmkit.core.parties.config import PartySettings
from crmkit.core.parties.finding.rules import matches, search_keys
from crmkit.core.parties.identifiers.model import Identifier
from crmkit.core.parties.mechanisms.model import Mechanism, MechanismKind
from crmkit.core.parties.mechanisms.rules import raw_key
from crmkit.core.parties.model import Party
from crmkit.core.parties.text import cleaned
from crmkit.values.criteria import f

__all__ = ["FindingQueries"]

MOST = 1000
"""How many mechanisms or identifiers with one spelling are looked at."""


class FindingQueries(Service):
    """Which parties are reached by something, or called something elsewhere."""

    @query("party.find_by", permission="party.read")
    def find_by(
        self, text: str, *, kind: MechanismKind | None = None, region: str | None = None, limit: int = 50
    ) -> tuple[Party, ...]:
        """The parties that can be, or could once be, reached by ``text``, in any spelling; archived ones too.

        Args:
            text: an e-mail address, phone number, postal address, handle or URL.
            kind: which of them it is; guessed by default.
            region: where a phone number in national form is dialled; the configured one by default.
            limit: how many parties at most.

        Raises:
            InvalidValueError: if there is no such kind or region.
        """
        keys = search_keys(text, kind=kind, region=self._region(region))
        # A malformed mechanism that was kept is found as it was written, whatever kind it was given as.
        wanted = dict.fromkeys((*keys.values(), raw_key(text)))
        found = [m for key in wanted for m in self.uow.find(Mechanism, f.search_key == key, order="id", limit=MOST)]
        ids = list(dict.fromkeys(m.party_id for m in found if matches(m, text, keys, kind)))
        return self._parties(ids, limit)

    @query("party.by_identifier", permission="party.read")
    def by_identifier(self, scheme: str, value: str) -> tuple[Party, ...]:
        """The parties with this identifier; of an exclusive one there is at most one.

        Args:
            scheme: key of the numbering, such as ``customer_number``.
            value: the number or name in it, exactly.
        """
        where = (f.scheme == scheme) & (f.value == cleaned(value))
        ids = list(dict.fromkeys(i.party_id for i in self.uow.find(Identifier, where, order="id", limit=MOST)))
        return self._parties(ids, MOST)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _parties(self, ids: Sequence[UUID], limit: int) -> tuple[Party, ...]:
        """The parties of these ids, which the actor may see since it has seen parts of them."""
        if len(ids) == 1:
            return (self.uow.get(Party, ids[0]),)
        return self.uow.find(Party, f.id.in_(ids), order="id", limit=limit).items if ids else ()

    def _region(self, region: str | None) -> str | None:
        """The region that phone numbers in national form belong to: the given one, or else the configured one."""
        return region if region is not None else self.settings(PartySettings).default_region
