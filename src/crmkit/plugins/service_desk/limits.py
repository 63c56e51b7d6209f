"""How long texts of this plugin may be, and how many of something one asks for."""

from __future__ import annotations

from typing import Final

__all__ = ["LONGEST_BODY", "LONGEST_LINE", "MOST_SHOWN"]

LONGEST_LINE: Final = 1_000
"""Characters in a subject, label, reason or id of an actor."""
LONGEST_BODY: Final = 1_000_000
"""Characters in what a case is about, as in the body of an interaction."""
MOST_SHOWN: Final = 10
"""How many cases the 360 view names."""
