"""The kit for tests of applications and plugins: a started CRM, actors, records, recorded events, conformance checks.

Its fixtures come with pytest by themselves where crmkit is installed; see `crmkit.testing.plugin`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.testing.actors import Actors
    from crmkit.testing.conformance import PluginConformance
    from crmkit.testing.databases import Databases
    from crmkit.testing.delivering import Delivered, deliver
    from crmkit.testing.factories import a_deal, a_person, an_activity, an_interaction, an_organisation
    from crmkit.testing.recorder import Recorder

__all__ = [
    "Actors",
    "Databases",
    "Delivered",
    "PluginConformance",
    "Recorder",
    "a_deal",
    "a_person",
    "an_activity",
    "an_interaction",
    "an_organisation",
    "deliver",
]

_MODULES = {
    "Actors": "actors",
    "Databases": "databases",
    "Delivered": "delivering",
    "PluginConformance": "conformance",
    "Recorder": "recorder",
    "a_deal": "factories",
    "a_person": "factories",
    "an_activity": "factories",
    "an_interaction": "factories",
    "an_organisation": "factories",
    "deliver": "delivering",
}


def __getattr__(name: str) -> object:
    # pytest imports this package wherever crmkit is installed; whoever does not test crmkit shall not wait for it.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
