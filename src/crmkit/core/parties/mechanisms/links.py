"""URLs (RFC 3986) and handles (names on a service) in one form."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from crmkit.core.parties.mechanisms.normal import MAX_KEY, Normal
from crmkit.core.parties.text import fold
from crmkit.errors import InvalidMechanismError

__all__ = ["SCHEMES", "normal_handle", "normal_url", "split_handle"]

SCHEMES: Final = ("http", "https", "ftp")
"""The schemes that a URL may have. Links are shown to people and clicked on, so ``javascript:`` is none of them."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ftp": 21}
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"  # a name in its ASCII form, or
    r"|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]"  # an IP address
)
_LONGEST_HOST: Final = 253
_SERVICE: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,62}):(?!//)\s*(?=\S)")
_HANDLE: Final = re.compile(r"\S+(?: \S+)*")


def normal_url(raw: str) -> Normal:
    """The URL with scheme and host in lower case and the host in Unicode; ``https`` where no scheme is given.

    It is found without scheme, ``www.`` and a slash at the end.

    Raises:
        InvalidMechanismError: if it is no URL with a public kind of host, has a scheme other than `SCHEMES`, or carries
            a user name or password.
    """
    text = raw.strip()
    given = _SCHEME.match(text)
    try:
        parts = urlsplit(text if given else f"https://{text}")
        port = parts.port
    except ValueError:
        raise InvalidMechanismError("url", raw, "is no URL") from None
    if parts.scheme not in SCHEMES:
        raise InvalidMechanismError("url", raw, f"has the scheme {parts.scheme!r}; allowed: {', '.join(SCHEMES)}")
    if "@" in parts.netloc:
        raise InvalidMechanismError("url", "(not shown)", "carries a user name or password; leave it out")
    host = _host(parts, raw)
    place = host if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    rest = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    key = place.removeprefix("www.") + (rest + fragment).rstrip("/")
    return Normal(f"{parts.scheme}://{place}{rest}{fragment}"[:MAX_KEY], key[:MAX_KEY])


def _host(parts: SplitResult, raw: str) -> str:
    """The host in lower case and, where it is an internationalised name, in Unicode.

    Raises:
        InvalidMechanismError: if there is none, or none that a public name server could know.
    """
    host = re.sub(r":\d*\Z", "", parts.netloc).lower().rstrip(".")
    try:
        if len(host) <= _LONGEST_HOST and not host.isascii():
            host = host.encode("idna").decode("ascii")
        if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
            raise InvalidMechanismError("url", raw, "names no host, such as www.example.org")
        return host.encode("ascii").decode("idna") if "xn--" in host else host
    except UnicodeError:
        raise InvalidMechanismError("url", raw, "names a host that cannot be") from None


def normal_handle(raw: str, *, service: str | None = None) -> Normal:
    """``service:name`` in lower case, without ``@`` before the name; found by the name alone or with the service.

    Args:
        raw: the name, such as ``@ida``, or with the service in front, ``telegram:@ida``.
        service: where the name is one; taken from ``raw`` by default.

    Raises:
        InvalidMechanismError: if there is no name, or nothing tells the service.
    """
    named, name = split_handle(raw)
    if service is not None and service != named:
        name = fold(raw).removeprefix("@")
    service = service or named
    if service is None:
        raise InvalidMechanismError("handle", raw, "does not tell where it is one; write it like 'telegram:@ida'")
    if not _HANDLE.fullmatch(name):
        raise InvalidMechanismError("handle", raw, "is blank")
    return Normal(f"{service}:{name}"[:MAX_KEY], name[:MAX_KEY], service=service)


def split_handle(text: str) -> tuple[str | None, str]:
    """The service, if ``text`` names one, and the folded name without ``@``."""
    found = _SERVICE.match(text.strip())
    service = found[1].lower() if found else None
    return service, fold(text.strip()[found.end() :] if found else text).removeprefix("@")
