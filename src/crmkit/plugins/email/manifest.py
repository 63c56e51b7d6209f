"""What crmkit reads before it imports anything else of this plugin."""

from __future__ import annotations

from datetime import timedelta

from crmkit.sdk import Manifest, Permission, Schedule

MANIFEST = Manifest(
    id="email",
    distribution="crmkit",
    api=">=1,<2",
    label="E-mail",
    summary="Mail out and in: templates, one message per key and recipient, threads, bounces, unsubscription.",
    needs={"privacy": ""},
    settings="crmkit.plugins.email.config:Settings",
    tables="crmkit.plugins.email.tables",
    migrations="crmkit.plugins.email:migrations",
    services=("crmkit.plugins.email.service:Email",),
    permissions=(
        Permission("email.message.deliver", "Hand messages over to the mail server"),
        Permission("email.message.receive", "Take in messages"),
        Permission("email.message.unsubscribe", "Withdraw consents by the links in messages"),
    ),
    implementation="crmkit.plugins.email.plugin:EmailPlugin",
    cli="crmkit.plugins.email.cli:group",
    schedules=(
        Schedule(
            name="deliver",
            run="crmkit.plugins.email.jobs:deliver",
            role="courier",
            every=timedelta(minutes=1),
            errand=True,
        ),
    ),
    needs_keys=True,
)
