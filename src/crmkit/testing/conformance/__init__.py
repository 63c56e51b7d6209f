"""What every plugin has to keep to, as tests to inherit.

A plugin's tests subclass `PluginConformance` and name the manifest::

    class TestMembership(PluginConformance):
        manifest = MANIFEST

Each check is a test whose name is the rule; a failure says what breaks it and what to do.
"""

from __future__ import annotations

from crmkit.testing.conformance.manifest_checks import ManifestChecks
from crmkit.testing.conformance.part_checks import PartChecks
from crmkit.testing.conformance.running_checks import RunningChecks
from crmkit.testing.conformance.table_checks import TableChecks

__all__ = ["PluginConformance"]


class PluginConformance(ManifestChecks, TableChecks, PartChecks, RunningChecks):
    """The checks that a plugin inherits. They run in this process on a database of their own, in seconds.

    Attributes:
        manifest: the plugin's.
        settings: what ``[plugins.<id>]`` in crmkit.toml would say; the plugin's required settings at least.
        others: manifests of plugins that it needs and that are not installed.
        examples: a function by model or event class, where no instance can be made from the types of its fields
            alone. It is called with keywords for some of the fields (ids of records to refer to) and gives an instance.
    """
