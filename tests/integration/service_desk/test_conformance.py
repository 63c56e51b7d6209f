"""The bundled plugin keeps to everything that the conformance checks ask of any plugin."""

from datetime import date
from typing import Any

from crmkit import Party, Person, new_id
from crmkit.plugins.service_desk import Asset, Calendar, Policy, Return, Term
from crmkit.plugins.service_desk.manifest import MANIFEST
from crmkit.testing import PluginConformance

DAY = date(2026, 3, 2)


def calendar(**said: Any) -> Calendar:
    return Calendar(key="office", label="Office", week=[["08:00-16:00"]] * 5 + [[], []], **said)


class TestServiceDesk(PluginConformance):
    manifest = MANIFEST
    examples = {  # noqa: RUF012  # as the kit declares it
        Party: lambda: Person(given_name="Ida"),
        Calendar: calendar,
        Policy: lambda **said: Policy(label="All", first_response=60, **said),
        Asset: lambda **said: Asset(**{"party_id": new_id(), "name": "Boiler", "product": "B-7"} | said),
        Term: lambda **said: Term(**{"asset_id": new_id(), "starts_on": DAY, "ends_on": DAY} | said),
        Return: lambda **said: Return(
            **{"party_id": new_id(), "product": "B-7", "reason": "defective", "returned_on": DAY} | said
        ),
    }
