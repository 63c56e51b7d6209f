r"""How texts are written in vCards: backslash escapes, lists and components, parameter values, folded lines.

Values keep their escapes until somebody asks for their text, because only the kind of a property tells whether a comma
separates (RFC 6350, section 3.4).
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["decode_parameter", "encode_parameter", "escape", "fold", "split", "unescape"]

FOLD_AT: Final = 75
"""Octets in a line, its end not counted (RFC 6350, section 3.2)."""

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE: Final = re.compile(r"[\\,;\n]")
_CARET: Final = re.compile(r"\^([n^'])")
_NEEDS_QUOTES: Final = re.compile(r"[:;,]")


def escape(text: str) -> str:
    r"""``text`` with ``\``, ``,``, ``;`` and line breaks escaped, so that it is one value of one component."""
    return _TO_ESCAPE.sub(lambda found: r"\n" if found[0] == "\n" else "\\" + found[0], text)


def unescape(value: str) -> str:
    r"""The text that `escape` wrote; also reads ``\N``, and drops a backslash before any other character."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def split(value: str, separator: str) -> list[str]:
    """``value`` at each ``separator`` that no backslash escapes; the parts keep their escapes."""
    if "\\" not in value:
        return value.split(separator)
    parts, start, at = [], 0, 0
    while at < len(value):
        if value[at] == "\\":
            at += 1
        elif value[at] == separator:
            parts.append(value[start:at])
            start = at + 1
        at += 1
    return [*parts, value[start:]]


def encode_parameter(value: str) -> str:
    """A parameter's value, with line breaks and double quotes as RFC 6868 has them, in quotes where it needs them."""
    if "^" in value or "\n" in value or '"' in value:
        value = value.replace("^", "^^").replace("\n", "^n").replace('"', "^'")
    return f'"{value}"' if _NEEDS_QUOTES.search(value) else value


def decode_parameter(value: str) -> str:
    """The value that `encode_parameter` wrote, its quotes already taken off."""
    if "^" not in value:
        return value
    return _CARET.sub(lambda found: {"n": "\n", "^": "^", "'": '"'}[found[1]], value)


def fold(line: str) -> bytes:
    """A logical line as octets in UTF-8, folded so that no character is torn apart, with its ends of line."""
    octets = line.encode()
    pieces, limit = [], FOLD_AT
    while len(octets) > limit:
        cut = limit
        while octets[cut] & 0xC0 == 0x80:  # inside a character  # noqa: PLR2004  # the bits that mark it (RFC 3629)
            cut -= 1
        pieces.append(octets[:cut])
        octets, limit = octets[cut:], FOLD_AT - 1  # the blank that begins a continued line counts too
    return b"\r\n ".join([*pieces, octets]) + b"\r\n"
