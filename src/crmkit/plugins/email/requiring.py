"""What the extra `email` brings."""

from __future__ import annotations

from functools import partial
from typing import Final

from crmkit.sdk import required_module

__all__ = ["required"]

required: Final = partial(required_module, install="crmkit[email]")
