"""Signed marks in addresses, by which answers and bounces name the message that they are about.

A mark stands behind a ``+`` (RFC 5233): ``reply+MARK@berg.example``. It is the message's id and 80 bits of a keyed hash
of it, in letters that survive a change of case, since not all mail servers keep it.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable
from typing import Final, Literal, Protocol
from uuid import UUID

__all__ = ["Digests", "marked", "read_marks"]

Use = Literal["reply", "bounce"]

_HASHED: Final = 10
_MARK: Final = re.compile(r"\+([a-z2-7]{42})@", re.IGNORECASE)
_PADDING: Final = "=" * 6


class Digests(Protocol):
    """As much of `crmkit.sdk.Keys` as is needed here."""

    def digests(self, purpose: str, value: str, /) -> tuple[bytes, ...]:
        """See `crmkit.sdk.Keys.digests`."""
        ...


def marked(keys: Digests, use: Use, message: UUID, address: str) -> str:
    """An address with the mark of a message.

    Args:
        keys: the unit's.
        use: reply or bounce; a mark of one says nothing for the other.
        message: the message's id.
        address: without a mark.
    """
    local, _, domain = address.rpartition("@")
    raw = message.bytes + keys.digests(f"email.{use}", message.hex)[0][:_HASHED]
    return f"{local}+{b32encode(raw).decode().rstrip('=').lower()}@{domain}"


def read_marks(keys: Digests, use: Use, addresses: Iterable[str]) -> UUID | None:
    """The message of which one of ``addresses`` carries the mark; None if none does, or it is forged."""
    for address in addresses:
        for found in _MARK.finditer(address):
            raw = b32decode(found[1].upper() + _PADDING)
            message = UUID(bytes=raw[:16])
            if any(
                hmac.compare_digest(digest[:_HASHED], raw[16:]) for digest in keys.digests(f"email.{use}", message.hex)
            ):
                return message
    return None
