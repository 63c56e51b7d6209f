"""E-mail addresses in one form (RFC 5321, RFC 6531), by email-validator."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from crmkit.core.parties.mechanisms.normal import Normal
from crmkit.errors import InvalidMechanismError

__all__ = ["normal_email"]

# What nearly every address looks like. At these the library changes nothing but the case, as a test proves, and it
# takes twenty times as long, not counting its import.
_PLAIN: Final = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?=.{4,100}\Z)(?!.*--)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,20}",
    re.ASCII,
)
_LONGEST_PLAIN: Final = 150


def normal_email(raw: str) -> Normal:
    """The address with local part and domain in lower case and the domain in Unicode.

    RFC 5321 (2.4) lets a host tell ``Ida@`` from ``ida@``, but hardly one does, while people write both; so the case of
    the local part stays in the raw text only. A leading ``mailto:`` is dropped. Nothing is asked of the network.

    Raises:
        InvalidMechanismError: if it is no address.
    """
    text = raw.strip()
    text = text[len("mailto:") :] if text[:7].lower() == "mailto:" else text
    if text.isascii() and len(text) <= _LONGEST_PLAIN and _PLAIN.fullmatch(text.lower()):
        return Normal(text.lower(), text.lower())
    reason, address = _by_library(text)
    if address is None:
        raise InvalidMechanismError("email", raw, f"is no e-mail address: {reason}")
    return Normal(address, address)


def _by_library(text: str) -> tuple[str, str | None]:
    """What the library says against an address, or its one form."""
    from email_validator import EmailNotValidError, validate_email  # takes longer to import than most units to run

    try:
        found = validate_email(text, check_deliverability=False, allow_quoted_local=True, allow_domain_literal=True)
    except EmailNotValidError as error:
        return str(error), None
    local = unicodedata.normalize("NFC", found.local_part.casefold())
    return "", f"{local}@{found.domain.lower()}"
