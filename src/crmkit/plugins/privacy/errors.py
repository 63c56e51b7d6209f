"""What can be wrong with a question of privacy, beyond the errors of crmkit itself."""

from __future__ import annotations

from collections.abc import Iterable

from crmkit.sdk import InvalidValueError

__all__ = ["UnknownPurposeError", "UnknownTextError"]


class UnknownPurposeError(InvalidValueError):
    """A purpose that the tenant has not defined."""

    code = "unknown_purpose"

    def __init__(self, purpose: object, known: Iterable[str]) -> None:
        self.known = tuple(sorted(known))
        there = ", ".join(self.known) or "none"
        super().__init__("purpose", purpose, f"is not defined (there are: {there}); define it: crmkit privacy purpose")


class UnknownTextError(InvalidValueError):
    """A version of a text of consent that the tenant does not have."""

    code = "unknown_consent_text"

    def __init__(self, purpose: str, version: object, known: Iterable[str]) -> None:
        self.purpose, self.known = purpose, tuple(sorted(known))
        there = ", ".join(self.known) or "none"
        reason = f"is no text for {purpose!r} (there are: {there}); add it with add_text, so that it can be shown later"
        super().__init__("text_version", version, reason)
