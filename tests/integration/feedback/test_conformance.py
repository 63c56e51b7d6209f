"""The bundled plugin keeps to everything that the conformance checks ask of any plugin."""

from datetime import UTC, datetime
from decimal import Decimal

from crmkit import Party, Person
from crmkit.plugins.feedback import Drop
from crmkit.plugins.feedback.manifest import MANIFEST
from crmkit.testing import PluginConformance


def drop(party_id=None, **given):
    """A drop is one of a party or of an agent, which types do not say."""
    agent = "sam" if party_id is None else None
    since = datetime(2026, 3, 2, 9, tzinfo=UTC)
    return Drop(party_id=party_id, agent_id=agent, before=Decimal("0.75"), after=Decimal("0.25"), since=since, **given)


class TestFeedback(PluginConformance):
    manifest = MANIFEST
    examples = {Party: lambda: Person(given_name="Ida"), Drop: drop}  # noqa: RUF012  # as the kit declares it
