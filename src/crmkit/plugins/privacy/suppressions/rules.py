"""Pure decisions about suppressions: what of an address is hashed, and which reasons hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from crmkit.plugins.privacy.suppressions.model import Suppression, SuppressionReason
from crmkit.sdk import InvalidValueError, MechanismKind, fold, mechanism

__all__ = ["DIGEST", "MECHANISM_KINDS", "hashed", "reasons_holding"]

DIGEST: Final = "privacy.suppression"
"""What the keyed hashes are for."""

MECHANISM_KINDS: Final[Mapping[str, MechanismKind]] = MappingProxyType({
    "email": "email",
    "phone": "phone",
    "fax": "phone",
    "sms": "phone",
    "letter": "postal",
})
"""Which kind of contact mechanism a channel reaches; any other is written to by handles."""

_NOBODY: Final = UUID(int=0)


def hashed(channel: str, address: str, *, region: str | None = None) -> str:
    """What is hashed of an address: the same for all spellings of it, and another for each channel.

    Args:
        channel: the key of the channel.
        address: an e-mail address, a phone number, whatever the channel is addressed by.
        region: where phone numbers in national form are dialled (ISO 3166-1 alpha-2).

    Raises:
        InvalidMechanismError: if it is no address of that kind.
        InvalidValueError: if it is blank.
    """
    if not address.strip():
        raise InvalidValueError("address", address, "is no address")
    kind = MECHANISM_KINDS.get(channel)
    if kind in {"email", "phone"}:
        return f"{channel}:{mechanism(_NOBODY, kind, address, region=region).search_key}"
    return f"{channel}:{' '.join(fold(address).split())}"


def reasons_holding(suppressions: Iterable[Suppression]) -> tuple[SuppressionReason, ...]:
    """The reasons for which an address is suppressed now: of each, the latest word, and at one instant the stricter.

    Args:
        suppressions: of one address, in any order.
    """
    latest: dict[SuppressionReason, Suppression] = {}
    for one in suppressions:
        known = latest.get(one.reason)
        if known is None or _rank(one) > _rank(known):
            latest[one.reason] = one
    return tuple(sorted(reason for reason, one in latest.items() if not one.lifted))


def _rank(one: Suppression) -> tuple[datetime, bool, str]:
    return one.at, not one.lifted, str(one.id)
