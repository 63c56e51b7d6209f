"""Reading content lines (RFC 6350, section 3.3) into cards."""

from __future__ import annotations

import re
from typing import Final

from crmkit.plugins.exchange.vcard.model import Card, Property
from crmkit.plugins.exchange.vcard.text import decode_parameter
from crmkit.sdk import InvalidValueError

__all__ = ["parse_card", "parse_line", "unfold"]

MOST_PROPERTIES: Final = 2_000
"""How many properties a card may have: far more than any that was meant to be one."""

_VALUE: Final = r'(?:"[^"]*+"|[^",;:]*+)'
_HEAD: Final = re.compile(r"(?:(?P<group>[A-Za-z0-9-]+)\.)?(?P<name>[A-Za-z0-9-]+)", re.ASCII)
_PARAMETER: Final = re.compile(rf";(?P<name>[A-Za-z0-9-]+)(?:=(?P<values>{_VALUE}(?:,{_VALUE})*+))?", re.ASCII)
_ONE_VALUE: Final = re.compile(r'"([^"]*+)"|([^",;:]*+)')
_FOLD: Final = re.compile(rb"\r?\n[ \t]")


def unfold(octets: bytes) -> list[str]:
    """The logical lines of a card.

    Folded lines are put together before they are decoded, because some writers fold within a character.

    Raises:
        InvalidValueError: if the octets are not UTF-8.
    """
    try:
        text = _FOLD.sub(b"", octets).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = octets[error.start : error.start + 4]
        raise InvalidValueError("card", found, "is not UTF-8, which vCard 4.0 demands") from None
    return [line.removesuffix("\r") for line in text.split("\n")]


def parse_line(line: str) -> Property:
    """One logical line as a property.

    A parameter without a value is read as a TYPE, as 2.1 has it.

    Raises:
        InvalidValueError: if it is no content line.
    """
    head = _HEAD.match(line)
    if head is None:
        raise InvalidValueError("line", line[:80], "is no line of a vCard; write NAME:value")
    params: list[tuple[str, tuple[str, ...]]] = []
    at = head.end()
    while parameter := _PARAMETER.match(line, at):
        at = parameter.end()
        name, values = parameter["name"], parameter["values"]
        params.append((name, _values(values)) if values is not None else ("TYPE", (name,)))
    if line[at : at + 1] != ":":
        raise InvalidValueError("line", line[:80], "is no line of a vCard; a colon is missing before its value")
    return Property(name=head["name"], value=line[at + 1 :], params=tuple(params), group=head["group"])


def _values(text: str) -> tuple[str, ...]:
    values, at = [], 0
    while True:
        one = _ONE_VALUE.match(text, at)
        if one is None:  # pragma: no cover  # the pattern of a parameter has matched these values before
            break
        values.append(decode_parameter(one[1] if one[1] is not None else one[2]))
        at = one.end() + 1
        if at > len(text):
            break
    return tuple(values)


def parse_card(octets: bytes) -> Card:
    """A card of version 4.0, from ``BEGIN:VCARD`` to ``END:VCARD``.

    Raises:
        InvalidValueError: if it is none.
    """
    lines = [line for line in unfold(octets) if line.strip()]
    if len(lines) > MOST_PROPERTIES:
        raise InvalidValueError("card", len(lines), f"has more lines than a card may have, {MOST_PROPERTIES}")
    found = [parse_line(line) for line in lines]
    if len(found) < 2 or not _is(found[0], "BEGIN") or not _is(found[-1], "END"):  # noqa: PLR2004  # BEGIN and END
        raise InvalidValueError("card", lines[0][:80] if lines else "", "does not begin and end as a vCard does")
    inner = found[1:-1]
    if any(_is(one, "BEGIN") or _is(one, "END") for one in inner):
        raise InvalidValueError("card", "BEGIN:VCARD", "stands within a card; cards cannot be nested")
    return Card(one for one in inner if one.name != "VERSION")


def _is(one: Property, name: str) -> bool:
    return one.name == name and one.value.strip().upper() == "VCARD"
