"""The errors of assets."""

from __future__ import annotations

from datetime import date

from crmkit.sdk import ConflictError

__all__ = ["TermsOverlapError"]


class TermsOverlapError(ConflictError):
    """Two terms of an asset would cover the same day; ``other`` says from when to when the other one runs."""

    code = "service_desk.terms_overlap"

    def __init__(self, starts_on: date, ends_on: date, *, other: tuple[date, date]) -> None:
        self.starts_on, self.ends_on, self.other = starts_on, ends_on, other
        first, last = other
        super().__init__(
            f"the term from {starts_on} to {ends_on} overlaps with the one from {first} to {last}; "
            "let one begin after the other has ended"
        )
