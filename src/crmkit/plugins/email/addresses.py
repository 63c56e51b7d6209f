"""Mail addresses, and texts that go into headers (RFC 5322). Pure."""

from __future__ import annotations

import re
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Final

from attrs import frozen

from crmkit.sdk import InvalidMechanismError, InvalidValueError, mechanism, new_id

__all__ = [
    "Correspondent",
    "decoded",
    "domain_of",
    "header_text",
    "normal_address",
    "parsed_address",
    "parsed_addresses",
]

_BREAKS: Final = re.compile(r"[\r\n\0\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
LONGEST_HEADER: Final = 900
"""Characters in a subject or name; a line has at most 998 (RFC 5322, 2.1.1)."""


@frozen(kw_only=True)
class Correspondent:
    """An address as it stands in a header.

    Attributes:
        address: in one form: lower case, the domain in Unicode.
        name: what stands before it; empty if nothing does.
    """

    address: str
    name: str = ""

    def __str__(self) -> str:
        if not self.name:
            return self.address
        local, _, domain = self.address.rpartition("@")
        return str(Address(self.name, local, domain))


def normal_address(text: str, *, field: str = "to") -> str:
    """An address in its one form, as mechanisms have it.

    Raises:
        InvalidValueError: if it is no address, or could break out of a header.
    """
    if _BREAKS.search(text):
        raise InvalidValueError(field, text[:80], "contains a line break; nothing was sent")
    try:
        found = mechanism(new_id(), "email", text)
    except InvalidMechanismError as error:
        raise InvalidValueError(field, text[:80], f"is no e-mail address: {error}") from None
    if found.normalised is None:
        raise InvalidValueError(field, text[:80], "is no e-mail address")
    return found.normalised


def parsed_address(text: str, *, field: str = "to") -> Correspondent:
    """One address with or without a name, such as ``Ida Berg <ida@berg.example>``.

    Raises:
        InvalidValueError: if it is none, more than one, or could break out of a header.
    """
    name = header_text(text, field=field)
    found = getaddresses([name])
    if len(found) != 1 or not found[0][1]:
        raise InvalidValueError(field, text[:80], "is not one address; write it like 'Ida Berg <ida@berg.example>'")
    return Correspondent(address=normal_address(found[0][1], field=field), name=found[0][0])


def parsed_addresses(headers: list[str], *, limit: int = 100) -> tuple[Correspondent, ...]:
    """The addresses in headers of an incoming message, at most ``limit``; what is none is left out."""
    found: list[Correspondent] = []
    for name, address in getaddresses([_CONTROLS.sub(" ", header)[:20_000] for header in headers])[:limit]:
        try:
            normal = normal_address(_CONTROLS.sub("", address))
        except InvalidValueError:
            continue
        found.append(Correspondent(address=normal, name=_CONTROLS.sub(" ", decoded(name)).strip()[:LONGEST_HEADER]))
    return tuple(found)


def header_text(text: str, *, field: str) -> str:
    """A text for a header.

    Raises:
        InvalidValueError: if it has a line break, by which it could add headers or end them, or is too long.
    """
    if _BREAKS.search(text) or _CONTROLS.search(text):
        raise InvalidValueError(field, text[:80], "contains a line break or control character; nothing was sent")
    if len(text) > LONGEST_HEADER:
        raise InvalidValueError(field, f"{text[:80]}...", f"is longer than {LONGEST_HEADER} characters")
    return text


def decoded(value: str) -> str:
    """A header of an incoming message without folds, and its encoded words (RFC 2047) as what they say.

    To be used on what was taken out of a header: an encoded word may say anything, also what would separate addresses.
    """
    try:
        return str(make_header(decode_header(re.sub(r"\r?\n(?=[ \t])", "", value))))
    except Exception:  # noqa: BLE001  # encoded words in unknown character sets, half surrogates, broken base64
        return value.encode("utf-8", "replace").decode("utf-8", "replace")


def domain_of(address: str) -> str:
    """The domain of an address in its one form."""
    return address.rpartition("@")[2]
