"""The metadata that all tables of this plugin belong to."""

from __future__ import annotations

from typing import Final

from crmkit.sdk import Field, new_metadata

__all__ = ["PERSONAL", "metadata"]

metadata = new_metadata()

PERSONAL: Final = Field(data_class="personal")
"""A field that tells something about a person."""
