"""What a contact mechanism is: one way to reach a party."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.parties.rules import check_period
from crmkit.core.parties.text import MAX_LINE, cleaned_lines, cleaned_or_none, lines_or_none, text
from crmkit.values.checks import day, in_utc_or_none, instant, key, one_of

__all__ = ["KINDS", "MAX_RAW", "Mechanism", "MechanismKind"]

MechanismKind = Literal["email", "phone", "postal", "handle", "url"]
KINDS: Final[tuple[MechanismKind, ...]] = get_args(MechanismKind)

MAX_RAW: Final = 512
"""Characters in a mechanism, so that its normalised form fits into an index page of either database."""


@frozen(kw_only=True)
class Mechanism(Record):
    """One way to reach a party. `mechanism` and `address` construct it and normalise what is given.

    Attributes:
        party_id: who is reached.
        kind: email, phone, postal, handle or url.
        raw: as it was given.
        normalised: the one form for what can be written in many ways: of a phone number E.164, with ``;ext=`` and the
            extension where there is one; None if the raw text was kept although it is malformed.
        search_key: what it is found by; the same for every spelling.
        label: what it is used for, such as ``work``, ``home``, ``mobile`` or ``fax``.
        is_primary: whether it is the one to use among those of its kind.
        verified_at: when it was proved to reach the party, UTC; None if nobody proved it.
        valid_from: the first day on which it reaches the party; None if that is unknown.
        valid_until: the last day on which it does; None while it lasts.
        country: of a phone number the region that it belongs to (ISO 3166-1 alpha-2), of an address the country.
        service: of a handle, where it is one: ``telegram``, ``linkedin``, ``xmpp`` ...
        street: of an address, everything up to the street and number; may have several lines.
        locality: of an address, city or village.
        region: of an address, state or province.
        postal_code: of an address.
    """

    party_id: UUID
    kind: MechanismKind = field(validator=one_of(KINDS))
    raw: str = field(converter=cleaned_lines, validator=text(MAX_RAW))
    normalised: str | None = field(default=None, validator=text(MAX_RAW))
    search_key: str = field(validator=text(MAX_RAW))
    label: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    is_primary: bool = False
    verified_at: datetime | None = field(default=None, converter=in_utc_or_none, validator=instant)
    valid_from: date | None = field(default=None, validator=day)
    valid_until: date | None = field(default=None, validator=day)
    country: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    service: str | None = field(default=None, validator=key)
    street: str | None = field(default=None, converter=lines_or_none, validator=text(MAX_LINE))
    locality: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    region: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    postal_code: str | None = field(default=None, converter=cleaned_or_none, validator=text())

    def __attrs_post_init__(self) -> None:
        check_period(self.valid_from, self.valid_until)
