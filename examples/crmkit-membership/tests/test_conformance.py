"""What every plugin has to keep to."""

from crmkit_membership.manifest import MANIFEST

from crmkit.testing import PluginConformance


class TestMembership(PluginConformance):
    manifest = MANIFEST
