"""Pure decisions of an import: as whom a row is recognised, and what it changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

import attrs
from attrs import frozen

from crmkit.plugins.exchange.drafts import Draft
from crmkit.plugins.exchange.form import ORGANISATION_FIELDS, PERSON_FIELDS, SHARED_FIELDS
from crmkit.sdk import Identifier, InvalidValueError, Mechanism, Organisation, Party, altered

__all__ = [
    "DEFAULT_MATCH",
    "Changes",
    "Key",
    "Keyed",
    "Known",
    "changes",
    "check_match",
    "differs",
    "keyed",
    "keys_of",
    "recognised",
    "segments",
]

DEFAULT_MATCH: Final = ("id", "identifier", "email+name", "phone+name", "name")
_MATCH: Final = re.compile(r"id|name|identifier(?:\.[a-z][a-z0-9_.]*)?|(?:email|phone)(?:\+name)?", re.ASCII)
_KEPT: Final = frozenset({"source", "source_detail"})
"""Where a party came from is kept for ever once it is known, whatever a later file says."""

Key = tuple[str, ...]
"""What a row is recognised by: ``("id", ...)``, ``("identifier", scheme, value)``, ``("email", key[, name])``."""


def check_match(_: object, attribute: object, value: Sequence[str]) -> None:
    """Refuse what rows cannot be recognised by.

    There are ``id`` (crmkit's own id), ``identifier`` (any of the row's identifiers) and ``identifier.<scheme>``,
    ``email`` and ``phone``, and ``email+name`` and ``phone+name``, where the name has to be the same too. ``name`` is
    for organisations of which nothing but the name is known, such as those that came in as somebody's employer.

    Raises:
        InvalidValueError: if so.
    """
    for one in value:
        if not _MATCH.fullmatch(one):
            ways = "id, identifier, identifier.<scheme>, email, phone, email+name, phone+name, name"
            raise InvalidValueError(
                getattr(attribute, "name", "match"), one, f"is nothing to match by; there are: {ways}"
            )


# -- recognising ------------------------------------------------------------------------------------------------------


@frozen
class Keyed:
    """A row with the keys by which it may be recognised.

    Attributes:
        draft: the row.
        keys: of each way to match, in the order in which they are tried.
    """

    draft: Draft
    keys: tuple[tuple[Key, ...], ...]

    @property
    def row(self) -> int:
        """The row's number."""
        return self.draft.row


def keyed(drafts: Iterable[Draft], match: Sequence[str]) -> list[Keyed]:
    """Rows with their keys."""
    return [Keyed(draft, tuple([keys_of(draft, way) for way in match])) for draft in drafts]


def keys_of(draft: Draft, match: str) -> tuple[Key, ...]:
    """The keys by which a row may be recognised, of one way to match."""
    if match == "id":
        return (("id", str(draft.known_as)),) if draft.known_as is not None else ()
    if match == "name":
        return (("name", draft.party.sort_name),) if draft.party.kind == "organisation" else ()
    noun, _, scheme = match.partition(".")
    if noun == "identifier":
        return tuple([("identifier", i.scheme, i.value) for i in draft.identifiers if scheme in {"", i.scheme}])
    kind, _, named = match.partition("+")
    name = (draft.party.kind, draft.party.sort_name) if named else ()
    return tuple([(kind, m.search_key, *name) for m in draft.mechanisms if m.kind == kind and m.normalised])


def recognised(row: Keyed, match: Sequence[str], found: Mapping[Key, frozenset[UUID]]) -> UUID | None:
    """The party that a row is about; None if it is a new one. The first way to match that finds anybody decides.

    Args:
        row: the row.
        match: the ways, in the order of its keys.
        found: the parties that are known by each key.

    Raises:
        InvalidValueError: if it finds several.
    """
    if not found:
        return None
    for way, keys in zip(match, row.keys, strict=True):
        ids = {id_ for key in keys for id_ in found.get(key, ())}
        if len(ids) > 1:
            said = ", ".join(" ".join(key[1:3]) for key in keys)
            reason = f"is known of {len(ids)} parties; merge them, or match by something else"
            raise InvalidValueError(way, said, reason)
        if ids:
            return ids.pop()
    return None


