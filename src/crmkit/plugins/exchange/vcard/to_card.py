"""A party as a card of vCard 4.0."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.plugins.exchange.form import ImportedMechanism, ImportedParty
from crmkit.plugins.exchange.vcard.from_card import CUSTOM, FIELD, IDENTIFIER, OWN_FIELDS, UID_SCHEME
from crmkit.plugins.exchange.vcard.labels import types_of
from crmkit.plugins.exchange.vcard.model import Card, Property

__all__ = ["card_of"]


def card_of(party: ImportedParty, *, full_name: str) -> Card:
    """The card of a party.

    Args:
        party: what is known about it.
        full_name: what it is called; RFC 6350 demands it of every card.

    Raises:
        InvalidValueError: if a text contains what no card can hold.
    """  # raised by what a property is made of
    return Card((*_who(party, full_name), *_person(party), *_reached(party), *_rest(party), *_own(party)))


def _who(party: ImportedParty, full_name: str) -> Iterator[Property]:
    uids = [one.value for one in party.identifiers if one.scheme == UID_SCHEME]
    if uids or party.id is not None:
        yield Property.of("UID", uids[0] if len(uids) == 1 else f"urn:uuid:{party.id}")
    yield Property.of("KIND", "org" if party.kind == "organisation" else "individual")
    yield Property.of("FN", full_name)
    if party.kind == "organisation":
        yield Property.structured("ORG", party.name)


def _person(party: ImportedParty) -> Iterator[Property]:
    names = (party.family_name, party.given_name, party.additional_names, party.prefix, party.suffix)
    if any(names):
        yield Property.structured("N", *names)
    if party.nickname:
        yield Property.of("NICKNAME", party.nickname)
    if party.birth_date is not None:
        yield Property.of("BDAY", f"{party.birth_date:%Y%m%d}")
    elif party.birthday is not None:
        yield Property.of("BDAY", "--" + party.birthday.replace("-", ""))
    if party.gender:
        yield Property.of("GENDER", party.gender)
    if party.organisation:
        yield Property.structured("ORG", party.organisation)
    if party.position:
        yield Property.of("TITLE", party.position)


def _reached(party: ImportedParty) -> Iterator[Property]:
    for number, one in enumerate(party.mechanisms, 1):
        params: dict[str, str | tuple[str, ...]] = {}
        group = None
        types = types_of(one.label) if one.label else None
        if types:
            params["TYPE"] = types
        if one.is_primary:
            params["PREF"] = "1"
        if one.label and not types:
            group = f"item{number}"
            yield Property.of("X-ABLABEL", one.label, group=group)
        yield _mechanism(one, params, group)


def _mechanism(one: ImportedMechanism, params: dict[str, str | tuple[str, ...]], group: str | None) -> Property:
    raw = one.raw or ""
    match one.kind:
        case "email":
            return Property.of("EMAIL", raw, params=params, group=group)
        case "phone":
            return Property.of("TEL", raw, params=params, group=group)
        case "url":
            return Property(name="URL", value=_uri(raw), params=params, group=group)
        case "handle":
            named = f"{one.service}:{raw}" if one.service else raw
            return Property(name="IMPP", value=_uri(named), params=params, group=group)
        case "postal":
            parts = (one.street, one.locality, one.region, one.postal_code, one.country)
            if not any(parts):
                params = {**params, "LABEL": raw}
            return Property.structured("ADR", None, None, *parts, params=params, group=group)


def _uri(text: str) -> str:
    """A URI is not escaped (RFC 6350, section 4.2), so that nothing in it may look like an escape."""
    return " ".join(text.replace("\\", "%5C").split())


def _rest(party: ImportedParty) -> Iterator[Property]:
    if party.language:
        yield Property.of("LANG", party.language)
    if party.time_zone:
        yield Property.of("TZ", party.time_zone)
    for note in party.notes:
        yield Property.of("NOTE", note)


def _own(party: ImportedParty) -> Iterator[Property]:
    """What no property of RFC 6350 can hold."""
    for one in party.identifiers:
        if one.scheme != UID_SCHEME:
            yield Property.of(IDENTIFIER, one.value, params={"X-SCHEME": one.scheme})
    for name in OWN_FIELDS:
        value = getattr(party, name)
        if value:
            yield Property.of(FIELD, value, params={"X-NAME": name})
    for key, text in party.custom.items():
        yield Property.of(CUSTOM, text, params={"X-KEY": key})
