"""Where the plugin's tables are collected; each noun declares its own, and `tables` brings them together."""

from __future__ import annotations

from crmkit.sdk import new_metadata

__all__ = ["metadata"]

metadata = new_metadata()
