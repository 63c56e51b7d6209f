"""Settings: the section ``[plugins.exchange]`` of ``crmkit.toml``."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import and_, deep_iterable, ge, instance_of, le

from crmkit.plugins.exchange.rules import DEFAULT_MATCH, check_match

__all__ = ["Settings"]


@frozen(kw_only=True)
class Settings:
    """How files are imported and exported here.

    Attributes:
        batch_size: rows in one unit of work, 1 to 1000. What fails is redone in smaller parts; what is undone, batch by
            batch.
        match: by what a row is recognised as a party that is there already, tried in this order; see
            `crmkit.plugins.exchange.rules.check_match`.
        region: where phone numbers in national form are dialled (ISO 3166-1 alpha-2); that of ``[parties]`` by default.
        max_columns: columns that a CSV file may have.
        max_card_bytes: bytes that a vCard may have, its pictures included.
    """

    batch_size: int = field(default=500, validator=and_(ge(1), le(1_000)))
    match: tuple[str, ...] = field(default=DEFAULT_MATCH, validator=[deep_iterable(instance_of(str)), check_match])
    region: str | None = None
    max_columns: int = field(default=1_000, validator=ge(1))
    max_card_bytes: int = field(default=4 << 20, validator=ge(1_000))
