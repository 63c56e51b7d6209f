"""Where plugins have a say in the 360 view."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.hooks.hook import Collect
from crmkit.core.parties.model import Party
from crmkit.core.parties.view.model import Section

__all__ = ["PartyViewing", "party_viewing"]


@frozen(kw_only=True)
class PartyViewing:
    """The party that is being viewed.

    Attributes:
        party: as the actor may see it.
        related_ids: ids of the parties to which it stands in a relationship, as far as the actor may see them: what
            concerns an organisation often hangs on the people who work there.
    """

    party: Party
    related_ids: tuple[UUID, ...]


party_viewing: Final = Collect(
    "party_viewing",
    PartyViewing,
    Section,
    doc="""Asked whenever somebody looks at the 360 view of a party. A plugin answers with the section that it adds to
    the view: what a colleague who is about to talk to this party should know.""",
)
"""Adds a section to the 360 view of a party.

When: once per look at a party's 360 view, after the party and its parts were read. Transaction: that of the unit that
reads. Answers: all sections are shown, ordered by their ``order``, then by plugin. It may not write, and sees only
what the actor may see. Raising leaves the section out; the others are shown, and the plugin's health records the fault.
"""
