"""Writing cards as vCard 4.0."""

from __future__ import annotations

from crmkit.plugins.exchange.vcard.model import Card, Property
from crmkit.plugins.exchange.vcard.text import encode_parameter, fold

__all__ = ["write_card"]


def write_card(card: Card) -> bytes:
    """A card as octets: UTF-8, folded, with the line ends of RFC 6350."""
    lines = ["BEGIN:VCARD", "VERSION:4.0", *map(_line, card), "END:VCARD"]
    return b"".join(map(fold, lines))


def _line(one: Property) -> str:
    group = f"{one.group}." if one.group else ""
    params = "".join(f";{name}={','.join(map(encode_parameter, values))}" for name, values in one.params)
    return f"{group}{one.name}{params}:{one.value}"
