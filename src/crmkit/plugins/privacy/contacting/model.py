"""The answer to whether somebody may be written to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from attrs import frozen

__all__ = ["Contactable", "Reason", "ReasonCode"]

ReasonCode = Literal[
    "no_consent", "withdrawn", "suppressed", "erased", "preference", "quiet_hours", "archived", "transactional", "given"
]


@frozen(kw_only=True)
class Reason:
    """Why somebody may be written to, or not.

    Attributes:
        code: for programs.
        text: for people; names no address.
        hinders: whether it stands in the way, if only for a while.
    """

    code: ReasonCode
    text: str
    hinders: bool = True


@frozen(kw_only=True)
class Contactable:
    """Whether somebody may be written to.

    Attributes:
        allowed: whether it may be done at all; if ``not_before`` is set, not before that.
        reasons: all that speak against it, or what speaks for it.
        not_before: the end of quiet hours, UTC; None if it may be done at once, or not at all.
    """

    allowed: bool
    reasons: tuple[Reason, ...]
    not_before: datetime | None = None

    @property
    def now(self) -> bool:
        """Whether it may be done at once."""
        return self.allowed and self.not_before is None

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the reasons."""
        return frozenset(reason.code for reason in self.reasons)