def segments(rows: Iterable[Keyed]) -> Iterator[tuple[Keyed, ...]]:
    """Rows in runs in which none may be about the same party as another; so each run can be applied at once."""
    run: list[Keyed] = []
    seen: set[Key] = set()
    for row in rows:
        keys = {key for of_way in row.keys for key in of_way}
        if not seen.isdisjoint(keys):
            yield tuple(run)
            run, seen = [], set()
        run.append(row)
        seen |= keys
    if run:
        yield tuple(run)


# -- changing ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Known:
    """A party that is there already, as far as a row may change it.

    Attributes:
        party: the party.
        mechanisms: of it.
        identifiers: of it.
        employers: folded names of the organisations that it works for.
        notes: texts of what was noted about it by imports.
    """

    party: Party
    mechanisms: Sequence[Mechanism] = ()
    identifiers: Sequence[Identifier] = ()
    employers: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Changes:
    """What a row changes of a party that is there: it sets and adds, and never clears or removes.

    Attributes:
        id: of the party.
        party: as it is to be; None if its own fields stay as they are.
        mechanisms: to be added.
        identifiers: to be added.
        employer: the organisation that it works for, to be added; None if that is known, or nothing was said.
        position: what it is or does there.
        notes: to be added.
    """

    id: UUID
    party: Party | None
    mechanisms: tuple[Mechanism, ...]
    identifiers: tuple[Identifier, ...]
    employer: Organisation | None
    position: str | None
    notes: tuple[str, ...]

    def __bool__(self) -> bool:
        parts = (self.party, self.mechanisms, self.identifiers, self.employer, self.notes)
        return any(bool(part) if isinstance(part, tuple) else part is not None for part in parts)


def changes(draft: Draft, known: Known) -> Changes:
    """What a row changes of the party that it is about.

    Raises:
        InvalidValueError: if one is a person and the other an organisation.
    """
    if draft.party.kind != known.party.kind:
        reason = f"contradicts the party that it is about, which is known as {known.party.kind}"
        raise InvalidValueError("kind", draft.party.kind, reason)
    fields = differs(draft.party, known.party)
    own = {("exchange.id", str(known.party.id)), ("vcard.uid", f"urn:uuid:{known.party.id}")}
    there = own | {(one.scheme, one.value) for one in known.identifiers}
    reached = {_reach(one) for one in known.mechanisms}
    employer = draft.employer
    return Changes(
        id=known.party.id,
        party=_changed(known.party, fields) if fields else None,
        mechanisms=tuple(_new(draft.mechanisms, reached)),
        identifiers=tuple(one for one in draft.identifiers if (one.scheme, one.value) not in there),
        employer=employer if employer is not None and employer.sort_name not in known.employers else None,
        position=draft.position,
        notes=tuple(note for note in draft.notes if note not in known.notes),
    )


def differs(given: Party, known: Party) -> dict[str, Any]:
    """The fields that a row fills in or changes, with their new values."""
    names = PERSON_FIELDS if given.kind == "person" else ORGANISATION_FIELDS
    fields = {}
    for name in (*names, *SHARED_FIELDS):
        new, old = getattr(given, name), getattr(known, name)
        if new is not None and new != old and not (name in _KEPT and old is not None):
            fields[name] = new
    custom = {**known.custom, **given.custom}
    if custom != known.custom:
        fields["custom"] = custom
    if fields.get("display_name") == known.name:  # a full name, of which the parts are known already
        del fields["display_name"]
    if "birth_date" not in fields and getattr(known, "birth_date", None) is not None:
        fields.pop("birthday", None)  # follows from the date, which says more
    return fields


def _changed(party: Party, fields: dict[str, Any]) -> Party:
    if (
        cast("str | None", party.name) is None
    ):  # hidden from the actor, who then may not write it either: nothing is derived anew
        return altered(party, **fields)
    return attrs.evolve(party, **fields)


def _reach(one: Mechanism) -> tuple[str, str]:
    return one.kind, one.normalised or f"raw {one.raw}"


def _new(given: Iterable[Mechanism], reached: set[tuple[str, str]]) -> Iterator[Mechanism]:
    for one in given:
        if _reach(one) not in reached:
            reached.add(_reach(one))
            yield one
