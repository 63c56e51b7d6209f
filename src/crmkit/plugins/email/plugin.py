"""What this plugin contributes. Read it first: it is the table of contents."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

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
from crmkit.plugins.email.hooks import keep_sent, show_mail
from crmkit.plugins.email.tables import LANE, MESSAGE, TEMPLATE
from crmkit.sdk import AlreadyExistsError, Permissions, Plugin, Rule, UnitOfWork, party_viewing, records_changing

__all__ = ["EmailPlugin"]

COURIER: Final = ("email.message.deliver", "email.message.update", "email.lane.*", "*.read", "interaction.create")
ROUTE: Final = ("email.message.receive", "email.message.unsubscribe", "email.message.create", "email.message.update")
WRITER: Final = ("email.message.create", "email.message.read", "email.message.update", "email.template.*")
SUPPRESSING: Final = ("privacy.suppression.record",)
CORRESPONDING: Final = ("interaction.create", "thread.create", "attachment.create")

ROLES: Final = (
    (
        "courier",
        "Courier",
        "By these rights the plugin sends messages: it reads what they are about, and may do nothing else.",
        (*COURIER, *SUPPRESSING),
    ),
    (
        "mail_route",
        "Mail route",
        "For the application's routes: takes in messages, and unsubscriptions by the links in messages.",
        (*ROUTE, *CORRESPONDING, *SUPPRESSING, "*.read", "privacy.consent.record"),
    ),
    (
        "correspondent",
        "Correspondent",
        "Writes to the parties that other roles let one see, and reads and writes templates.",
        (*WRITER, *CORRESPONDING, "privacy.purpose.read"),
    ),
)
"""Key, label, description and permissions of the roles that a tenant begins with."""


class EmailPlugin(Plugin):
    """Mail.

    ``templates`` decides what messages say, ``sending`` hands them over once and only once, ``receiving`` takes apart
    what comes in and finds out whose it is, ``clicking`` answers the requests to unsubscribe.
    """

    entities = (MESSAGE, TEMPLATE, LANE)
    events = (
        MailReceived,
        MessageBounced,
        MessageComplained,
        MessageFailed,
        MessageQueued,
        MessageSent,
        MessageWithheld,
        Unsubscribed,
    )
    hooks = (party_viewing.by(show_mail), records_changing.by(keep_sent))

    def seed(self, uow: UnitOfWork) -> None:
        """Define the roles that are not there yet; one that was changed is left as it is."""
        for key, label, description, permitted in ROLES:
            rules = [Rule(effect="permit", permission=permission) for permission in permitted]
            with suppress(AlreadyExistsError), uow.attempt():
                uow.use(Permissions).define_role(key, rules, label=label, description=description)
