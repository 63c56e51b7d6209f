"""Settings: the section ``[plugins.service_desk]`` of ``crmkit.toml``."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge, in_, le, min_len

from crmkit.plugins.service_desk.cases.model import PRIORITIES, Priority

__all__ = ["Settings"]


@frozen(kw_only=True)
class Settings:
    """How the service desk works here.

    Attributes:
        priority: that of a case for which neither who opens it nor its queue says another: low, normal, high or urgent.
        reopen_days: for how many days after a case was resolved a reply reopens it, 0 to 365; a later reply opens a new
            case that follows it up.
        mail_purpose: the key of the purpose that answers by mail are sent for (see the plugin `privacy`).
        close_days: after how many days a resolved case is closed by itself, 0 to 365.
        term_notice_days: how many days before the terms of an asset end somebody is to be told, 0 to 365.
        return_reasons: keys of the reasons for which things come back.
    """

    priority: Priority = field(default="normal", validator=in_(PRIORITIES))
    reopen_days: int = field(default=14, validator=[ge(0), le(365)])
    mail_purpose: str = field(default="service", validator=min_len(1))
    close_days: int = field(default=7, validator=[ge(0), le(365)])
    term_notice_days: int = field(default=30, validator=[ge(0), le(365)])
    return_reasons: tuple[str, ...] = field(
        default=("defective", "damaged", "wrong_item", "not_as_described", "not_wanted", "other"), validator=min_len(1)
    )
