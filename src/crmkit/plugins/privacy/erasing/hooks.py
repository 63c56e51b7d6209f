"""What this plugin refuses: to erase who is held, and to let who was erased come back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar
from uuid import UUID

from crmkit.plugins.privacy.erasing.model import Erasure, Hold
from crmkit.plugins.privacy.erasing.rules import traces_of
from crmkit.plugins.privacy.suppressions.model import Suppression
from crmkit.plugins.privacy.suppressions.rules import DIGEST, reasons_holding
from crmkit.sdk import (
    Context,
    Identifier,
    Mechanism,
    PartiesMerging,
    PartiesStoring,
    Party,
    RecordsChange,
    RecordsErasing,
    Refusal,
    f,
)

__all__ = ["keep_held", "keep_out", "keep_out_changed", "keep_out_merged"]

T = TypeVar("T")

CHUNK = 200
_AGAIN = "if they have given it to you anew, say so with a reason: crmkit privacy readmit"


def keep_held(context: Context, payload: RecordsErasing) -> Refusal | None:
    """Refuse to erase a party that is under legal hold."""
    ids = [ref.id for ref in (payload.ref, *payload.also) if ref.entity == "party"]
    holding = [one for one in context.own_records(Hold, f.party_id.in_(ids)) if one.holds(context.now)]
    if not holding:
        return None
    listed = ", ".join(str(one.id) for one in holding)
    return Refusal("held", f"the party is under legal hold ({listed}); release that first")


def keep_out(context: Context, payload: PartiesStoring) -> Refusal | None:
    """Refuse to add, or to fill again, a person who was erased."""
    ids = {party.id for party in payload.parties}
    ids |= {one.party_id for one in payload.mechanisms} | {one.party_id for one in payload.identifiers}
    return _emptied(context, ids) or _recognised(context, payload.mechanisms, payload.identifiers)


def keep_out_merged(context: Context, payload: PartiesMerging) -> Refusal | None:
    """Refuse to merge what is left of a person into somebody, or somebody into that."""
    return _emptied(context, {payload.loser.id, payload.winner.id})


def keep_out_changed(context: Context, payload: RecordsChange) -> Refusal | None:
    """Refuse to let undo, restore or a merge bring back a person who was erased."""
    if payload.why == "merge":
        return None  # what a merge moves is there already
    after = [change.after for change in payload.changes]
    parties = {one.id for one in after if isinstance(one, Party)}
    parties |= {into for c in payload.changes if isinstance(c.before, Party) and (into := c.before.merged_into)}
    mechanisms = [one for one in after if isinstance(one, Mechanism)]
    identifiers = [one for one in after if isinstance(one, Identifier)]
    parties |= {one.party_id for one in mechanisms} | {one.party_id for one in identifiers}
    return _emptied(context, parties) or _recognised(context, mechanisms, identifiers)


def _emptied(context: Context, parties: Collection[UUID]) -> Refusal | None:
    """A refusal, if one of the parties is what is left of an erased person."""
    for some in _chunks(sorted(parties)):
        if context.own_records(Erasure, f.party_id.in_(some)):
            return Refusal("erased", "the party was erased, and stays empty; add a new one")
    return None


def _recognised(context: Context, mechanisms: Iterable[Mechanism], identifiers: Iterable[Identifier]) -> Refusal | None:
    """A refusal, if one of these belonged to a person who was erased. It does not say which, nor whose."""
    found: dict[str, list[Suppression]] = {}
    channel_of = {
        digest.hex(): channel
        for channel, text in traces_of(mechanisms, identifiers)
        for digest in context.keys.digests(DIGEST, text)
    }
    for some in _chunks(sorted(channel_of)):
        for one in context.own_records(Suppression, f.digest.in_(some) & (f.reason == "erased")):
            found.setdefault(one.digest, []).append(one)
    for digest, said in found.items():
        if reasons_holding(said):
            said_of = f"the {channel_of[digest]} is that of a person who was erased"
            return Refusal("erased", f"{said_of}; {_AGAIN}")
    return None


def _chunks(values: list[T]) -> Iterable[list[T]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
