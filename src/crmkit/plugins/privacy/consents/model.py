"""What a party has said about being written to, and what that comes to."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from attrs import field, frozen

from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["ANY_CHANNEL", "Consent", "ConsentState", "StoredState"]

ANY_CHANNEL: Final = "any"
"""In the place of a channel: over whichever."""


@frozen(kw_only=True)
class Consent(Record):
    """One thing that a party has said: you may, or you may not. Recorded once and never changed.

    Attributes:
        party_id: who said it.
        purpose: the key of the purpose.
        channel: the key of the channel, or ``any``.
        given: whether the party allows it, or takes it back.
        text_version: the words in which it was asked; see `ConsentText`.
        proof: how it can be shown that the party said so: an address, a document's number, a mail's Message-ID.
        source: where it was said, such as ``website``.
        at: when it was said, UTC.
        actor_id: who recorded it.
        key: names it where it comes from, so that it is recorded once; unique in the tenant.
    """

    party_id: UUID
    purpose: str = field(validator=checks.key)
    channel: str = field(validator=checks.key)
    given: bool
    text_version: str | None = field(default=None, validator=checks.text(63, controls=False))
    proof: str | None = field(default=None, validator=checks.text(4_000))
    source: str | None = field(default=None, validator=checks.text(200, controls=False))
    at: datetime = field(converter=checks.in_utc, validator=checks.instant)
    actor_id: str
    key: str | None = field(default=None, validator=checks.text(200, controls=False))

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.given, bool):
            raise InvalidValueError("given", self.given, "is neither True nor False")


@frozen(kw_only=True)
class ConsentState:
    """What a party's words about one purpose and channel come to.

    Attributes:
        purpose: the key of the purpose.
        channel: the key of the channel, or ``any``.
        given: whether it is allowed.
        since: when the words that decide were said, UTC.
        consent_id: the record of these words.
        text_version: see `Consent`.
        source: see `Consent`.
    """

    purpose: str
    channel: str
    given: bool
    since: datetime
    consent_id: UUID
    text_version: str | None = None
    source: str | None = None


@frozen(kw_only=True)
class StoredState(Record):
    """A `ConsentState` as a row to filter parties by, derived from the ledger.

    Attributes:
        entity: ``party``.
        record_id: the party.
        purpose: the key of the purpose.
        channel: the key of a channel that the party has spoken of, or ``any`` for all others.
        given: whether it is allowed there.
        since: when the words that decide were said, UTC.
    """

    entity: str
    record_id: UUID
    purpose: str
    channel: str
    given: bool
    since: datetime
