"""Reading what of parties is compared, and finding the ones that are worth comparing with; a few queries for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from attrs import frozen

from crmkit.plugins.dedupe.comparing.traits import KEYS, Traits, traits_of
from crmkit.plugins.dedupe.model import Keys
from crmkit.sdk import ALWAYS, Criteria, Identifier, Mechanism, Party, Record, Tally, f

__all__ = ["Gatherer", "Reads", "chunks"]

CHUNK: Final = 500
"""Values in a list of a criteria, well below what is allowed."""
_MECHANISMS: Final = {"emails": "email", "phones": "phone"}

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Reads(Protocol):
    """What reads records with the rights of an actor: a unit of work, or a hook's context."""

    def each(self, what: type[R], where: Criteria = ALWAYS, *, order: str | None = None) -> Iterator[R]:
        """See `UnitOfWork.each`."""
        ...

    def tally(self, what: type[Record], by: Sequence[str] = (), *, where: Criteria = ALWAYS) -> Sequence[Tally]:
        """See `UnitOfWork.tally`."""
        ...


@frozen(kw_only=True)
class Gatherer:
    """Reads what the actor may see, and so compares with nothing else.

    Attributes:
        reads: a unit of work.
        schemes: of which identifiers are compared.
        most_alike: how many parties may have a key in common for it to say anything.
    """

    reads: Reads
    schemes: tuple[str, ...] = ()
    most_alike: int = 100

    def traits(self, ids: Iterable[UUID]) -> dict[UUID, Traits]:
        """What is compared of parties; those that are merged, gone or hidden are left out."""
        found: dict[UUID, Traits] = {}
        for chunk in chunks(ids, CHUNK):
            parties = list(self.reads.each(Party, f.id.in_(chunk) & f.merged_into.is_empty()))
            found.update(self.traits_of(parties))
        return found

    def traits_of(self, parties: Collection[Party]) -> dict[UUID, Traits]:
        """What is compared of these parties."""
        ids = [party.id for party in parties]
        mechanisms = self._by_party(Mechanism, ids, f.kind.in_(["email", "phone", "postal"]))
        identifiers = self._by_party(Identifier, ids, f.scheme.in_(self.schemes)) if self.schemes else {}
        return {
            party.id: traits_of(
                party, mechanisms.get(party.id, ()), identifiers.get(party.id, ()), schemes=self.schemes
            )
            for party in parties
        }

    def candidates(self, wanted: Collection[Traits]) -> dict[UUID, set[UUID]]:
        """By party, the ids of those that it is worth comparing with: they have a key, or a mechanism, in common."""
        found: dict[UUID, set[UUID]] = defaultdict(set)
        for key in KEYS:
            self._alike(key, wanted, found)
        for trait, kind in _MECHANISMS.items():
            self._reached_alike(trait, f.kind == kind, wanted, found)
        if self.schemes:
            self._called_alike(wanted, found)
        for one, others in found.items():
            others.discard(one)
        return found

    # -- inside -------------------------------------------------------------------------------------------------------

    def _by_party(self, model: type[R], ids: Iterable[UUID], where: Criteria) -> dict[UUID, list[R]]:
        found: dict[UUID, list[R]] = defaultdict(list)
        for chunk in chunks(ids, CHUNK):
            for one in self.reads.each(model, f.party_id.in_(chunk) & where):
                found[_party_of(one)].append(one)
        return found

    def _alike(self, key: str, wanted: Iterable[Traits], found: dict[UUID, set[UUID]]) -> None:
        askers = _askers((getattr(one, key), one.party_id) for one in wanted)
        for chunk in chunks(self._telling(Keys, key, askers, ALWAYS), CHUNK):
            for keys in self.reads.each(Keys, f[key].in_(chunk)):
                for asker in askers[getattr(keys, key)]:
                    found[asker].add(keys.record_id)

    def _reached_alike(
        self, trait: str, kind: Criteria, wanted: Iterable[Traits], found: dict[UUID, set[UUID]]
    ) -> None:
        askers = _askers((value, one.party_id) for one in wanted for value in getattr(one, trait))
        for chunk in chunks(self._telling(Mechanism, "search_key", askers, kind), CHUNK):
            for mechanism in self.reads.each(Mechanism, f.search_key.in_(chunk) & kind):
                for asker in askers[mechanism.search_key]:
                    found[asker].add(mechanism.party_id)

    def _called_alike(self, wanted: Iterable[Traits], found: dict[UUID, set[UUID]]) -> None:
        askers = _askers((value, one.party_id) for one in wanted for value in one.identifiers)
        scheme = f.scheme.in_(self.schemes)
        for chunk in chunks({value.split(" ", 1)[1] for value in askers}, CHUNK):
            for identifier in self.reads.each(Identifier, f.value.in_(chunk) & scheme):
                for asker in askers.get(f"{identifier.scheme} {identifier.value}", ()):
                    found[asker].add(identifier.party_id)

    def _telling(self, model: type[Record], field: str, values: Iterable[str], where: Criteria) -> list[str]:
        """The values that so many records have that they say nothing are left out."""
        telling: list[str] = []
        for chunk in chunks(values, CHUNK):
            counted = self.reads.tally(model, [field], where=f[field].in_(chunk) & where)
            telling += [str(one.key[0]) for one in counted if one.count <= self.most_alike]
        return telling


def _askers(said: Iterable[tuple[str | None, UUID]]) -> dict[str, list[UUID]]:
    """By value, the parties that have it."""
    found: dict[str, list[UUID]] = defaultdict(list)
    for value, party in said:
        if value:
            found[value].append(party)
    return found


def _party_of(part: Any) -> UUID:
    party: UUID = part.party_id
    return party


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """``values``, at most ``size`` at a time."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk
