"""What of a party is compared with others, and the keys by which those worth comparing with are found. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from attrs import frozen

from crmkit.plugins.dedupe.requiring import sound_of
from crmkit.sdk import Identifier, Mechanism, Organisation, Party, PartyKind, Person, fold

__all__ = ["KEYS", "SHARED", "Traits", "traits_of", "words"]

KEYS: Final = ("name_key", "sound_key", "first_key", "birth_key", "place_key", "area_key", "street_key")
"""Two parties are compared if they have one of these in common, or a mechanism (see `SHARED`)."""
SHARED: Final = ("emails", "phones", "identifiers")
"""Traits of which a party may have several; one in common is enough."""

_LEGAL_FORMS: Final = frozenset(
    "ab ag aps as asa bv co company corp corporation gmbh inc incorporated kg limited llc llp ltd nv oy oyj plc sa "
    "sarl sas spa srl ua ug".split()
)
_SHORTEST_STREET: Final = 6
_NUMBER: Final = re.compile(r"\d+")
_JOINING: Final = re.compile(r"['\u2019.`]")
_SEPARATING: Final = re.compile(r"[^\w]+")


@frozen(kw_only=True)
class Traits:
    """What of a party is compared: folded, so that spelling, case and accents make no difference.

    Attributes:
        party_id: whose they are.
        kind: person or organisation; only parties of one kind are compared.
        given: the given name; None of organisations.
        family: the family name, or the name of an organisation without its legal form.
        name_key: all parts of the name in the order of the alphabet.
        sound_key: how the family name sounds (Metaphone), and the initial of the given name.
        first_key: the given name, and the initial of the family name.
        birth_key: the date of birth, as ``YYYYMMDD``.
        place_key: postal code and house number.
        area_key: the locality, and the initial of the family name.
        street_key: the street with its number.
        place: the locality.
        postcode: the postal code.
        emails: e-mail addresses, in the form in which they are looked for.
        phones: phone numbers, likewise.
        identifiers: scheme and value of those identifiers that are compared.
    """

    party_id: UUID
    kind: PartyKind
    given: str | None = None
    family: str | None = None
    name_key: str | None = None
    sound_key: str | None = None
    first_key: str | None = None
    birth_key: str | None = None
    place_key: str | None = None
    area_key: str | None = None
    street_key: str | None = None
    place: str | None = None
    postcode: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


def traits_of(
    party: Party,
    mechanisms: Iterable[Mechanism] = (),
    identifiers: Iterable[Identifier] = (),
    *,
    schemes: Sequence[str] = (),
) -> Traits:
    """What of a party is compared. What the actor may not read is compared with nothing.

    Args:
        party: a person or an organisation.
        mechanisms: how it is reached; of postal addresses the primary one is compared.
        identifiers: what it is called elsewhere.
        schemes: of which identifiers are compared.
    """
    ways = list(mechanisms)
    given, family = _names(party)
    names = " ".join(filter(None, (given, family))).split()
    address = min((m for m in ways if m.kind == "postal"), key=_rank, default=None)
    street = words((address.street or "") if address else "")
    number = _NUMBER.search(street)
    place = words((address.locality or "") if address else "")
    postcode = words((address.postal_code or "") if address else "").replace(" ", "")
    birth = party.birth_date if isinstance(party, Person) else None
    return Traits(
        party_id=party.id,
        kind=party.kind,
        given=given,
        family=family,
        name_key=" ".join(sorted(names)) or None,
        sound_key=_sound(given, family),
        first_key=f"{given} {family[0]}" if given and family else None,
        birth_key=birth.strftime("%Y%m%d") if birth else None,
        place_key=f"{postcode} {number.group()}" if postcode and number else None,
        area_key=f"{place} {family[0]}" if place and family else None,
        street_key=street if len(street) >= _SHORTEST_STREET else None,
        place=place or None,
        postcode=postcode or None,
        emails=_keys_of(ways, "email"),
        phones=_keys_of(ways, "phone"),
        identifiers=tuple(sorted({f"{i.scheme} {i.value}" for i in identifiers if i.scheme in schemes})),
    )


def words(text: str) -> str:
    """The words of a text, folded, without punctuation."""
    return " ".join(_SEPARATING.sub(" ", _JOINING.sub("", fold(text))).split())


def _names(party: Party) -> tuple[str | None, str | None]:
    if isinstance(party, Person):
        given, family = words(party.given_name or ""), words(party.family_name or "")
        if not given and not family:  # known by one name only, such as an artist
            family = words(party.display_name or party.nickname or "")
        return given or None, family or None
    said = words(party.name or "") if isinstance(party, Organisation) else ""
    kept = [word for word in said.split() if word not in _LEGAL_FORMS]
    return None, " ".join(kept) or said or None


def _sound(given: str | None, family: str | None) -> str | None:
    if family is None:
        return None
    sound = sound_of(family)
    if sound is None:
        return None
    sound = sound or family  # what is not written in Latin letters sounds as it is written
    return f"{sound} {given[0]}" if given else sound


def _rank(address: Mechanism) -> tuple[bool, bool, UUID]:
    """The primary address first, then those that still hold, then the eldest."""
    return not address.is_primary, address.valid_until is not None, address.id


def _keys_of(mechanisms: Iterable[Mechanism], kind: str) -> tuple[str, ...]:
    return tuple(sorted({m.search_key for m in mechanisms if m.kind == kind and m.normalised and m.search_key}))
