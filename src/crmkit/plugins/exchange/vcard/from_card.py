"""What a card says about a party."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final
from uuid import UUID

from crmkit.plugins.exchange.form import ImportedIdentifier, ImportedMechanism, ImportedParty
from crmkit.plugins.exchange.vcard.dates import day_of
from crmkit.plugins.exchange.vcard.labels import label_of
from crmkit.plugins.exchange.vcard.model import LOWEST, Card, Property
from crmkit.sdk import InvalidValueError, MechanismKind, PartyKind

__all__ = ["CUSTOM", "FIELD", "IDENTIFIER", "OWN_FIELDS", "UID_SCHEME", "party_of"]

UID_SCHEME: Final = "vcard.uid"
"""The scheme of identifiers that hold the UID of a card."""
IDENTIFIER: Final = "X-CRMKIT-IDENTIFIER"
FIELD: Final = "X-CRMKIT-FIELD"
CUSTOM: Final = "X-CRMKIT-CUSTOM"
"""A value of a custom field, as files have it: ``X-CRMKIT-CUSTOM;X-KEY=size:3``."""
OWN_FIELDS: Final = ("legal_name", "legal_form", "source", "source_detail")
"""Fields that no property of RFC 6350 can hold: written as ``X-CRMKIT-FIELD;X-NAME=legal_form:GmbH``."""

_READ: Final = frozenset(
    "ADR BDAY EMAIL FN GENDER IMPP KIND LANG N NICKNAME NOTE ORG ROLE TEL TITLE TZ UID URL "
    "X-ABSHOWAS X-ADDRESSBOOKSERVER-KIND X-CRMKIT-CUSTOM X-CRMKIT-FIELD X-CRMKIT-IDENTIFIER".split()
)
_KINDS_OF_MECHANISMS: Final[dict[str, MechanismKind]] = {
    "ADR": "postal",
    "EMAIL": "email",
    "TEL": "phone",
    "URL": "url",
}
_SOCIAL: Final = frozenset({"SOCIALPROFILE", "X-SOCIALPROFILE"})
_MESSENGERS: Final = {
    f"X-{name.upper()}": name
    for name in ("aim", "gtalk", "icq", "jabber", "msn", "qq", "skype", "telegram", "twitter", "whatsapp", "yahoo")
}
_TECHNICAL: Final = frozenset(
    "CLIENTPIDMAP PRODID REV SORT-STRING SOURCE X-ABADR X-ABLABEL X-ABUID X-CRMKIT-ERROR XML".split()
)
_ZONE: Final = re.compile(r"[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+|UTC|GMT|(?:UTC)?[+-]\d\d:?\d\d", re.ASCII)
_ADDRESS_PARTS: Final = 7
_SEXES: Final = frozenset("MFONU")
_KINDS: Final[dict[str, PartyKind]] = {"individual": "person", "org": "organisation", "": "person"}


def party_of(card: Card) -> ImportedParty:
    """The party that a card is about.

    Raises:
        InvalidValueError: if the card is about a group or a place, or its date of birth is none.
    """
    kind = _kind(card)
    birth_date, birthday = _birth(card)
    uid = card.first("UID")
    organisation = _component(card.first("ORG"), 0)
    names: dict[str, Any] = (
        _person_names(card) if kind == "person" else {"name": organisation or _text(card.first("FN"))}
    )
    position = _text(card.first("TITLE")) or _text(card.first("ROLE"))
    return ImportedParty(
        kind=kind,
        id=_own_id(uid),
        **names,
        birth_date=birth_date if kind == "person" else None,
        birthday=birthday if kind == "person" else None,
        gender=_gender(card) if kind == "person" else None,
        language=_text(card.first("LANG")),
        time_zone=_zone(card),
        **dict[str, Any](_own_fields(card)),
        mechanisms=tuple(_mechanisms(card)),
        identifiers=tuple(_identifiers(card, uid)),
        custom=_custom(card),
        organisation=organisation if kind == "person" else None,
        position=position if kind == "person" else None,
        notes=tuple(note.text.strip() for note in card.all("NOTE") if note.text.strip()),
        left_out=tuple(_left_out(card, born=birth_date is not None or birthday is not None)),
    )


# -- who it is --------------------------------------------------------------------------------------------------------


def _kind(card: Card) -> PartyKind:
    stated = card.first("KIND") or card.first("X-ADDRESSBOOKSERVER-KIND")
    word = stated.text.strip().lower() if stated else ""
    if word not in _KINDS:
        raise InvalidValueError("KIND", word, "is neither a person (individual) nor an organisation (org)")
    named = any(_component(card.first("N"), place) for place in range(3))
    shown_as = card.first("X-ABSHOWAS")
    company = shown_as is not None and shown_as.text.strip().upper() == "COMPANY"
    organisation, full = _component(card.first("ORG"), 0), _text(card.first("FN"))
    if not word and not named and organisation and (company or full in {None, organisation}):
        return "organisation"
    return _KINDS[word]


def _person_names(card: Card) -> dict[str, str | None]:
    """The parts of the name, and the full name only where it says something that they do not."""
    stated, nickname = card.first("N"), card.first("NICKNAME")
    names: dict[str, str | None] = {
        "family_name": _component(stated, 0),
        "given_name": _component(stated, 1),
        "additional_names": _component(stated, 2),
        "prefix": _component(stated, 3),
        "suffix": _component(stated, 4, between=", "),
        "nickname": ", ".join(nickname.texts) if nickname is not None else None,
    }
    full = _text(card.first("FN"))
    known = {word for name in names.values() if name for word in _words(name)}
    names["display_name"] = full if full and not known.issuperset(_words(full)) else None
    return names


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _own_id(uid: Property | None) -> UUID | None:
    try:
        return UUID(uid.text.strip()) if uid is not None and uid.text.strip().startswith("urn:uuid:") else None
    except ValueError:
        return None


def _identifiers(card: Card, uid: Property | None) -> Iterator[ImportedIdentifier]:
    if uid is not None and uid.text.strip():
        yield ImportedIdentifier(scheme=UID_SCHEME, value=uid.text)
    for one in card.all(IDENTIFIER):
        for scheme in one.param("X-SCHEME"):
            yield ImportedIdentifier(scheme=scheme, value=one.text)


def _own_fields(card: Card) -> dict[str, str]:
    return {name: one.text for one in card.all(FIELD) for name in one.param("X-NAME") if name in OWN_FIELDS}


def _custom(card: Card) -> dict[str, str]:
    """Texts of custom values by the keys of their fields; which fields there are, the tenant knows.

    Raises:
        InvalidValueError: if one does not say of which field, or two are of the same.
    """
    found: dict[str, str] = {}
    for one in card:
        if one.name == CUSTOM and one.text.strip():
            keys = one.param("X-KEY")
            if len(keys) != 1 or keys[0] in found:
                reason = "occurs twice" if len(keys) == 1 else "needs the key of one custom field as X-KEY"
                raise InvalidValueError(CUSTOM, keys[0] if keys else one.text[:80], reason)
            found[keys[0]] = one.text
    return found


def _birth(card: Card) -> tuple[date | None, str | None]:
    stated = card.first("BDAY")
    if stated is None or "text" in stated.param("VALUE"):
        return None, None
    return day_of(stated.text)


def _gender(card: Card) -> str | None:
    sex = (_component(card.first("GENDER"), 0) or "").upper()
    return sex if sex in _SEXES else None


def _zone(card: Card) -> str | None:
    zone = _text(card.first("TZ"))
    return zone if zone and _ZONE.fullmatch(zone) else None


# -- how to reach it --------------------------------------------------------------------------------------------------


def _mechanisms(card: Card) -> Iterator[ImportedMechanism]:
    for one in card:
        found = _mechanism(one)
        if found is not None:
            kind, raw, service = found
            label, primary = label_of(card, one), one.preference < LOWEST
            if kind == "postal":
                yield _address(one, label, is_primary=primary)
            elif raw:
                yield ImportedMechanism(kind=kind, raw=raw, label=label, is_primary=primary, service=service)


def _mechanism(one: Property) -> tuple[MechanismKind, str, str | None] | None:
    text = one.text.strip()
    if one.name in _KINDS_OF_MECHANISMS:
        return _KINDS_OF_MECHANISMS[one.name], re.sub(r"\A(?:tel|mailto):", "", text, flags=re.IGNORECASE), None
    if one.name in _MESSENGERS:
        return "handle", text, _MESSENGERS[one.name]
    if one.name in _SOCIAL:
        return ("url", text, None) if "://" in text else ("handle", text, _key(next(iter(one.types), "social")))
    return _message(one, text) if one.name == "IMPP" else None


def _message(one: Property, text: str) -> tuple[MechanismKind, str, str | None]:
    scheme, colon, name = text.partition(":")
    if colon:
        return "handle", name, _key(scheme)
    return "handle", text, _key(next(iter(one.param("X-SERVICE-TYPE")), "chat"))


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_0123456789") or "chat"


def _address(one: Property, label: str | None, *, is_primary: bool) -> ImportedMechanism:
    parts = [", ".join(texts) for texts in one.components]
    box, extended, street, locality, region, code, country = [*parts, *[""] * _ADDRESS_PARTS][:_ADDRESS_PARTS]
    return ImportedMechanism(
        kind="postal",
        raw=None if any(parts) else next(iter(one.param("LABEL")), None),
        label=label,
        is_primary=is_primary,
        street="\n".join(line for line in (street, extended, box) if line),
        locality=locality,
        region=region,
        postal_code=code,
        country=country,
    )


# -- parts of properties ----------------------------------------------------------------------------------------------


def _text(one: Property | None) -> str | None:
    return (one.text.strip() or None) if one is not None else None


def _component(one: Property | None, place: int, *, between: str = " ") -> str | None:
    components = one.components if one is not None else ()
    return between.join(components[place]).strip() or None if place < len(components) else None


def _left_out(card: Card, *, born: bool) -> Iterable[str]:
    known = {*_READ, *_SOCIAL, *_MESSENGERS, *_TECHNICAL}
    names = {one.name for one in card if one.name not in known}
    if card.first("BDAY") and not born:
        names.add("BDAY")
    if card.first("TZ") and not _zone(card):
        names.add("TZ")
    return sorted(names)
