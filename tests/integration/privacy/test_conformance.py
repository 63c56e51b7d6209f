"""The bundled plugin keeps to everything that the conformance checks ask of any plugin."""

from crmkit import Party, Person
from crmkit.plugins.privacy.manifest import MANIFEST
from crmkit.testing import PluginConformance


class TestPrivacy(PluginConformance):
    manifest = MANIFEST
    examples = {Party: lambda: Person(given_name="Ida")}  # noqa: RUF012  # as the kit declares it
