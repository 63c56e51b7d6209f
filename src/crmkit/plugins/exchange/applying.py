"""Applying rows within a unit: adding what is new, updating what is known, and leaving out the rows that fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from attrs import define, evolve, field, frozen

from crmkit.plugins.exchange.drafts import Draft
from crmkit.plugins.exchange.failures import RowError, is_of_row, row_error
from crmkit.plugins.exchange.recognising import EMPLOYMENT, NOTE_KIND, About, Recogniser
from crmkit.plugins.exchange.rules import Changes, Keyed, changes, keyed, segments
from crmkit.sdk import (
    CrmkitError,
    Identifier,
    Interactions,
    Mechanism,
    Organisation,
    Parties,
    Relationship,
    Service,
)

__all__ = ["Applier", "Outcome"]

LONGEST_SUMMARY = 200
"""Characters of a note that its entry on the timeline begins with; all of it is in the entry's body."""


@define
class Outcome:
    """What became of rows, or would become of them.

    Attributes:
        added: rows that became new parties.
        updated: rows that changed parties that were there.
        unchanged: rows that said nothing new.
        employers: organisations that were added because a row named them as an employer.
        fresh: the rows that would become new parties; kept by `Applier.compare` only.
        failures: the errors of the others.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    employers: int = 0
    fresh: list[Keyed] = field(factory=list)
    failures: list[RowError] = field(factory=list)

    def plus(self, other: Outcome) -> None:
        """Add up two outcomes."""
        self.added += other.added
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.employers += other.employers
        self.failures += other.failures


class Applier:
    """Applies rows, or tells what that would do.

    Args:
        service: whose unit it is.
        match: by what rows are recognised.
    """

    def __init__(self, service: Service, match: Sequence[str]) -> None:
        self._uow, self._match = service.uow, tuple(match)
        self._recogniser = Recogniser(service.uow, self._match)

    def apply(self, drafts: Sequence[Draft]) -> Outcome:
        """Store rows. One that fails is left out whole, and does not keep the others from being stored."""
        outcome = Outcome()
        for run in segments(keyed(self._with_custom(drafts, outcome), self._match)):
            outcome.plus(self._run(run))
        return outcome

    def compare(self, drafts: Sequence[Draft]) -> Outcome:
        """What `apply` would do, as far as reading tells: what plugins refuse shows only when it is done."""
        outcome = Outcome()
        rows = keyed(self._with_custom(drafts, outcome), self._match)
        for row, found in self._sorted(rows, self._recogniser.recognise(rows), outcome):
            if found is None:
                outcome.added += 1
                outcome.fresh.append(row)
            elif found:
                outcome.updated += 1
            else:
                outcome.unchanged += 1
        return outcome

    def _with_custom(self, drafts: Sequence[Draft], outcome: Outcome) -> list[Draft]:
        """Rows with their custom values, where they have any; those whose values do not fit go to the failures."""
        found: list[Draft] = []
        for draft in drafts:
            try:
                custom = self._uow.custom_fields.read_texts("party", draft.custom) if draft.custom else {}
            except CrmkitError as error:
                outcome.failures.append(row_error(draft.row, error))
                continue
            found.append(evolve(draft, party=evolve(draft.party, custom=custom)) if custom else draft)
        return found

    # -- storing ------------------------------------------------------------------------------------------------------

    def _run(self, rows: Sequence[Keyed]) -> Outcome:
        """Store rows at once; if that fails, each half by itself, until the rows that fail are alone.

        Raises:
            CrmkitError: if it is not the rows that are wrong.
        """
        try:
            with self._uow.attempt():
                return self._store(rows)
        except CrmkitError as error:
            if not is_of_row(error):
                raise
            if len(rows) == 1:
                return Outcome(failures=[row_error(rows[0].row, error)])
        middle = len(rows) // 2
        outcome = self._run(rows[:middle])
        outcome.plus(self._run(rows[middle:]))
        return outcome

    def _store(self, rows: Sequence[Keyed]) -> Outcome:
        outcome = Outcome()
        fresh: list[Draft] = []
        changed: list[tuple[Draft, Changes]] = []
        about = self._recogniser.recognise(rows)
        first, later = _first_about_each(rows, about)
        for row, found in self._sorted(first, about, outcome):
            if found is None:
                fresh.append(row.draft)
            elif found:
                changed.append((row.draft, found))
            else:
                outcome.unchanged += 1
        needed = [*fresh, *(draft for draft, found in changed if found.employer is not None)]
        employers = self._employers(needed)
        self._add(fresh, employers)
        for _, found in changed:
            self._update(found, employers)
        outcome.added, outcome.updated, outcome.employers = len(fresh), len(changed), employers.count
        if later:
            outcome.plus(self._store(later))
        return outcome

    def _sorted(
        self, rows: Sequence[Keyed], about: Mapping[int, About], outcome: Outcome
    ) -> Iterator[tuple[Keyed, Changes | None]]:
        """Each row with what it changes; None for a new party. Rows that cannot be recognised go to the failures."""
        ids = {id_ for id_ in about.values() if isinstance(id_, UUID)}
        known = self._recogniser.known(ids, [row.draft for row in rows]) if ids else {}
        for row in rows:
            id_ = about[row.row]
            try:
                if isinstance(id_, CrmkitError):
                    raise id_
                there = known.get(id_) if id_ is not None else None
                found = changes(row.draft, there) if there is not None else None
            except CrmkitError as error:
                outcome.failures.append(row_error(row.row, error))
            else:
                yield row, found

    def _employers(self, drafts: Sequence[Draft]) -> _Employers:
        """The organisations that rows name as employers: those of that name, rows of these, or else new ones."""
        named = {d.employer.sort_name: d.employer for d in reversed(drafts) if d.employer is not None}
        there = self._recogniser.organisations(named) if named else {}
        rows = {d.party.sort_name: d.party for d in reversed(drafts) if isinstance(d.party, Organisation)}
        found = {name: (there.get(name) or rows.get(name) or made).id for name, made in named.items()}
        fresh = tuple(made for name, made in named.items() if name not in there and name not in rows)
        return _Employers(ids=found, fresh=fresh)

    def _add(self, drafts: Sequence[Draft], employers: _Employers) -> None:
        parties = self._uow.use(Parties)
        if drafts or employers.fresh:
            parties.add_many(
                [*employers.fresh, *(draft.party for draft in drafts)],
                mechanisms=[one for draft in drafts for one in draft.mechanisms],
                identifiers=[one for draft in drafts for one in _once(draft.identifiers)],
                relationships=[employers.link(d.party.id, d.employer, d.position) for d in drafts if d.employer],
            )
        for draft in drafts:
            self._note(draft.party.id, draft.notes)

    def _update(self, found: Changes, employers: _Employers) -> None:
        parties, id_ = self._uow.use(Parties), found.id
        if found.party is not None:
            parties.update(found.party)
        for one in found.mechanisms:
            self._add_mechanism(id_, one)
        for identifier in found.identifiers:
            parties.add_identifier(id_, identifier.scheme, identifier.value)
        if found.employer is not None:
            link = employers.link(id_, found.employer, found.position)
            parties.relate(id_, link.type, link.other_id, position=link.position)
        self._note(id_, found.notes)

    def _add_mechanism(self, id_: UUID, one: Mechanism) -> None:
        if one.kind == "postal":
            self._uow.use(Parties).add_address(
                id_,
                street=one.street,
                locality=one.locality,
                region=one.region,
                postal_code=one.postal_code,
                country=one.country,
                raw=one.raw,
                label=one.label,
            )
            return
        self._uow.use(Parties).add_mechanism(
            id_,
            one.kind,
            one.raw,
            label=one.label,
            region=one.country,
            service=one.service,
            allow_invalid=one.normalised is None,
        )

    def _note(self, id_: UUID, notes: Sequence[str]) -> None:
        for note in notes:
            summary = note.split("\n", 1)[0][:LONGEST_SUMMARY]
            self._uow.use(Interactions).note(party=id_, kind=NOTE_KIND, summary=summary, body=note)


@frozen(kw_only=True)
class _Employers:
    """Organisations that rows name as employers.

    Attributes:
        ids: by folded name.
        fresh: those that are to be added.
    """

    ids: Mapping[str, UUID]
    fresh: tuple[Organisation, ...]

    @property
    def count(self) -> int:
        return len(self.fresh)

    def link(self, person: UUID, employer: Organisation, position: str | None) -> Relationship:
        other = self.ids[employer.sort_name]
        return Relationship(party_id=person, other_id=other, type=EMPLOYMENT, position=position)


def _first_about_each(rows: Sequence[Keyed], about: Mapping[int, About]) -> tuple[list[Keyed], list[Keyed]]:
    """Rows about different parties, and those about one that an earlier row is about, found by something else."""
    seen: set[UUID] = set()
    first: list[Keyed] = []
    later: list[Keyed] = []
    for row in rows:
        id_ = about[row.row]
        (later if id_ in seen else first).append(row)
        if isinstance(id_, UUID):
            seen.add(id_)
    return first, later


def _once(identifiers: Sequence[Identifier]) -> Iterable[Identifier]:
    return {(one.scheme, one.value): one for one in identifiers}.values()
