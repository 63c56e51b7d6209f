"""What a lifecycle stage is, and a party's stay in one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.parties.text import MAX_NOTE, cleaned_or_none, text
from crmkit.core.parties.vocabulary import Term
from crmkit.values.checks import in_utc, in_utc_or_none, instant, key

__all__ = ["LifecycleEntry", "LifecycleStage"]


@frozen(kw_only=True)
class LifecycleStage(Term):
    """A stage at which a party can stand with us; its key is such as ``prospect``. Any stage may follow any other.

    Attributes:
        position: its place among the stages when they are shown, from 1.
    """

    position: int = 1


@frozen(kw_only=True)
class LifecycleEntry(Record):
    """One stay of a party at one stage. Who moved it is in the history.

    Attributes:
        party_id: the party.
        stage: key of the stage.
        entered_at: since when, UTC.
        left_at: until when, UTC; None for the stage at which it stands.
        reason: why it came to this stage.
    """

    party_id: UUID
    stage: str = field(validator=key)
    entered_at: datetime = field(converter=in_utc, validator=instant)
    left_at: datetime | None = field(default=None, converter=in_utc_or_none, validator=instant)
    reason: str | None = field(default=None, converter=cleaned_or_none, validator=text(MAX_NOTE))
