"""Reading what is there already about the parties that rows are about; a few queries for many rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from crmkit.plugins.exchange.drafts import Draft
from crmkit.plugins.exchange.rules import Key, Keyed, Known, recognised
from crmkit.sdk import (
    ALWAYS,
    Criteria,
    CrmkitError,
    Identifier,
    Interaction,
    Mechanism,
    Organisation,
    Party,
    Record,
    Relationship,
    f,
)

__all__ = ["EMPLOYMENT", "NOTE_KIND", "About", "Reads", "Recogniser", "among", "grouped"]

NOTE_KIND: Final = "exchange.note"
"""The kind of entry on the timeline that holds a free text from a file."""
EMPLOYMENT: Final = "works_for"

About = UUID | CrmkitError | None
"""The party that a row is about, None if it is a new one, or why that cannot be told."""

_CHUNK: Final = 500
"""Values in a list of a criteria, well below what is allowed."""

R = TypeVar("R", bound=Record)


class Reads(Protocol):
    """What reads records with the rights of an actor: a unit of work, or a hook's context."""

    def each(self, what: type[R], where: Criteria = ALWAYS, *, order: str | None = None) -> Iterator[R]:
        """See `UnitOfWork.each`."""
        ...


class Recogniser:
    """Finds the parties that rows are about, as far as the actor may see them.

    Args:
        uow: reads.
        match: by what rows are recognised.
    """

    def __init__(self, uow: Reads, match: Sequence[str]) -> None:
        self._uow, self._match = uow, tuple(match)

    def recognise(self, rows: Sequence[Keyed]) -> dict[int, About]:
        """By row: the party that it is about, None if it is a new one, or why that cannot be told."""
        found = self._found({key for row in rows for keys in row.keys for key in keys})
        about: dict[int, About] = {}
        for row in rows:
            try:
                about[row.row] = recognised(row, self._match, found)
            except CrmkitError as error:
                about[row.row] = error
        return about

    def known(self, ids: Collection[UUID], drafts: Iterable[Draft]) -> dict[UUID, Known]:
        """What is known about parties, as far as ``drafts`` may say something new."""
        asked = list(drafts)
        parties = {party.id: party for party in among(self._uow, Party, "id", ids)}
        mechanisms = grouped(among(self._uow, Mechanism, "party_id", ids), lambda one: one.party_id)
        identifiers = grouped(among(self._uow, Identifier, "party_id", ids), lambda one: one.party_id)
        employers = self._employers(ids) if any(draft.employer for draft in asked) else {}
        notes = self._notes(ids) if any(draft.notes for draft in asked) else {}
        return {
            id_: Known(
                party=party,
                mechanisms=mechanisms[id_],
                identifiers=identifiers[id_],
                employers=employers.get(id_, frozenset()),
                notes=notes.get(id_, frozenset()),
            )
            for id_, party in parties.items()
        }

    def organisations(self, names: Collection[str], where: Criteria = ALWAYS) -> dict[str, Organisation]:
        """Organisations by folded name; of several with one name, that which has been here longest."""
        found: dict[str, Organisation] = {}
        for one in among(self._uow, Organisation, "sort_name", names, where & f.merged_into.is_empty()):
            other = found.setdefault(one.sort_name, one)
            if one.id < other.id:  # ids tell the time at which they were made
                found[one.sort_name] = one
        return found

    # -- inside -------------------------------------------------------------------------------------------------------

    def _found(self, keys: set[Key]) -> dict[Key, frozenset[UUID]]:
        found: defaultdict[Key, set[UUID]] = defaultdict(set)
        self._find_ids([key for key in keys if key[0] == "id"], found)
        self._find_identifiers([key for key in keys if key[0] == "identifier"], found)
        for kind in ("email", "phone"):
            self._find_mechanisms(kind, [key for key in keys if key[0] == kind], found)
        self._find_bare([key for key in keys if key[0] == "name"], found)
        return {key: frozenset(ids) for key, ids in found.items()}

    def _find_ids(self, keys: list[Key], found: defaultdict[Key, set[UUID]]) -> None:
        for party in among(self._uow, Party, "id", [UUID(key[1]) for key in keys]):
            found["id", str(party.id)].add(party.merged_into or party.id)

    def _find_identifiers(self, keys: list[Key], found: defaultdict[Key, set[UUID]]) -> None:
        schemes = grouped(keys, lambda key: key[1])
        for scheme, wanted in schemes.items():
            for one in among(self._uow, Identifier, "value", [key[2] for key in wanted], f.scheme == scheme):
                found["identifier", scheme, one.value].add(one.party_id)

    def _find_mechanisms(self, kind: str, keys: list[Key], found: defaultdict[Key, set[UUID]]) -> None:
        mechanisms = among(self._uow, Mechanism, "search_key", {key[1] for key in keys}, f.kind == kind)
        named = {key for key in keys if len(key) > 2}  # noqa: PLR2004  # those that go on with the party's kind and name
        ids = {one.party_id for one in mechanisms} if named else set()
        names = {p.id: (p.kind, p.sort_name) for p in among(self._uow, Party, "id", ids)}
        for one in mechanisms:
            found[kind, one.search_key].add(one.party_id)
            if one.party_id in names:
                found[kind, one.search_key, *names[one.party_id]].add(one.party_id)

    def _find_bare(self, keys: list[Key], found: defaultdict[Key, set[UUID]]) -> None:
        """Organisations of which nothing but the name is known; of several, that which has been here longest."""
        bare = ~f.mechanisms.exists(ALWAYS) & ~f.identifiers.exists(ALWAYS)
        for name, one in self.organisations([key[1] for key in keys], bare).items():
            found["name", name].add(one.id)

    def _employers(self, ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
        links = among(self._uow, Relationship, "party_id", ids, (f.type == EMPLOYMENT) & f.valid_until.is_empty())
        names = {p.id: p.sort_name for p in among(self._uow, Party, "id", {one.other_id for one in links})}
        by_party = grouped((one for one in links if one.other_id in names), lambda one: one.party_id)
        return {id_: frozenset(names[one.other_id] for one in ones) for id_, ones in by_party.items()}

    def _notes(self, ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
        entries = grouped(among(self._uow, Interaction, "party_id", ids, f.kind == NOTE_KIND), lambda one: one.party_id)
        return {id_: frozenset(one.body for one in ones) for id_, ones in entries.items()}


K = TypeVar("K")
V = TypeVar("V")


def grouped(values: Iterable[V], key: Callable[[V], K]) -> defaultdict[K, list[V]]:
    """Values by key."""
    groups: defaultdict[K, list[V]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return groups


def among(uow: Reads, model: type[R], field: str, values: Iterable[Any], where: Criteria = ALWAYS) -> list[R]:
    """All records whose ``field`` is one of ``values`` and that fit ``where``, as far as the actor may see them; by id.

    They are read in the order of ``field``: asked for them by id, a database that knows little of its tables yet walks
    through all there are.
    """
    wanted = list(dict.fromkeys(values))
    found: list[R] = []
    for start in range(0, len(wanted), _CHUNK):
        one_of = getattr(f, field).in_(wanted[start : start + _CHUNK])
        found += uow.each(model, one_of & where, order=field)
    return sorted(found, key=_id)


def _id(record: Record) -> int:
    return record.id.int
