"""How a contact mechanism is looked for: what a text may be, and by which keys it is found in any spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from crmkit.core.parties.mechanisms.links import split_handle
from crmkit.core.parties.mechanisms.model import Mechanism, MechanismKind
from crmkit.core.parties.mechanisms.rules import normalise, raw_key
from crmkit.errors import InvalidMechanismError

__all__ = ["guess_kinds", "matches", "search_keys"]

_PHONE: Final = re.compile(
    r"(?:tel:)?[+(\d\uff0b][\d\s().,;:/=+\-\u2010-\u2015\uff0b]*(?:(?:ext|x|#)[\s.:=]*\d+)?", re.IGNORECASE
)
_FEWEST_DIGITS: Final = 3


def guess_kinds(text: str) -> tuple[MechanismKind, ...]:
    """What ``text`` may be, from how it is written."""
    text = text.strip()
    service, _ = split_handle(text)
    if "@" in text[1:]:
        return ("email", "handle", "url")
    if text.startswith("@"):
        return ("handle",)
    if "://" in text:
        return ("url",)
    if _PHONE.fullmatch(text) and sum(c.isdecimal() for c in text) >= _FEWEST_DIGITS:
        return ("phone", "postal")
    if service is not None:
        return ("handle", "postal", "phone")
    return ("phone", "postal", "handle") if " " in text or "." not in text else ("url", "postal", "handle", "phone")


def search_keys(text: str, *, kind: MechanismKind | None = None, region: str | None = None) -> dict[MechanismKind, str]:
    """The keys by which mechanisms spelled like ``text`` are found, by kind; a kind that it cannot be is left out.

    Args:
        text: the mechanism in any spelling.
        kind: what it is; guessed by default.
        region: see `normalise`.

    See `normalise` for a region or kind that is none, and for a text that is too long.
    """
    keys: dict[MechanismKind, str] = {}
    for one in (kind,) if kind is not None else guess_kinds(text):
        if one == "handle":
            keys[one] = split_handle(text)[1]
            continue
        try:
            keys[one] = normalise(one, text, region=region).search_key
        except InvalidMechanismError:
            keys[one] = raw_key(text)
    return {one: key for one, key in keys.items() if key}


def matches(found: Mechanism, text: str, keys: Mapping[MechanismKind, str], kind: MechanismKind | None = None) -> bool:
    """Whether a mechanism found by one of the keys is meant by ``text``.

    Args:
        found: the mechanism.
        text: what was looked for.
        keys: its keys, as `search_keys` gave them.
        kind: the kind that was asked for; None for any.
    """
    if found.normalised is None:
        return kind in {None, found.kind} and found.search_key == raw_key(text)
    service, _ = split_handle(text)
    if found.kind == "handle" and service not in {None, found.service}:
        return False
    return keys.get(found.kind) == found.search_key
