"""E-mail addresses, phone numbers and URLs in one form each, as values of custom fields."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from crmkit.errors import InvalidValueError

__all__ = ["MAX_URL", "email", "phone", "url"]

MAX_URL: Final = 2_000
"""Bytes in a URL, which so fits into an index."""
_SCHEMES: Final = ("http", "https", "ftp")


def email(name: str, text: str) -> str:
    """The address (RFC 5321, RFC 6531) in lower case, its domain in Unicode; nothing is asked of the network.

    Raises:
        InvalidValueError: if it is no address.
    """
    from email_validator import EmailNotValidError, validate_email  # takes longer to import than most units to run

    try:
        found = validate_email(text.strip().removeprefix("mailto:"), check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidValueError(name, text[:80], f"is no e-mail address: {error}") from None
    return f"{found.local_part.casefold()}@{found.domain.lower()}"


def phone(name: str, text: str) -> str:
    """The number in E.164 (ITU-T), with ``;ext=`` where it has an extension; it must be given with its country's code.

    Raises:
        InvalidValueError: if it is no possible number, or without the code of its country.
    """
    import phonenumbers  # its metadata is large, and few units need it

    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise InvalidValueError(
            name, text[:80], "is no phone number with its country's code, such as +47 22334455"
        ) from (None)
    if not phonenumbers.is_possible_number(number):
        raise InvalidValueError(name, text[:80], "has too few or too many digits for its country")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164 + (f";ext={number.extension}" if number.extension else "")


def url(name: str, text: str) -> str:
    """The URL (RFC 3986) with scheme and host in lower case; ``https`` where no scheme is given.

    Raises:
        InvalidValueError: if it is no URL with a host, has another scheme, carries a user name, or is too long.
    """
    given = text.strip()
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        host = parts.hostname
        _ = parts.port  # whose value is checked only now
    except ValueError:
        raise InvalidValueError(name, text[:80], "is no URL") from None
    if parts.scheme not in _SCHEMES:
        raise InvalidValueError(name, text[:80], f"has the scheme {parts.scheme!r}; allowed: {', '.join(_SCHEMES)}")
    if "@" in parts.netloc:
        raise InvalidValueError(name, "(not shown)", "carries a user name or password; leave it out")
    if not host or "." not in host or any(c.isspace() or c in "<>\"'`" for c in given):
        raise InvalidValueError(name, text[:80], "is no URL with a host, such as https://www.example.org")
    found = parts._replace(netloc=parts.netloc.lower(), path=parts.path or "/").geturl()
    if len(found.encode()) > MAX_URL:
        raise InvalidValueError(name, f"{found[:40]}...", f"has more than {MAX_URL} bytes")
    return found
