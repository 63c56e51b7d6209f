"""What the service desk contributes while `email` is enabled, too."""

from __future__ import annotations

from crmkit.plugins.email import MailReceived
from crmkit.plugins.service_desk.mail.taking import take_mail
from crmkit.sdk import Plugin, on

__all__ = ["MailBridge"]


class MailBridge(Plugin):
    """Mail that becomes cases, and replies that join them."""

    hooks = (on(MailReceived, take_mail, durable=True),)
