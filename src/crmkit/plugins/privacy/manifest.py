"""What crmkit reads before it imports anything else of this plugin."""

from __future__ import annotations

from datetime import time

from crmkit.sdk import Manifest, Permission, Schedule

MANIFEST = Manifest(
    id="privacy",
    distribution="crmkit",
    api=">=1,<2",
    summary="Who may be written to for what: consents, suppressions, preferences and quiet hours.",
    settings="crmkit.plugins.privacy.config:Settings",
    tables="crmkit.plugins.privacy.tables",
    migrations="crmkit.plugins.privacy:migrations",
    services=("crmkit.plugins.privacy.service:Privacy",),
    permissions=(
        Permission("privacy.consent_state.read", "Filter parties by what they have consented to"),
        Permission("privacy.suppression.lift", "Write again to an address that was suppressed"),
    ),
    implementation="crmkit.plugins.privacy.plugin:PrivacyPlugin",
    cli="crmkit.plugins.privacy.cli:group",
    needs_keys=True,
    schedules=(
        Schedule(
            name="retention", run="crmkit.plugins.privacy.retention.jobs:retain", role="retention", daily_at=time(3)
        ),
    ),
)
