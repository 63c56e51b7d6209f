"""What crmkit reads before it imports anything else of this plugin."""

from __future__ import annotations

from crmkit.sdk import Manifest, Permission

MANIFEST = Manifest(
    id="exchange",
    distribution="crmkit",
    api=">=1,<2",
    summary="Import and export of parties: CSV and vCard, with preview, mapping, upsert and resuming.",
    settings="crmkit.plugins.exchange.config:Settings",
    tables="crmkit.plugins.exchange.tables",
    migrations="crmkit.plugins.exchange:migrations",
    services=("crmkit.plugins.exchange.service:Exchange",),
    permissions=(Permission("exchange.party.export", "Export parties"),),
    implementation="crmkit.plugins.exchange.plugin:ExchangePlugin",
    cli="crmkit.plugins.exchange.cli:group",
)
