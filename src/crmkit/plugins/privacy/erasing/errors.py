"""What can be wrong with readmitting somebody."""

from __future__ import annotations

from crmkit.sdk import InvalidValueError

__all__ = ["NotErasedError"]


class NotErasedError(InvalidValueError):
    """Nobody who was erased is kept out by what was given."""

    code = "not_erased"

    def __init__(self) -> None:
        super().__init__("address", None, "keeps out nobody who was erased; just add the person")
