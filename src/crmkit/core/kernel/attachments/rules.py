"""Pure decisions about files: what they may be called, and what media types and hashes are."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from attrs import Attribute

from crmkit.errors import InvalidValueError

__all__ = ["MAX_NAME", "NAMELESS", "check_media_type", "check_sha256", "clean_name", "is_sha256"]

MAX_NAME: Final = 255
"""Characters in a file name."""
NAMELESS: Final = "file"
"""What a file is called of whose name nothing is left."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
# RFC 6838, section 4.2; parameters such as a charset are not part of it.
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_MAX_SUFFIX: Final = 20
_JOINERS: Final = frozenset("\u200c\u200d")
"""Format characters that Persian, Indic scripts and emoji need; all others could disguise a name."""


def clean_name(name: str) -> str:
    """A file name as it is kept: what is left of it without folders and without what no name should have.

    Browsers may send whole paths, and attackers anything. Of a path only the last part is kept; control characters,
    marks that reverse the direction of writing and other invisible ones, unpaired surrogates, and dots and spaces at
    either end go; so ``..`` is no name. Longer ones are cut before their suffix.

    Args:
        name: as it was given.

    Raises:
        InvalidValueError: if it is no text.
    """
    if not isinstance(name, str):
        raise InvalidValueError("name", name, "is not a text")
    last = re.split(r"[/\\]", name[-4 * MAX_NAME :])[-1]
    composed = unicodedata.normalize("NFC", "".join(c if _harmless(c) else " " if c.isspace() else "" for c in last))
    kept = " ".join(composed.split()).strip(". ")
    if len(kept) > MAX_NAME:
        stem, dot, suffix = kept.rpartition(".")
        end = dot + suffix if dot and len(suffix) <= _MAX_SUFFIX else ""
        kept = (stem if end else kept)[: MAX_NAME - len(end)].rstrip(". ") + end
    return kept or NAMELESS


def _harmless(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or character in _JOINERS


def is_sha256(text: object) -> bool:
    """Whether this is a SHA-256 in hexadecimal digits."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def check_sha256(_: object, attribute: Attribute[Any], value: object) -> None:
    """A validator for hashes.

    Raises:
        InvalidValueError: if the value is none.
    """
    if not is_sha256(value):
        raise InvalidValueError(attribute.name, value, "is not 64 hexadecimal digits in lower case")


def check_media_type(_: object, attribute: Attribute[Any], value: object) -> None:
    """A validator for media types.

    Raises:
        InvalidValueError: if the value is none.
    """
    if not isinstance(value, str) or not _MEDIA_TYPE.fullmatch(value):
        raise InvalidValueError(
            attribute.name, value, "is no media type in lower case without parameters, like text/plain"
        )
