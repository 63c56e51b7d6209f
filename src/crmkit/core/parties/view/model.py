"""What the 360 view shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from crmkit.core.parties.identifiers.model import Identifier
from crmkit.core.parties.lifecycle.model import LifecycleEntry
from crmkit.core.parties.mechanisms.model import Mechanism
from crmkit.core.parties.model import Party
from crmkit.core.parties.relationships.model import RelatedParty
from crmkit.core.parties.roles.model import PartyRole

__all__ = ["PartyView", "Section"]


def _as_items(items: Iterable[tuple[str, object]]) -> tuple[tuple[str, str], ...]:
    return tuple((label, str(value)) for label, value in items)


def _as_data(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(data))


@frozen(kw_only=True)
class Section:
    """What one plugin has to say about a party: titled lines for people, and the same as data for programs.

    The command line prints the items, an interface shows them as a list; neither needs to know the plugin. ::

        Section(
            key="membership",
            title="Membership",
            items=(("Level", "Gold"), ("Since", "2024-03-01")),
            data={"level": "gold", "since": "2024-03-01"},
        )

    Attributes:
        key: names the section for programs; unique within the plugin.
        title: for people.
        items: label and text of each line, in order; a line that needs no label has an empty one.
        data: the same for programs, in JSON form.
        order: sections with lower numbers come first; those of the core are below 100.
        plugin: who said it; filled in by crmkit.
    """

    key: str
    title: str
    items: tuple[tuple[str, str], ...] = field(default=(), converter=_as_items)
    data: Mapping[str, Any] = field(factory=dict, converter=_as_data, hash=False)
    order: int = 100
    plugin: str = ""


@frozen(kw_only=True)
class PartyView:
    """All that is known of a party and that the actor may see.

    Attributes:
        party: the party itself.
        mechanisms: how to reach it, in the order in which they were added.
        identifiers: what it is called elsewhere.
        relationships: to which parties it stands how, from either end; open ones first.
        roles: what it is and was to us.
        lifecycle: its stays at stages of the lifecycle, oldest first.
        sections: what plugins say, in order.
    """

    party: Party
    mechanisms: tuple[Mechanism, ...]
    identifiers: tuple[Identifier, ...]
    relationships: tuple[RelatedParty, ...]
    roles: tuple[PartyRole, ...]
    lifecycle: tuple[LifecycleEntry, ...]
    sections: tuple[Section, ...]
