"""What the kernel registers for erasure; an area, although it knows no CRM noun."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.erasure.events import RecordErased
from crmkit.core.kernel.erasure.hooks import records_erasing
from crmkit.core.kernel.erasure.service import Erasure
from crmkit.core.kernel.plugins.manifest import Permission
from crmkit.core.kernel.plugins.plugin import Area

__all__ = ["ERASURE"]


class ErasureArea(Area):
    """Erasing what is about a person, and telling all of it; whether and when is up to a plugin."""

    id = "erasure"
    services = (Erasure,)
    permissions = (
        Permission("erasure.erase", "Erase a person, in every table and in history, for ever"),
        Permission("erasure.subject", "Read everything about a person, over all plugins"),
    )
    events = (RecordErased,)
    declares = (records_erasing,)


ERASURE: Final = ErasureArea()
"""The area."""
