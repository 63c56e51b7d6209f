"""How long texts of this area may be."""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_BODY", "MAX_LINE"]

MAX_LINE: Final = 1_000
"""Characters in a summary, subject, label, reason or name."""
MAX_BODY: Final = 200_000
"""Characters in a body or note."""
