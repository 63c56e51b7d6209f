"""What crmkit reads before it imports anything else of this plugin."""

from __future__ import annotations

from datetime import time, timedelta

from crmkit.sdk import Bridge, Manifest, Permission, Schedule

MANIFEST = Manifest(
    id="service_desk",
    distribution="crmkit",
    api=">=1,<2",
    summary="Cases from any channel: numbered, routed, answered and resolved within promised times.",
    settings="crmkit.plugins.service_desk.config:Settings",
    tables="crmkit.plugins.service_desk.tables",
    migrations="crmkit.plugins.service_desk:migrations",
    services=(
        "crmkit.plugins.service_desk.service:ServiceDesk",
        "crmkit.plugins.service_desk.mail.service:CaseMail",
        "crmkit.plugins.service_desk.sla.service:Promises",
        "crmkit.plugins.service_desk.assets.service:Assets",
        "crmkit.plugins.service_desk.returns.service:Returns",
        "crmkit.plugins.service_desk.reports.service:DeskReports",
    ),
    cli="crmkit.plugins.service_desk.cli:group",
    permissions=(Permission("service_desk.case.distribute", "Distribute cases among agents"),),
    implementation="crmkit.plugins.service_desk.plugin:ServiceDeskPlugin",
    bridges=(Bridge(when=("email",), implementation="crmkit.plugins.service_desk.mail.plugin:MailBridge"),),
    schedules=(
        Schedule(
            name="distribute",
            run="crmkit.plugins.service_desk.jobs:distribute",
            role="service_desk",
            every=timedelta(minutes=1),
        ),
        Schedule(
            name="close_resolved",
            run="crmkit.plugins.service_desk.jobs:close_resolved",
            role="service_desk",
            every=timedelta(hours=1),
        ),
        Schedule(
            name="tell_promises",
            run="crmkit.plugins.service_desk.sla.jobs:tell_promises",
            role="service_desk",
            every=timedelta(minutes=1),
        ),
        Schedule(
            name="recount",
            run="crmkit.plugins.service_desk.sla.jobs:recount",
            role="service_desk",
            every=timedelta(minutes=1),
            errand=True,
        ),
        Schedule(
            name="extend_calendars",
            run="crmkit.plugins.service_desk.sla.jobs:extend_calendars",
            role="service_desk",
            daily_at=time(4),
        ),
        Schedule(
            name="announce_ends",
            run="crmkit.plugins.service_desk.assets.jobs:announce_ends",
            role="service_desk",
            daily_at=time(5),
            errand=True,
        ),
    ),
)
