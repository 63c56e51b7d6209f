"""Mail out and in: one outgoing path for every plugin, and what comes back.

Other plugins and applications import from here; everything else is this plugin's own business. The names are fetched
when they are first asked for, since reading the manifest imports this package too.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.plugins.email.clicking import Reply, one_click
    from crmkit.plugins.email.config import Settings
    from crmkit.plugins.email.errors import MailFormatError, NotContactableError, TemplateError
    from crmkit.plugins.email.events import (
        MailReceived,
        MessageBounced,
        MessageComplained,
        MessageFailed,
        MessageQueued,
        MessageSent,
        MessageWithheld,
        Unsubscribed,
    )
    from crmkit.plugins.email.model import Lane, Message, Template
    from crmkit.plugins.email.receiving.service import Received
    from crmkit.plugins.email.sending.composing import Enclosure
    from crmkit.plugins.email.sending.courier import Courier, Handed
    from crmkit.plugins.email.service import Email
    from crmkit.plugins.email.tables import MESSAGE
    from crmkit.plugins.email.templates.service import Content

__all__ = [
    "MESSAGE",
    "Content",
    "Courier",
    "Email",
    "Enclosure",
    "Handed",
    "Lane",
    "MailFormatError",
    "MailReceived",
    "Message",
    "MessageBounced",
    "MessageComplained",
    "MessageFailed",
    "MessageQueued",
    "MessageSent",
    "MessageWithheld",
    "NotContactableError",
    "Received",
    "Reply",
    "Settings",
    "Template",
    "TemplateError",
    "Unsubscribed",
    "one_click",
]

_MODULES = {
    "clicking": ("Reply", "one_click"),
    "config": ("Settings",),
    "errors": ("MailFormatError", "NotContactableError", "TemplateError"),
    "events": (
        "MailReceived",
        "MessageBounced",
        "MessageComplained",
        "MessageFailed",
        "MessageQueued",
        "MessageSent",
        "MessageWithheld",
        "Unsubscribed",
    ),
    "model": ("Lane", "Message", "Template"),
    "receiving.service": ("Received",),
    "sending.composing": ("Enclosure",),
    "sending.courier": ("Courier", "Handed"),
    "service": ("Email",),
    "tables": ("MESSAGE",),
    "templates.service": ("Content",),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
