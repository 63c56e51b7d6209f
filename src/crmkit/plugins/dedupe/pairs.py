"""The queue of pairs: what is proposed, what is known already, and what is settled since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from attrs import evolve, field, frozen
from attrs.validators import and_, ge, instance_of, le

from crmkit.plugins.dedupe.comparing.gathering import CHUNK, chunks
from crmkit.plugins.dedupe.comparing.scoring import Reason, Score, new_evidence
from crmkit.plugins.dedupe.model import Pair, Source
from crmkit.sdk import Criteria, InvalidValueError, Party, UnitOfWork, f

__all__ = ["Found", "Known", "again", "ends_of", "evolved", "fresh", "known_pairs", "live"]

_PLACES: Final = Decimal("0.000001")


@frozen(kw_only=True)
class Found:
    """Two parties that may be one, as a comparison found.

    Attributes:
        left: id of one of them.
        right: id of the other.
        probability: that they are one, 0 to 1.
        reasons: what each comparison found that could be made.
    """

    left: UUID = field(validator=instance_of(UUID))
    right: UUID = field(validator=instance_of(UUID))
    probability: float = field(validator=and_(ge(0), le(1)))
    reasons: tuple[Reason, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.left == self.right:
            raise InvalidValueError("right", self.right, "is the same party")

    @classmethod
    def of(cls, left: UUID, right: UUID, score: Score) -> Found:
        """What comparing two parties came to."""
        return cls(left=left, right=right, probability=score.probability, reasons=score.reasons)

    @property
    def ends(self) -> frozenset[UUID]:
        """Both parties."""
        return frozenset((self.left, self.right))


Known = Mapping[frozenset[UUID], Sequence[Pair]]
"""Pairs by the parties that they are of. After merges there may be two of the same: one each way round."""


def ends_of(pair: Pair) -> frozenset[UUID]:
    """The parties of a pair; one of an approved pair."""
    return frozenset(one for one in (pair.left_id, pair.right_id) if one is not None)


def known_pairs(uow: UnitOfWork, ids: Iterable[UUID]) -> Known:
    """The undecided and rejected pairs of these parties, with each other and with any."""
    found: dict[UUID, Pair] = {}
    for chunk in chunks(dict.fromkeys(ids), CHUNK):
        for where in (f.left_id.in_(chunk), f.right_id.in_(chunk)):
            found.update((pair.id, pair) for pair in uow.each(Pair, where & _OPEN))
    known: dict[frozenset[UUID], list[Pair]] = {}
    for pair in found.values():
        known.setdefault(ends_of(pair), []).append(pair)
    return known


def live(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Party]:
    """Those parties that are there, seen by the actor, and not part of another."""
    return {
        party.id: party
        for chunk in chunks(ids, CHUNK)
        for party in uow.each(Party, f.id.in_(chunk) & f.merged_into.is_empty())
    }


def fresh(found: Found, source: Source) -> Pair:
    """A new pair; the party that was added first is its left one."""
    left, right = sorted(found.ends)
    return evolved(Pair(left_id=left, right_id=right, probability=Decimal(0)), found, source)


def evolved(pair: Pair, found: Found, source: Source) -> Pair:
    """A pair with what a comparison found now, proposed."""
    return evolve(
        pair,
        probability=Decimal(found.probability).quantize(_PLACES),
        found=[reason.to_json() for reason in found.reasons],
        source=source,
        decision=None,
        decided_by=None,
        decided_at=None,
        remark=None,
    )


def again(pair: Pair, found: Found) -> bool:
    """Whether a pair is to be proposed as it was found now: a rejected one only on new evidence."""
    return pair.decision is None or new_evidence(pair.reasons, found.reasons)


_OPEN: Final[Criteria] = ~f.right_id.is_empty()
