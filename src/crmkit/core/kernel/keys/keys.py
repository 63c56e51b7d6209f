"""Signed tokens that leave the deployment and come back, and keyed hashes of values that are not to be kept.

Both are made with the deployment's secret keys (``core.secret_keys``), for one tenant and one purpose. The first key
makes what is new and all of them recognise what was made before, so that a key is changed by putting the new one in
front and taking the old one away when nothing made with it matters any more.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from crmkit.errors import InvalidKeyError, InvalidTokenError, InvalidValueError, MissingKeysError
from crmkit.values.instants import as_instant, format_instant, parse_instant

if TYPE_CHECKING:
    from itsdangerous import URLSafeSerializer

    from crmkit.core.kernel.config.secret import Secret

__all__ = ["Keys"]

LONGEST_PAYLOAD: Final = 2048
"""How many characters a payload may have: a token travels in a link, and many programs cut links of 2,048 bytes."""

LONGEST_TOKEN: Final = 16384
"""Whatever is longer was not made here, and is not looked at."""

_PURPOSE = re.compile(r"[a-z][a-z0-9_.]{0,62}\Z")
_END: Final = "\0"
"""Between the parts of what a key is derived from; in none of them, so that no two parts can be read as others."""


class Keys:
    """Signs, reads and hashes for one tenant.

    A token or a hash made for one tenant or purpose means nothing for another.

    Args:
        secrets: the deployment's secret keys, the newest first.
        tenant: the tenant's id.
    """

    __slots__ = ("_secrets", "_tenant")

    def __init__(self, secrets: Sequence[Secret], tenant: str) -> None:
        self._secrets, self._tenant = tuple(secrets), tenant

    def __repr__(self) -> str:
        return f"<Keys tenant={self._tenant!r} keys={len(self._secrets)}>"

    def sign(self, purpose: str, payload: str, *, expires_at: datetime | None = None) -> str:
        """A token that carries ``payload`` and that nobody else can make; of letters, digits, ``-``, ``_`` and ``.``.

        The payload is not hidden: whoever has the token can read it.

        Args:
            purpose: what the token is for, such as ``email.unsubscribe``; it is good for nothing else.
            payload: at most 2,048 characters.
            expires_at: from when on it is no longer accepted, aware; never by default.

        Raises:
            MissingKeysError: if the deployment has no secret key.
            InvalidKeyError: if the purpose is no name.
            InvalidValueError: if the payload is too long.
            NaiveDatetimeError: if ``expires_at`` has no time zone.
        """
        if len(payload) > LONGEST_PAYLOAD:
            reason = f"has {len(payload)} characters, and a token carries {LONGEST_PAYLOAD}; sign the id of a record"
            raise InvalidValueError("payload", f"{payload[:20]}...", reason)
        until = None if expires_at is None else format_instant(as_instant(expires_at, field="expires_at"))
        signed: str | bytes = self._serializer(purpose).dumps([payload, until])
        return signed if isinstance(signed, str) else signed.decode("ascii")

    def read(self, purpose: str, token: str, *, now: datetime) -> str:
        """The payload of a token that this deployment signed for this tenant and this purpose.

        Args:
            purpose: what it must have been signed for.
            token: as `sign` gave it.
            now: the instant, aware; of a unit of work, its ``now``.

        Raises:
            InvalidTokenError: if it was not, or has expired.
            MissingKeysError: if the deployment has no secret key.
            InvalidKeyError: if the purpose is no name.
            NaiveDatetimeError: if ``now`` has no time zone.
        """
        from itsdangerous import BadData  # loaded only where something is signed or read

        serializer, now = self._serializer(purpose), as_instant(now, field="now")
        if not _may_be_token(token):
            raise InvalidTokenError
        try:
            payload, until = serializer.loads(token)
        except BadData:
            raise InvalidTokenError from None
        if not _as_written(token):
            raise InvalidTokenError
        if until is not None and parse_instant(until) <= now:
            raise InvalidTokenError("expired")
        return str(payload)

    def digests(self, purpose: str, value: str) -> tuple[bytes, ...]:
        """Keyed hashes of ``value``, one per secret key, the newest first: 32 bytes each (HMAC-SHA256, RFC 2104).

        Keep the first one, and look for all of them. Without the key nobody can find out which values were hashed, even
        where all possible ones can be tried, as with phone numbers.

        Args:
            purpose: what the hash is for, such as ``privacy.suppression``.
            value: what is hashed, in its normal form.

        Raises:
            MissingKeysError: if the deployment has no secret key.
            InvalidKeyError: if the purpose is no name.
        """
        content = value.encode("utf-8", "surrogatepass")
        return tuple(hmac.digest(key, content, hashlib.sha256) for key in self._derived("digest", purpose))

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        from itsdangerous import URLSafeSerializer  # loaded only where something is signed or read

        oldest_first = list(reversed(self._derived("token", purpose)))  # as itsdangerous takes several
        return URLSafeSerializer(
            oldest_first, salt=b"crmkit", signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        )

    def _derived(self, use: str, purpose: str) -> list[bytes]:
        """A key per secret, of no use for another tenant, use or purpose.

        Raises:
            MissingKeysError: if there is none.
            InvalidKeyError: if the purpose is no name.
        """
        if not self._secrets:
            raise MissingKeysError
        if not _PURPOSE.fullmatch(str(purpose)):
            raise InvalidKeyError("purpose", purpose, "name it like a permission: 'email.unsubscribe'")
        info = _END.join(("crmkit", use, self._tenant, purpose)).encode()
        return [hmac.digest(secret.reveal().encode(), info, hashlib.sha256) for secret in self._secrets]


def _may_be_token(token: object) -> bool:
    """Whether it is worth a look; what comes from outside may be anything."""
    return isinstance(token, str) and len(token) <= LONGEST_TOKEN and token.isascii()


def _as_written(token: str) -> bool:
    """Whether the signature is spelled as `Keys.sign` spells it: base64 has spare bits, which would let others pass."""
    from itsdangerous.encoding import base64_decode, base64_encode

    signature = token.rpartition(".")[2]
    return base64_encode(base64_decode(signature)) == signature.encode()
