"""Settings: the section ``[plugins.membership]`` of ``crmkit.toml``."""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen
from attrs.validators import ge, min_len

from crmkit.sdk import Money

__all__ = ["Settings"]


@frozen(kw_only=True)
class Settings:
    """How membership works here.

    Attributes:
        levels: the levels that a card can have, lowest first.
        months: how long a card is valid, and by how much it is renewed; months.
        max_cards: how many valid cards a party can have at the same time.
        notice: how many days before a card ends somebody is to be asked about its renewal.
        rate: points for each unit of currency of a deal that is won; any currency counts alike.
        card_above: deals of more than this, in its currency, are won only with holders of a valid card; none by
            default.
    """

    levels: tuple[str, ...] = field(default=("silver", "gold"), validator=min_len(1))
    months: int = field(default=12, validator=ge(1))
    max_cards: int = field(default=1, validator=ge(1))
    notice: int = field(default=30, validator=ge(0))
    rate: Decimal = field(default=Decimal("0.1"), validator=ge(Decimal(0)))
    card_above: Money | None = None
