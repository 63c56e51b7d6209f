"""Keeping the table of states in step with the ledger, in the unit that adds to it, merges parties or undoes that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from crmkit.plugins.privacy.consents.rules import effective, folded
from crmkit.plugins.privacy.consents.tables import CONSENT, state_table
from crmkit.sdk import PARTY, Party, Projecting

__all__ = ["StateProjection", "write_states"]


class StateProjection:
    """Writes the states of whatever party has spoken, or has what others said, or is gone."""

    def project(self, changes: Projecting, /) -> None:
        """Rewrite them."""
        if any(one.entity.name == CONSENT.name for one in changes.changed):
            write_states(changes.referred(CONSENT, "party_id"))


def write_states(parties: Projecting) -> None:
    """Rewrite the states of parties; those that are gone, or have become part of another, have none."""
    parties.rewrite(state_table, _rows(parties))


def _rows(parties: Projecting) -> Iterator[Mapping[str, Any]]:
    ledgers = parties.referring(CONSENT, "party_id")
    for one in parties.changed:
        party = one.record
        if not isinstance(party, Party) or party.merged_into is not None:
            continue
        ledger = ledgers.get(party.id, ())
        for state in effective(folded(ledger)):
            yield {
                # An id and times that follow from what it says, so that writing it again gives the same row.
                "id": _id_of(party.id, state.purpose, state.channel),
                "entity": PARTY.name,
                "record_id": party.id,
                "purpose": state.purpose,
                "channel": state.channel,
                "given": state.given,
                "since": state.since,
                "version": 1,
                "created_at": state.since,
                "updated_at": state.since,
                "custom": {},
            }


def _id_of(party: UUID, purpose: str, channel: str) -> UUID:
    return uuid5(NAMESPACE_OID, f"{party}/{purpose}/{channel}")
