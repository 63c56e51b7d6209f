"""How much the plugin takes."""

from __future__ import annotations

from typing import Final

__all__ = ["LONGEST_KEY", "LONGEST_LINE", "LONGEST_TEXT"]

LONGEST_KEY: Final = 200
"""Characters in what names an ask where it comes from."""
LONGEST_LINE: Final = 1_000
"""Characters in one line."""
LONGEST_TEXT: Final = 10_000
"""Characters in a comment or need; what a stranger may leave behind by a link."""
