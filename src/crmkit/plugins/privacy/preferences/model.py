"""How a party likes to be reached, or not."""

from __future__ import annotations

import re
from datetime import time
from typing import Any, Final
from uuid import UUID

from attrs import Attribute, field, frozen

from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["Preference"]

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")


def _time(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not (isinstance(value, str) and _TIME.match(value)):
        raise InvalidValueError(attribute.name, value, "is no time of day; write it like '21:30'")


@frozen(kw_only=True)
class Preference(Record):
    """How a party likes one channel, or all of them.

    Attributes:
        party_id: whose preference it is.
        channel: the key of the channel, or ``any``.
        refused: whether the party does not want to be reached over it for anything that needs consent.
        quiet_from: from when on it is not to be disturbed, on its own clock, such as ``20:00``; None for as configured.
        quiet_until: until when; both or none.
        remark: what else is to be known, such as ``only in the afternoon``.
    """

    party_id: UUID
    channel: str = field(validator=checks.key)
    refused: bool = False
    quiet_from: str | None = field(default=None, validator=_time)
    quiet_until: str | None = field(default=None, validator=_time)
    remark: str | None = field(default=None, validator=checks.text(1_000))

    def __attrs_post_init__(self) -> None:
        if (self.quiet_from is None) != (self.quiet_until is None):
            given = self.quiet_from or self.quiet_until
            raise InvalidValueError("quiet_from", given, "is one end of quiet hours; name both, or none")

    @property
    def hours(self) -> tuple[time, time] | None:
        """The quiet hours; None for as configured."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        return time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_until)
