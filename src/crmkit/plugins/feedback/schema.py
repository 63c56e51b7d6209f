"""Where the plugin's tables are collected; each noun declares its own, and `tables` brings them together."""

from __future__ import annotations

from typing import Final

from crmkit.sdk import Field, new_metadata

__all__ = ["FOUND", "PERSONAL", "metadata"]

metadata = new_metadata()

PERSONAL: Final = Field(data_class="personal")
FOUND: Final = Field(data_class="personal", searchable=True)
"""Personal, and covered by search."""
