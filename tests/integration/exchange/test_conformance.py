"""The bundled plugin keeps to everything that the conformance checks ask of any plugin."""

from crmkit.plugins.exchange.manifest import MANIFEST
from crmkit.testing import PluginConformance


class TestExchange(PluginConformance):
    manifest = MANIFEST
