"""What happened to deals, and to other records that move through stages."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event
from crmkit.values.money import Money

__all__ = ["DealChanged", "DealLost", "DealMoved", "DealOpened", "DealReopened", "DealWon", "RecordMoved"]


@frozen(kw_only=True)
class DealOpened(Event):
    """A deal has been opened.

    Attributes:
        deal_id: the deal.
        party_id: its party.
        pipeline: the key of its pipeline.
        stage: the key of the stage in which it begins.
        amount: what it would bring; None if unknown.
    """

    deal_id: UUID
    party_id: UUID
    pipeline: str
    stage: str
    amount: Money | None = None


@frozen(kw_only=True)
class DealChanged(Event):
    """A deal's own attributes have changed: title, amount, owner and the like; not its stage.

    Attributes:
        deal_id: the deal.
        party_id: its party.
    """

    deal_id: UUID
    party_id: UUID


@frozen(kw_only=True)
class DealMoved(Event):
    """A deal has entered another stage; told of every move, also of those that `DealWon` and the like tell more about.

    Attributes:
        deal_id: the deal.
        party_id: its party.
        pipeline: the key of its pipeline.
        from_stage: the key of the stage that it left.
        to_stage: the key of the stage that it entered.
        reason: why, if a reason was told.
    """

    deal_id: UUID
    party_id: UUID
    pipeline: str
    from_stage: str
    to_stage: str
    reason: str | None = None


@frozen(kw_only=True)
class DealWon(Event):
    """A deal has been won.

    Attributes:
        deal_id: the deal.
        party_id: its party.
        pipeline: the key of its pipeline.
        amount: what it brings; None if unknown.
    """

    deal_id: UUID
    party_id: UUID
    pipeline: str
    amount: Money | None = None


@frozen(kw_only=True)
class DealLost(Event):
    """A deal has been lost.

    Attributes:
        deal_id: the deal.
        party_id: its party.
        pipeline: the key of its pipeline.
        reason: why.
        amount: what it would have brought; None if unknown.
    """

    deal_id: UUID
    party_id: UUID
    pipeline: str
    reason: str
    amount: Money | None = None


@frozen(kw_only=True)
class DealReopened(Event):
    """A deal that was won or lost is open again.

    Attributes:
        deal_id: the deal.
        party_id: its party.
        pipeline: the key of its pipeline.
        stage: the key of the stage that it returned to.
    """

    deal_id: UUID
    party_id: UUID
    pipeline: str
    stage: str


@frozen(kw_only=True)
class RecordMoved(Event):
    """A record of a staged entity other than deals has entered another stage.

    Attributes:
        entity: the entity's name.
        id: the record.
        pipeline: the key of its pipeline.
        from_stage: the key of the stage that it left.
        to_stage: the key of the stage that it entered.
        reason: why, if a reason was told.
    """

    entity: str
    id: UUID
    pipeline: str
    from_stage: str
    to_stage: str
    reason: str | None = None
