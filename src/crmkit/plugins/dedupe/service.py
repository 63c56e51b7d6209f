"""The commands and queries of possible duplicates: ``uow.use(Dedupe)``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from attrs import evolve, frozen

from crmkit.plugins.dedupe.comparing.gathering import Gatherer
from crmkit.plugins.dedupe.comparing.scoring import Reason, score
from crmkit.plugins.dedupe.comparing.traits import Traits, traits_of
from crmkit.plugins.dedupe.comparing.weights import Weights
from crmkit.plugins.dedupe.config import Settings
from crmkit.plugins.dedupe.deciding import Merging, decided, planned
from crmkit.plugins.dedupe.events import DuplicateApproved, DuplicateRejected, DuplicatesProposed
from crmkit.plugins.dedupe.model import LONGEST_REMARK, Keys, Linkage, Pair, PairStatus, Source
from crmkit.plugins.dedupe.pairs import Found, again, ends_of, evolved, fresh, known_pairs, live
from crmkit.plugins.dedupe.projection import write_keys
from crmkit.plugins.dedupe.requiring import similarities
from crmkit.plugins.dedupe.survivorship import Side, check_choice
from crmkit.sdk import (
    PARTY,
    ConflictError,
    Cursor,
    InvalidValueError,
    Mechanism,
    Page,
    Parties,
    Party,
    PartyKind,
    Service,
    Target,
    command,
    f,
    query,
)

__all__ = ["Compared", "Dedupe", "Stats", "Suggestion"]

PairId = Annotated[UUID, Target("dedupe.pair")]
PartyId = Annotated[UUID, Target("party")]


@frozen(kw_only=True)
class Suggestion:
    """A party that may be the one that somebody is about to add.

    Attributes:
        party: as the actor may see it.
        probability: that it is the same, 0 to 1.
        reasons: what each comparison found that could be made.
    """

    party: Party
    probability: float
    reasons: tuple[Reason, ...]


@frozen(kw_only=True)
class Compared:
    """What comparing some parties came to.

    Attributes:
        parties: how many were compared.
        proposed: how many pairs are new in the queue.
        withdrawn: how many pairs are no longer probable and left it.
        more: whether there are more parties to compare.
    """

    parties: int = 0
    proposed: int = 0
    withdrawn: int = 0
    more: bool = False


@frozen(kw_only=True)
class Stats:
    """How the queue stands, of the pairs that the actor may see.

    Attributes:
        proposed: pairs that wait for a decision.
        approved: pairs that were merged.
        rejected: pairs that are not one.
        linkages: how often all parties were compared.
        pending: parties that have changed and were not compared since.
    """

    proposed: int
    approved: int
    rejected: int
    linkages: int
    pending: int


class Dedupe(Service):
    """Possible duplicates: ``uow.use(Dedupe)``."""

    # -- before a party is added --------------------------------------------------------------------------------------

    @query("dedupe.suggest", permission="party.read")
    def suggest(self, party: Party, *, mechanisms: Sequence[Mechanism] = (), limit: int = 10) -> tuple[Suggestion, ...]:
        """The parties that may be this one, the most probable first; of those that the actor may see.

        Who shares an e-mail address or a phone number is found by everybody; who has a similar name or address, by
        those who may look for duplicates by them (``dedupe.key.read``).

        Args:
            party: a stored one, or a draft of one that is to be added.
            mechanisms: of a draft, made for ``party.id``; of a stored one, further ones.
            limit: how many at most.

        Raises:
            InvalidValueError: if the limit is not positive.
            ConfigError: if the extra is not installed.
        """  # the latter by required
        if limit < 1:
            raise InvalidValueError("limit", limit, "is not positive")
        settings, gatherer = self.settings(Settings), self._gatherer()
        stored = gatherer.traits([party.id]) if party.version else {}
        mine = stored.get(party.id) or traits_of(party)
        mine = _with(mine, traits_of(party, mechanisms))
        others = gatherer.traits(gatherer.candidates([mine])[party.id])
        weights = self._weights()[party.kind]
        scored = [(score(mine, one, weights), one) for one in others.values() if one.kind == party.kind]
        likely = sorted(
            ((s, one) for s, one in scored if s.probability >= settings.threshold),
            key=lambda found: (-found[0].probability, found[1].party_id),
        )[:limit]
        parties = live(self.uow, [one.party_id for _, one in likely])
        return tuple(
            Suggestion(party=parties[one.party_id], probability=s.probability, reasons=s.reasons)
            for s, one in likely
            if one.party_id in parties
        )

    # -- the queue ----------------------------------------------------------------------------------------------------

    @query("dedupe.pair.find", permission="dedupe.pair.read")
    def pairs(
        self,
        *,
        status: PairStatus = "proposed",
        party: UUID | None = None,
        limit: int = 50,
        after: Cursor | None = None,
    ) -> Page[Pair]:
        """Pairs of which the actor may see both parties, the most probable first.

        Args:
            status: proposed, approved or rejected.
            party: only those of this party.
            limit: how many at most, 1 to 1000.
            after: the ``next`` of the page before.

        Raises:
            InvalidValueError: if there is no such status.
        """
        if status not in {"proposed", "approved", "rejected"}:
            raise InvalidValueError("status", status, "is none of proposed, approved, rejected")
        where = f.decision.is_empty() if status == "proposed" else f.decision == status
        if party is not None:
            where &= (f.left_id == party) | (f.right_id == party)
        return self.uow.find(Pair, where, order="-probability", limit=limit, after=after)

    @query("dedupe.pair.plan", permission="dedupe.pair.read")
    def plan(self, pair: PairId, *, winner: UUID | None = None) -> Merging:
        """What approving a pair would do: who stays, and whose values are chosen.

        Args:
            pair: a proposed pair.
            winner: the party that is to stay; by the configured rule by default.

        Raises:
            ConflictError: if it was decided already.
            InvalidValueError: if the winner is none of the two.
        """  # raised by what this calls; callers want to know
        return planned(self.uow, self.uow.get(Pair, pair), self.settings(Settings), winner=winner)

    @command("dedupe.pair.approve", permission="dedupe.pair.update")
    def approve(self, pair: PairId, *, winner: UUID | None = None, choose: Mapping[str, Side] | None = None) -> Party:
        """Say that both parties are one: the other becomes part of the winner, in one unit, which can be undone.

        Args:
            pair: a proposed pair.
            winner: the party that is to stay; by the configured rule by default.
            choose: by field of a party, whose value it has in the end: winner, loser or fill. For all other fields the
                rules of survivorship decide (see `plan`).

        Returns:
            The winner.

        Raises:
            ConflictError: if the pair was decided already.
            InvalidValueError: if the winner is none of the two.
            NotFoundError: if the pair or one of the parties is hidden or gone.
            UnknownFieldError: if ``choose`` names a field that is not chosen.
            MergeRefusedError: if merging them would break something.
        """  # raised by what this calls; callers want to know
        found = self.uow.get(Pair, pair)
        merging = planned(self.uow, found, self.settings(Settings), winner=winner)
        check_choice(choose or {})
        settled = evolve(found, left_id=merging.winner.id, right_id=None, merged_id=merging.loser.id)
        self.records.update(found, decided(settled, "approved", by=self.uow.actor.id, at=self.uow.now))
        chosen: dict[str, Any] = {**merging.choose, **(choose or {})}
        party = self.uow.use(Parties).merge(merging.loser.id, merging.winner.id, choose=chosen)
        self.emit(DuplicateApproved(pair=pair, winner=merging.winner.id, loser=merging.loser.id))
        return party

    @command("dedupe.pair.reject", permission="dedupe.pair.update")
    def reject(self, pair: PairId, *, remark: str | None = None) -> Pair:
        """Say that both parties are not one. They are proposed again only if something new speaks for it.

        Args:
            pair: a proposed pair.
            remark: why.

        Raises:
            ConflictError: if it was decided already.
            InvalidValueError: if the remark is too long.
        """
        found = self.uow.get(Pair, pair)
        if found.decision is not None or found.right_id is None:
            raise ConflictError(f"pair {pair} was {found.status} already; undo that unit of work to decide anew")
        if remark is not None and len(remark) > LONGEST_REMARK:
            raise InvalidValueError("remark", f"{remark[:40]}...", f"is longer than {LONGEST_REMARK} characters")
        by, now = self.uow.actor.id, self.uow.now
        for one in known_pairs(self.uow, [found.left_id]).get(ends_of(found), [found]):
            if one.decision is None:  # after merges there may be one each way round
                self.records.update(one, evolve(decided(one, "rejected", by=by, at=now), remark=remark))
        self.emit(DuplicateRejected(pair=pair, left=found.left_id, right=found.right_id))
        return self.uow.get(Pair, pair)

    @query("dedupe.stats", permission="dedupe.pair.read")
    def stats(self) -> Stats:
        """How the queue stands."""
        count = self.uow.count
        return Stats(
            proposed=count(Pair, f.decision.is_empty()),
            approved=count(Pair, f.decision == "approved"),
            rejected=count(Pair, f.decision == "rejected"),
            linkages=count(Linkage),
            pending=count(Keys, f.pending == True),  # noqa: E712  # a criteria, not a truth value
        )

    # -- finding pairs ------------------------------------------------------------------------------------------------

    @command("dedupe.pair.propose", permission="dedupe.pair.create")
    def propose(self, found: Sequence[Found], *, source: Source = "linkage") -> int:
        """Put pairs into the queue. What is known is brought up to date; what was rejected comes back on new evidence.

        Pairs of parties that the actor may not see, or that are gone or merged meanwhile, are left out.

        Args:
            found: the pairs.
            source: by which comparison.

        Returns:
            How many are new in the queue.
        """
        there = live(self.uow, {end for one in found for end in one.ends})
        known = known_pairs(self.uow, there)
        new: list[UUID] = []
        for one in {one.ends: one for one in found}.values():
            if not one.ends <= there.keys():
                continue
            before = known.get(one.ends, ())
            if not before:
                new.append(self.records.add(fresh(one, source)).id)
            elif all(again(pair, one) for pair in before):
                new += [pair.id for pair in before if pair.decision is not None]
                for pair in before:
                    self.records.update(pair, evolved(pair, one, source))
        if new:
            self.emit(DuplicatesProposed(pairs=tuple(new)))
        return len(new)

    @command("dedupe.party.compare", permission="dedupe.party.compare")
    def compare(self, *, limit: int | None = None) -> Compared:
        """Compare parties that were added or changed with those that have a key or a mechanism in common with them.

        Args:
            limit: how many parties; a batch by default.

        Raises:
            ConfigError: if the extra is not installed.
        """  # raised by required
        settings = self.settings(Settings)
        most = settings.batch_size if limit is None else limit
        page = self.uow.find(Keys, f.pending == True, order="id", limit=most)  # noqa: E712  # a criteria
        changes = self.derive(PARTY, [keys.record_id for keys in page])
        gatherer = self._gatherer()
        changed = gatherer.traits(one.id for one in changes.changed if one.record is not None)
        found = self._alike(changed, gatherer)
        probable = [one for one in found if one.probability >= settings.threshold]
        proposed = self.propose(probable, source="write")
        withdrawn = self._withdraw(changed, {one.ends for one in probable})
        write_keys(changes, compared=changed.keys())
        return Compared(parties=len(changed), proposed=proposed, withdrawn=withdrawn, more=page.next is not None)

    @command("dedupe.party.mark_compared", permission="dedupe.party.compare")
    def mark_compared(self, versions: Mapping[UUID, int]) -> int:
        """Say that parties have been compared with all others; what has changed since stays to be compared.

        Args:
            versions: by party, the version that was compared.

        Returns:
            How many are compared now.
        """
        changes = self.derive(PARTY, versions)
        same = {one.id for one in changes.changed if one.record and one.record.version == versions[one.id]}
        write_keys(changes, compared=same)
        return len(same)

    @command("dedupe.linkage.note", permission="dedupe.linkage.create")
    def note_linkage(self, linkage: Linkage) -> Linkage:
        """Keep what a linkage found and learned; what is compared on write is weighed by it from now on."""
        return self.records.add(evolve(linkage, owner_id=self.uow.actor.id))

    @command("dedupe.key.rebuild", permission="dedupe.party.compare")
    def rebuild(self, parties: Sequence[UUID]) -> None:
        """Write the keys of parties anew, and compare them again.

        Args:
            parties: which; those that are gone lose their keys.
        """
        write_keys(self.derive(PARTY, parties))

    @query("dedupe.weights", permission="dedupe.pair.read")
    def weights(self) -> Mapping[PartyKind, Weights]:
        """How much each comparison says: as the last linkage that the actor may see has learned, or is believed."""
        return self._weights()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _gatherer(self) -> Gatherer:
        similarities()  # not only where two names differ: without the extra nothing is compared
        settings = self.settings(Settings)
        return Gatherer(reads=self.uow, schemes=settings.identifiers, most_alike=settings.most_alike)

    def _weights(self) -> dict[PartyKind, Weights]:
        last = next(iter(self.uow.find(Linkage, order="-created_at", limit=1)), None)
        said = last.weights if last is not None else {}
        kinds: tuple[PartyKind, ...] = ("person", "organisation")
        believed = {kind: Weights.before_any_data(kind) for kind in kinds}
        return {kind: Weights.from_json(said[kind]) if kind in said else believed[kind] for kind in kinds}

    def _alike(self, changed: Mapping[UUID, Traits], gatherer: Gatherer) -> list[Found]:
        """Changed parties with those that they have something in common with."""
        candidates = gatherer.candidates(changed.values())
        others = gatherer.traits({id_ for ids in candidates.values() for id_ in ids} - changed.keys())
        traits, weights = {**others, **changed}, self._weights()
        ends = {frozenset((one, other)) for one, found in candidates.items() for other in found if other in traits}
        return [
            Found.of(left, right, score(traits[left], traits[right], weights[traits[left].kind]))
            for left, right in sorted(map(sorted, ends))
            if traits[left].kind == traits[right].kind
        ]

    def _withdraw(self, changed: Iterable[UUID], probable: set[frozenset[UUID]]) -> int:
        """Take pairs of changed parties out of the queue that nothing speaks for any more."""
        gone = [
            pair
            for ends, pairs in known_pairs(self.uow, changed).items()
            for pair in pairs
            if pair.decision is None and ends not in probable
        ]
        for pair in gone:
            self.records.remove(pair)
        return len(gone)


def _with(stored: Traits, given: Traits) -> Traits:
    """Traits of a stored party with mechanisms that are to be added."""
    own = {name: sorted({*getattr(stored, name), *getattr(given, name)}) for name in ("emails", "phones")}
    return evolve(stored, emails=tuple(own["emails"]), phones=tuple(own["phones"]))
