"""Deciding on a pair: which party would stay, and whose values would be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from attrs import evolve, frozen

from crmkit.plugins.dedupe.config import Settings
from crmkit.plugins.dedupe.model import Decision, Pair
from crmkit.plugins.dedupe.survivorship import Side, choices, winner_of
from crmkit.sdk import ConflictError, Identifier, InvalidValueError, Mechanism, Party, Record, UnitOfWork, f

__all__ = ["Merging", "decided", "planned"]

_PARTS: tuple[type[Record], ...] = (Mechanism, Identifier)


@frozen(kw_only=True)
class Merging:
    """What approving a pair would do.

    Attributes:
        winner: the party that stays.
        loser: the one that becomes part of it.
        choose: the fields in which the loser's value is chosen, by the rules of survivorship.
    """

    winner: Party
    loser: Party
    choose: Mapping[str, Side]


def planned(uow: UnitOfWork, pair: Pair, settings: Settings, *, winner: UUID | None) -> Merging:
    """What approving a pair would do.

    Args:
        uow: reads, with the rights of its actor.
        pair: a proposed one.
        settings: of the plugin.
        winner: the party that is to stay; by the configured rule if None.

    Raises:
        ConflictError: if it was decided already.
        InvalidValueError: if the winner is none of the two.
    """
    if pair.decision is not None or pair.right_id is None:
        raise ConflictError(f"pair {pair.id} was {pair.status} already; undo that unit of work to decide anew")
    left, right = uow.get(Party, pair.left_id), uow.get(Party, pair.right_id)
    if winner is None:
        stays = winner_of((left, _parts(uow, left)), (right, _parts(uow, right)), settings.winner)
    elif winner in {left.id, right.id}:
        stays = left if winner == left.id else right
    else:
        raise InvalidValueError("winner", winner, f"is none of the two parties of pair {pair.id}")
    goes = right if stays is left else left
    told = uow.history.provenance(stays), uow.history.provenance(goes)
    chosen = choices(stays, goes, rules=settings.survivorship, told=told, trusted=settings.trusted_sources)
    return Merging(winner=stays, loser=goes, choose=chosen)


def decided(pair: Pair, decision: Decision, *, by: str, at: datetime) -> Pair:
    """A pair with a decision."""
    return evolve(pair, decision=decision, decided_by=by, decided_at=at)


def _parts(uow: UnitOfWork, party: Party) -> int:
    return sum(uow.count(part, f.party_id == party.id) for part in _PARTS)
