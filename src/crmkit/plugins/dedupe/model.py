"""What is kept: pairs that may be one party, runs over all parties, and the keys by which parties are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen
from attrs.validators import ge, in_, le, max_len, optional

from crmkit.plugins.dedupe.comparing.scoring import Reason, reasons_of
from crmkit.sdk import PartyKind, Record

__all__ = ["DECISIONS", "LONGEST_REMARK", "Decision", "Keys", "Linkage", "Pair", "PairStatus", "Source"]

Decision = Literal["approved", "rejected"]
DECISIONS: Final[tuple[Decision, ...]] = get_args(Decision)
PairStatus = Literal["proposed", "approved", "rejected"]
Source = Literal["write", "linkage"]

LONGEST_REMARK: Final = 1_000
"""Characters in why a pair was rejected."""


def _as_tuple(given: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(list(one) if isinstance(one, tuple) else one for one in given)


def _unchangeable(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(given))


@frozen(kw_only=True)
class Pair(Record):
    """Two parties that may be one. Who may not see both of them does not see the pair.

    Attributes:
        left_id: one party; of an approved pair the one that stayed.
        right_id: the other; None of an approved pair, since it is no party of its own any more.
        probability: that they are one, 0 to 1.
        found: what was compared and how it came out, in JSON form; see `reasons`.
        source: write (one of them was added or changed) or linkage (all parties were compared).
        decision: approved or rejected; None while it is proposed.
        decided_by: the actor who decided.
        decided_at: when, UTC.
        remark: why it was rejected.
        merged_id: of an approved pair, the party that became part of the other.
    """

    left_id: UUID
    right_id: UUID | None = None
    probability: Decimal = field(validator=[ge(Decimal(0)), le(Decimal(1))])
    found: tuple[Any, ...] = field(default=(), converter=_as_tuple)
    source: Source = field(default="write", validator=in_(get_args(Source)))
    decision: Decision | None = field(default=None, validator=optional(in_(DECISIONS)))
    decided_by: str | None = None
    decided_at: datetime | None = None
    remark: str | None = field(default=None, validator=optional(max_len(LONGEST_REMARK)))
    merged_id: UUID | None = None

    @property
    def status(self) -> PairStatus:
        """Proposed, approved or rejected."""
        return self.decision or "proposed"

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What each comparison found that could be made; it holds no values, only how they compare."""
        return reasons_of(self.found or ())


@frozen(kw_only=True)
class Linkage(Record):
    """One run in which all parties were compared with each other.

    Attributes:
        owner_id: the actor who ran it.
        parties: how many there were.
        pairs: how many pairs were found.
        proposed: how many of them are new in the queue.
        clusters: how many groups of parties they make, each of which may be one.
        weights: what was learned about how much each comparison says, by kind of party, in JSON form.
    """

    owner_id: str | None = None
    parties: int = field(validator=ge(0))
    pairs: int = field(validator=ge(0))
    proposed: int = field(validator=ge(0))
    clusters: int = field(validator=ge(0))
    weights: Mapping[str, Any] = field(factory=dict, converter=_unchangeable)


@frozen(kw_only=True)
class Keys(Record):
    """By what a party is found to be compared with; derived from it, and rewritten whenever it changes.

    Its version is that of the party.

    Attributes:
        entity: ``party``.
        record_id: whose keys they are.
        kind: person or organisation.
        name_key: see `crmkit.plugins.dedupe.comparing.traits.Traits`, as for the others.
        sound_key: see there.
        first_key: see there.
        birth_key: see there.
        place_key: see there.
        area_key: see there.
        street_key: see there.
        pending: whether the party has not been compared since it was added or changed.
    """

    entity: str = "party"
    record_id: UUID
    kind: PartyKind
    name_key: str | None = None
    sound_key: str | None = None
    first_key: str | None = None
    birth_key: str | None = None
    place_key: str | None = None
    area_key: str | None = None
    street_key: str | None = None
    pending: bool = True
