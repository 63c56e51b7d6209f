"""What a mechanism is used for: labels in crmkit, TYPE and X-ABLABEL in vCards."""

from __future__ import annotations

import re
from typing import Final

from crmkit.plugins.exchange.vcard.model import Card, Property

__all__ = ["label_of", "types_of"]

# In the order in which a label names them: the place, then the device.
_WORDS: Final = {"work": "work", "home": "home", "cell": "mobile", "fax": "fax", "pager": "pager"}
_TYPES: Final = {word: type_ for type_, word in _WORDS.items()}
_APPLE: Final = re.compile(r"_\$!<(.*)>!\$_")


def label_of(card: Card, one: Property) -> str | None:
    """The label of a property: what its group says (X-ABLABEL, from Apple and Google), or else its types."""
    beside = card.beside(one, "X-ABLABEL")
    if beside is not None and beside.text.strip():
        apple = _APPLE.fullmatch(beside.text.strip())
        return apple[1].lower() if apple else beside.text.strip()
    return _in_words(one.types)


def types_of(label: str) -> tuple[str, ...] | None:
    """The values of TYPE that say the same as ``label``; None if there are none, so that it needs an X-ABLABEL."""
    types = tuple(_TYPES.get(word, "") for word in label.split())
    return types if all(types) and _in_words(types) == label else None


def _in_words(types: tuple[str, ...]) -> str | None:
    return " ".join(word for type_, word in _WORDS.items() if type_ in types) or None
