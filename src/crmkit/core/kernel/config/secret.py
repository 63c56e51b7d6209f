"""Secrets: text that never prints."""

from __future__ import annotations

__all__ = ["MASK", "Secret"]

MASK = "***"
"""What is shown in the place of a secret."""


class Secret:
    """Text that never prints: a password, a token, a key.

    ``str``, ``repr`` and formatting give ``***``; `reveal` gives the text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; hand it to whoever needs it, and keep it nowhere."""
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))
