"""What parties are written to for, and the words in which they were asked whether that may be."""

from __future__ import annotations

from typing import Final, Literal, get_args

from attrs import field, frozen

from crmkit.sdk import Record, checks

__all__ = ["KINDS", "ConsentText", "Purpose", "PurposeKind"]

PurposeKind = Literal["transactional", "consent"]
KINDS: Final[tuple[str, ...]] = get_args(PurposeKind)

MAX_TEXT: Final = 20_000
"""Characters in a text of consent."""


@frozen(kw_only=True)
class Purpose(Record):
    """What a party is written to for.

    Attributes:
        key: how consents and senders name it, such as ``newsletter``; unique in the tenant.
        label: for people.
        kind: ``transactional`` for what a contract or a request of the party's own asks for, which needs no consent;
            ``consent`` for all else.
        description: what is sent for it, for people.
    """

    key: str = field(validator=checks.key)
    label: str = field(validator=checks.text(200, controls=False))
    kind: PurposeKind = field(default="consent", validator=checks.one_of(KINDS))
    description: str | None = field(default=None, validator=checks.text(2_000))


@frozen(kw_only=True)
class ConsentText(Record):
    """The words in which parties were asked for their consent; kept, so that it can be shown what they agreed to.

    Attributes:
        purpose: the key of the purpose.
        text_version: what it is called, such as ``2026-03``; unique for the purpose.
        body: the words.
        language: which language they are in (BCP 47); None where that needs no saying.
    """

    purpose: str = field(validator=checks.key)
    text_version: str = field(validator=checks.text(63, controls=False))
    body: str = field(validator=checks.text(MAX_TEXT))
    language: str | None = field(default=None, validator=checks.text(35, controls=False))
