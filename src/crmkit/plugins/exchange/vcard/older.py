"""Reading vCard 2.1 and 3.0 through vobject, into the same cards as those of 4.0."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from types import ModuleType
from typing import Any, Final

from crmkit.plugins.exchange.vcard.model import Card, Property
from crmkit.plugins.exchange.vcard.text import escape, split
from crmkit.sdk import ConfigError, InvalidValueError

__all__ = ["parse_older_card"]

_STRUCTURED: Final = frozenset({"ADR", "N", "ORG"})
_BINARY: Final = frozenset({"KEY", "LOGO", "PHOTO", "SOUND"})
_CHARSET: Final = re.compile(rb";CHARSET=\"?([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_AS_IS: Final = frozenset({"utf-8", "us-ascii"})
_DROPPED: Final = frozenset({"CHARSET", "ENCODING"})
_ENCODINGS: Final = frozenset({"7BIT", "8BIT", "BASE64", "QUOTED-PRINTABLE"})
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def parse_older_card(octets: bytes, version: str) -> Card:
    """A card of version 2.1 or 3.0, from ``BEGIN:VCARD`` to ``END:VCARD``.

    Args:
        octets: the card.
        version: ``2.1`` or ``3.0``.

    Raises:
        ConfigError: if vobject is not installed; says how to install it.
        InvalidValueError: if it is no such card.
    """
    base = _vobject_base()
    try:
        lines = list(_outer(base, _decoded(octets), version))
        return Card(one for line in lines for one in _property(line, version))
    except InvalidValueError:
        raise
    except Exception as error:  # noqa: BLE001  # vobject raises whatever its parser stumbles over
        reason = f"cannot be read as vCard {version}: {error}"
        raise InvalidValueError("card", octets[:40].decode("latin-1"), reason) from None


def _outer(base: ModuleType, text: str, version: str) -> Iterator[Any]:
    """The content lines, in vobject's form, of the card itself, without those of cards within it.

    Its lines are used and not its components, because those drop whatever follows a comma in a text.
    """
    depth = 0
    for line, number in base.getLogicalLines(StringIO(text), allowQP=version == "2.1"):
        found = base.textLineToContentLine(line, number)
        if found.name == "BEGIN":
            depth += 1
        elif found.name == "END":
            depth -= 1
        elif depth == 1:
            yield found


def _vobject_base() -> ModuleType:
    try:
        from vobject import base
    except ImportError:
        way = "python -m pip install 'crmkit[exchange]'"
        raise ConfigError(f"vCard 2.1 and 3.0 are read through vobject, which is not installed; run: {way}") from None
    module: ModuleType = base
    return module


def _decoded(octets: bytes) -> str:
    """The text of a card: UTF-8, or else the character set that it names itself, or else that of Windows."""
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        named = {found.decode("ascii").lower() for found in _CHARSET.findall(octets)} - _AS_IS
    for charset in (*sorted(named), "cp1252"):
        try:
            return octets.decode(charset)
        except (LookupError, UnicodeDecodeError):
            continue
    return octets.decode("latin-1")


def _property(line: Any, version: str) -> Iterator[Property]:
    """A line of vobject's as a property with the escapes of 4.0; nothing for VERSION and pictures."""
    name = str(line.name).upper()
    if name in _BINARY or name in {"VERSION", "AGENT"}:
        return
    value = _UNWRITABLE.sub(" ", line.value.replace("\r\n", "\n").replace("\r", "\n"))
    if version == "2.1":
        value = ";".join(map(_escaped, split(value, ";"))) if name in _STRUCTURED else escape(value)
    params = {key.upper(): tuple(map(str, given)) for key, given in line.params.items() if key.upper() not in _DROPPED}
    bare = tuple(word for word in map(str, line.singletonparams) if word.upper() not in _ENCODINGS)
    if bare:
        params["TYPE"] = (*params.get("TYPE", ()), *bare)
    yield Property(name=name, value=value.replace("\n", "\\n"), params=params, group=line.group)


def _escaped(component: str) -> str:
    """A component of 2.1, in which only the semicolon is escaped and a comma is a comma (its section 2.1.4)."""
    return escape(component.replace("\\;", ";"))
