"""What can be configured about privacy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from attrs import Attribute, field, frozen

from crmkit.sdk import InvalidValueError, time_zone

__all__ = ["Settings"]


def _zone(_: object, attribute: Attribute[Any], value: str) -> None:
    time_zone(value, field=attribute.name)


def _zones(_: object, attribute: Attribute[Any], value: Mapping[str, str]) -> None:
    for tenant, zone in value.items():
        time_zone(zone, field=f"{attribute.name}.{tenant}")


@frozen(kw_only=True)
class Settings:
    """When parties are left in peace: section ``[plugins.privacy]``.

    Attributes:
        quiet_from: from when on in the evening nobody is disturbed, on the recipient's clock; ``21:00``.
        quiet_until: until when in the morning; ``08:00``. Equal to ``quiet_from``, there are no quiet hours.
        quiet_channels: the keys of the channels that disturb. A party's own quiet hours count over any channel.
        time_zone: where a party lives by the clock if neither its own time zone nor its country says; IANA name.
        export_folder: where rules of retention that export first write what they are about to erase.
        tenant_time_zones: the same for single tenants, by their ids.
    """

    quiet_from: time = time(21)
    quiet_until: time = time(8)
    quiet_channels: tuple[str, ...] = ("phone", "chat", "video", "visit")
    time_zone: str = field(default="UTC", validator=_zone)
    export_folder: str | None = None
    tenant_time_zones: Mapping[str, str] = field(factory=dict, validator=_zones, hash=False)

    def __attrs_post_init__(self) -> None:
        for name in ("quiet_from", "quiet_until"):
            value: time = getattr(self, name)
            if value.tzinfo is not None:
                raise InvalidValueError(name, value, "has a time zone, and is meant on the recipient's clock; leave it")
