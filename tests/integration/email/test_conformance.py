"""The bundled plugin keeps to everything that the conformance checks ask of any plugin."""

from crmkit import Party, Person, new_id
from crmkit.plugins.email import Message, Template
from crmkit.plugins.email.manifest import MANIFEST
from crmkit.testing import PluginConformance


class TestEmail(PluginConformance):
    manifest = MANIFEST
    examples = {  # noqa: RUF012  # as the kit declares it
        Party: lambda **given: Person(given_name="Ida", **given),
        Message: lambda **given: Message(message_id=f"{new_id()}@crm.example", **given),
        Template: lambda **given: Template(key="thanks", subject="Thanks", **given),
    }
