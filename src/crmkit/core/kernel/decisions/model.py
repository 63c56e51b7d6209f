"""What a decision is."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional

from crmkit.core.kernel.entities.entity import Record
from crmkit.errors import InvalidValueError
from crmkit.values import checks
from crmkit.values.checks import in_utc, in_utc_or_none, instant, key
from crmkit.values.ref import Ref

__all__ = ["MAX_TEXT", "Decision"]

MAX_TEXT: Final = 20_000
"""Characters in what was decided, and in its basis."""
MAX_ACTOR: Final = 1_000


@frozen(kw_only=True)
class Decision(Record):
    """Something that was decided about a record. Never edited: a later decision supersedes it.

    Attributes:
        subject: the entity of the record that it is about, such as ``party``.
        subject_id: that record's id.
        text: what was decided.
        basis: on which grounds, so that whoever is asked later can say why.
        author_id: the actor who decided.
        decided_at: when, UTC.
        valid_until: when it ceases to hold, UTC; None if it holds until it is superseded.
        supersedes_id: the decision about the same record that it puts an end to; None for none.
    """

    subject: str = field(validator=key)
    subject_id: UUID
    text: str = field(validator=checks.text(MAX_TEXT))
    basis: str = field(validator=checks.text(MAX_TEXT))
    author_id: str = field(validator=checks.text(MAX_ACTOR))
    decided_at: datetime = field(converter=in_utc, validator=instant)
    valid_until: datetime | None = field(default=None, converter=in_utc_or_none, validator=optional(instant))
    supersedes_id: UUID | None = None

    def __attrs_post_init__(self) -> None:
        if self.valid_until is not None and self.valid_until <= self.decided_at:
            raise InvalidValueError(
                "valid_until", self.valid_until, f"is not after {self.decided_at}, when it was decided"
            )

    @property
    def ref(self) -> Ref:
        """The record that it is about."""
        return Ref(self.subject, self.subject_id)
