"""Pure decisions about relationships: which way round they are, who may be in them, and how an end sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final
from uuid import UUID

from crmkit.core.parties.model import PartyKind
from crmkit.core.parties.relationships.model import RelatedParty, Relationship, RelationshipType
from crmkit.errors import InvalidValueError, UnknownRelationshipTypeError

if TYPE_CHECKING:
    from crmkit.core.parties.model import Party

__all__ = ["check_ends", "check_same", "default_types", "seen_from", "type_called"]

_TYPES: Final[tuple[tuple[str, str, str, str, PartyKind | None, PartyKind | None], ...]] = (
    ("works_for", "works for", "employs", "employs", "person", "organisation"),
    ("represents", "represents", "represented_by", "is represented by", None, None),
    ("parent_of", "is a parent of", "child_of", "is a child of", "person", "person"),
    ("spouse_of", "is married to", "spouse_of", "is married to", "person", "person"),
    ("sibling_of", "is a sibling of", "sibling_of", "is a sibling of", "person", "person"),
    ("member_of", "is a member of", "has_member", "has the member", None, "organisation"),
    (
        "subsidiary_of",
        "is a subsidiary of",
        "parent_company_of",
        "is the parent company of",
        "organisation",
        "organisation",
    ),
    ("partner_of", "is a partner of", "partner_of", "is a partner of", None, None),
    ("supplies", "supplies", "supplied_by", "is supplied by", None, None),
    ("referred_by", "was referred by", "referred", "referred", None, None),
)
"""Key, label, inverse key, inverse label, kind of the first party, kind of the other."""


def default_types() -> list[RelationshipType]:
    """The types of relationship that a new tenant begins with."""
    return [
        RelationshipType(key=key, label=label, inverse=inverse, inverse_label=seen, first_kind=first, other_kind=other)
        for key, label, inverse, seen, first, other in _TYPES
    ]


def type_called(key: str, types: Iterable[RelationshipType]) -> tuple[RelationshipType, bool]:
    """The type that ``key`` names from either end, and whether it names it from the other end.

    Raises:
        UnknownRelationshipTypeError: if there is none.
    """
    known = list(types)
    for found in known:
        if found.key == key:
            return found, False
    for found in known:
        if found.inverse == key:
            return found, True
    raise UnknownRelationshipTypeError(key, known=sorted({k for t in known for k in (t.key, t.inverse)}))


def check_ends(type_: RelationshipType, first: Party, other: Party) -> None:
    """Refuse a relationship that its type does not allow between these two, or that links a party to itself.

    Raises:
        InvalidValueError: if so.
    """
    if first.id == other.id:
        raise InvalidValueError("other", str(other.id), "is the party itself; a relationship has two parties")
    for end, party, kind in (("first", first, type_.first_kind), ("other", other, type_.other_kind)):
        if kind is not None and party.kind != kind:
            raise InvalidValueError("type", type_.key, f"needs {_a(kind)} as its {end} party, not {_a(party.kind)}")


def check_same(before: Relationship, after: Relationship) -> None:
    """Refuse to turn a relationship into another one.

    Raises:
        InvalidValueError: if its parties or its type differ.
    """
    for name in ("party_id", "other_id", "type"):
        if getattr(before, name) != getattr(after, name):
            raise InvalidValueError(
                name, str(getattr(after, name)), "is not changed; end this one and relate them anew"
            )


def _a(kind: str) -> str:
    return f"an {kind}" if kind.startswith("o") else f"a {kind}"


def seen_from(
    party_id: UUID,
    relationships: Iterable[Relationship],
    *,
    types: Mapping[str, RelationshipType],
    others: Mapping[UUID, Party],
) -> tuple[RelatedParty, ...]:
    """The relationships as the party ``party_id`` sees them: open ones first, then by label and name.

    One whose other party is not among ``others`` is left out. One whose type is gone is called by its key.
    """
    seen = [
        _end(one, types.get(one.type), others[other], first=one.party_id == party_id)
        for one in relationships
        if (other := one.other_id if one.party_id == party_id else one.party_id) in others
    ]
    return tuple(sorted(seen, key=_place))


def _end(one: Relationship, type_: RelationshipType | None, other: Party, *, first: bool) -> RelatedParty:
    if type_ is None:
        key, label = one.type, one.type.replace("_", " ")
    else:
        key, label = (type_.key, type_.label) if first else (type_.inverse, type_.inverse_label)
    return RelatedParty(relationship=one, type=key, label=label, party_id=other.id, name=other.name, kind=other.kind)


def _place(related: RelatedParty) -> tuple[bool, str, str, UUID]:
    return related.relationship.valid_until is not None, related.label, related.name, related.relationship.id
