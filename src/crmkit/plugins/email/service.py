"""The service: ``uow.use(Email)``. Its chapters are in `templates`, `sending` and `receiving`."""

from __future__ import annotations

from crmkit.plugins.email.receiving.service import Receiving

__all__ = ["Email"]


class Email(Receiving):
    """Mail out and in: templates, sending, what became of messages, and what comes in."""
