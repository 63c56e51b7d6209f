"""How long texts of this area may be."""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_LINE", "MAX_NOTE"]

MAX_LINE: Final = 1_000
"""Characters in a label, title, reason, source or id of an actor."""
MAX_NOTE: Final = 20_000
"""Characters in a note."""
