"""What crmkit reads before it imports anything else of this plugin."""

from __future__ import annotations

from datetime import time

from crmkit.sdk import Manifest, Permission, Schedule

MANIFEST = Manifest(
    id="membership",
    distribution="crmkit-membership",
    api=">=1,<2",
    summary="Membership cards with levels, validity and points.",
    settings="crmkit_membership.config:Settings",
    tables="crmkit_membership.tables",
    migrations="crmkit_membership:migrations",
    services=("crmkit_membership.service:Membership",),
    permissions=(Permission("membership.card.issue", "Issue membership cards"),),
    implementation="crmkit_membership.plugin:MembershipPlugin",
    cli="crmkit_membership.cli:group",
    schedules=(
        Schedule(name="plan_renewals", run="crmkit_membership.jobs:plan_renewals", role="membership", daily_at=time(5)),
    ),
)
