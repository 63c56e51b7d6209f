"""What crmkit reads before it imports anything else of this plugin."""

from __future__ import annotations

from datetime import timedelta

from crmkit.sdk import Manifest, Permission, Schedule

MANIFEST = Manifest(
    id="dedupe",
    distribution="crmkit",
    api=">=1,<2",
    extra="dedupe",
    summary="Proposes duplicates among parties, on write and in bulk, and merges them on approval.",
    settings="crmkit.plugins.dedupe.config:Settings",
    tables="crmkit.plugins.dedupe.tables",
    migrations="crmkit.plugins.dedupe:migrations",
    services=("crmkit.plugins.dedupe.service:Dedupe",),
    permissions=(
        Permission("dedupe.key.read", "Look for duplicates by names and addresses"),
        Permission("dedupe.party.compare", "Compare parties that have changed"),
    ),
    implementation="crmkit.plugins.dedupe.plugin:DedupePlugin",
    cli="crmkit.plugins.dedupe.cli:group",
    schedules=(
        Schedule(
            name="compare_changed",
            run="crmkit.plugins.dedupe.jobs:compare_changed",
            role="dedupe",
            every=timedelta(minutes=1),
            imports=("jellyfish",),
        ),
    ),
)
