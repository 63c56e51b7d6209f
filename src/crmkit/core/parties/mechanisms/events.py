"""What can happen to contact mechanisms."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import frozen

from crmkit.core.parties.mechanisms.model import MechanismKind
from crmkit.values.event import Event

__all__ = ["MechanismAdded", "MechanismChanged", "MechanismEnded", "MechanismRemoved", "MechanismVerified"]


@frozen(kw_only=True)
class MechanismAdded(Event):
    """A party can be reached in one more way.

    Attributes:
        party: the party's id.
        mechanism: the mechanism's id.
        kind: email, phone, postal, handle or url.
    """

    party: UUID
    mechanism: UUID
    kind: MechanismKind


@frozen(kw_only=True)
class MechanismChanged(Event):
    """A contact mechanism changed: what it reaches, its label, or which one is primary.

    Attributes:
        party: the party's id.
        mechanism: the mechanism's id.
        kind: email, phone, postal, handle or url.
    """

    party: UUID
    mechanism: UUID
    kind: MechanismKind


@frozen(kw_only=True)
class MechanismVerified(Event):
    """A contact mechanism was proved to reach its party.

    Attributes:
        party: the party's id.
        mechanism: the mechanism's id.
        at: when it was proved, UTC.
    """

    party: UUID
    mechanism: UUID
    at: datetime


@frozen(kw_only=True)
class MechanismEnded(Event):
    """A contact mechanism reaches its party no more, or will not after a day to come.

    Attributes:
        party: the party's id.
        mechanism: the mechanism's id.
    """

    party: UUID
    mechanism: UUID


@frozen(kw_only=True)
class MechanismRemoved(Event):
    """A contact mechanism was deleted, as if it had never been.

    Attributes:
        party: the party's id.
        mechanism: the id that it had.
    """

    party: UUID
    mechanism: UUID
