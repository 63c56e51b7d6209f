"""What crmkit reads before it imports anything else of this plugin."""

from __future__ import annotations

from datetime import time

from crmkit.sdk import Bridge, Manifest, Permission, Schedule

MANIFEST = Manifest(
    id="feedback",
    distribution="crmkit",
    api=">=1,<2",
    summary="How satisfied parties are, asked by signed links; their mood and needs; drops and silences noticed.",
    needs={"privacy": ""},
    settings="crmkit.plugins.feedback.config:Settings",
    tables="crmkit.plugins.feedback.tables",
    migrations="crmkit.plugins.feedback:migrations",
    services=(
        "crmkit.plugins.feedback.service:Feedback",
        "crmkit.plugins.feedback.by_mail.service:SurveyMail",
    ),
    permissions=(Permission("feedback.survey.answer", "Take the answers of parties that follow links"),),
    implementation="crmkit.plugins.feedback.plugin:FeedbackPlugin",
    cli="crmkit.plugins.feedback.cli:group",
    schedules=(
        Schedule(
            name="look_for_silences",
            run="crmkit.plugins.feedback.silences.jobs:look_for_silences",
            role="feedback",
            daily_at=time(4),
            errand=True,
        ),
    ),
    bridges=(
        Bridge(when=("service_desk",), implementation="crmkit.plugins.feedback.after_cases.plugin:AfterCases"),
        Bridge(when=("email",), implementation="crmkit.plugins.feedback.by_mail.plugin:ByMail"),
    ),
    needs_keys=True,
)
