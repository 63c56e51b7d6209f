"""A plugin of the tests that has something to say about every party, but about one kind it stumbles."""

from __future__ import annotations

from crmkit.core.kernel.hooks.context import Context
from crmkit.core.kernel.plugins.manifest import Manifest
from crmkit.core.kernel.plugins.plugin import Plugin
from crmkit.core.parties.view.hooks import PartyViewing, party_viewing
from crmkit.core.parties.view.model import Section


def talk(context: Context, viewing: PartyViewing) -> Section:
    """Who is viewed, and how many parties it is related to."""
    if viewing.party.name == "Crash Inc.":
        message = "stumbled"
        raise RuntimeError(message)
    return Section(
        key="talk",
        title="Talk",
        items=(("About", viewing.party.name), ("Related", len(viewing.related_ids))),
        data={"related": [str(id_) for id_ in viewing.related_ids]},
    )


class ToyTalk(Plugin):
    """The plugin."""

    hooks = (party_viewing.by(talk),)


MANIFEST = Manifest(
    id="toytalk",
    distribution="crmkit-toytalk",
    version="1.0",
    api=">=1,<2",
    implementation="crm_toytalk:ToyTalk",
)
