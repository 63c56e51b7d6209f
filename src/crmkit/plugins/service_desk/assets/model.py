"""What an asset is, by what terms it is covered, and what that means on a day."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen

from crmkit.plugins.service_desk.limits import LONGEST_BODY, LONGEST_LINE
from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["TERM_KINDS", "Asset", "Cover", "Term", "TermKind"]

TermKind = Literal["warranty", "post_warranty"]
TERM_KINDS: Final[tuple[TermKind, ...]] = get_args(TermKind)


@frozen(kw_only=True)
class Asset(Record):
    """A sold thing in use.

    Attributes:
        party_id: who has it.
        name: what people call it by.
        product: what was sold, as a key or number of the product; by it reports are made.
        serial: the number of this one of its product; unique among the product's.
        acquired_on: when the party got it.
        retired_on: since when it is no longer in use; from then on nothing covers it.
        covered_until: the last day of its last term; None without any. Kept by the plugin.
        note: whatever else is to be known.

    Raises:
        InvalidValueError: if it was retired before the party got it.
    """

    party_id: UUID
    name: str = field(validator=checks.text(LONGEST_LINE))
    product: str = field(validator=checks.text(LONGEST_LINE))
    serial: str | None = field(default=None, validator=checks.text(LONGEST_LINE))
    acquired_on: date | None = field(default=None, validator=checks.day)
    retired_on: date | None = field(default=None, validator=checks.day)
    covered_until: date | None = field(default=None, validator=checks.day)
    note: str = field(default="", validator=checks.text(LONGEST_BODY, blank=True))

    def __attrs_post_init__(self) -> None:
        if self.acquired_on is not None and self.retired_on is not None and self.retired_on < self.acquired_on:
            raise InvalidValueError("retired_on", self.retired_on, f"lies before acquired_on={self.acquired_on}")


@frozen(kw_only=True)
class Term(Record):
    """A time during which an asset is covered, by warranty or by what was agreed on for after it. A part of the asset.

    Attributes:
        asset_id: the asset.
        kind: warranty or post_warranty.
        starts_on: its first day.
        ends_on: its last day.
        covers: what it covers, in words.
        reminded_on: when somebody was told that it ends; None until then.

    Raises:
        InvalidValueError: if it ends before it starts.
    """

    asset_id: UUID
    kind: TermKind = field(default="warranty", validator=checks.one_of(TERM_KINDS))
    starts_on: date = field(validator=checks.day)
    ends_on: date = field(validator=checks.day)
    covers: str = field(default="", validator=checks.text(LONGEST_BODY, blank=True))
    reminded_on: date | None = field(default=None, validator=checks.day)

    def __attrs_post_init__(self) -> None:
        if self.ends_on < self.starts_on:
            raise InvalidValueError("ends_on", self.ends_on, f"lies before the first day, {self.starts_on}")


@frozen(kw_only=True)
class Cover:
    """Whether something is covered on a day, and why.

    Attributes:
        covered: whether it is.
        reason: why or why not, in one sentence.
        kind: of the term that covers it: warranty or post_warranty.
        term_id: the term that covers it.
        until: the last day of that term.
    """

    covered: bool
    reason: str
    kind: TermKind | None = None
    term_id: UUID | None = None
    until: date | None = None
