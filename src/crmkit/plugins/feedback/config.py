"""What can be configured about feedback."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen
from attrs.validators import ge, in_, le, optional

from crmkit.plugins.feedback.surveys.model import KINDS, SurveyKind
from crmkit.sdk import InvalidValueError

__all__ = ["Settings"]

PLACE: Final = "{token}"


def _link(_: object, attribute: Attribute[Any], value: str) -> None:
    """See that a link leads somewhere and carries the token.

    Raises:
        InvalidValueError: if it does not.
    """
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidValueError(attribute.name, value, "is no link; write it like https://example.com/feedback/{token}")
    if value.count(PLACE) != 1 or PLACE in parts.netloc:
        raise InvalidValueError(attribute.name, value, f"must have {PLACE} once, behind the host's name")


@frozen(kw_only=True)
class Settings:
    """How parties are asked, and what is noticed: section ``[plugins.feedback]``.

    Attributes:
        link: where parties answer: an address of your application, with ``{token}`` where the token goes. Without it,
            `Feedback.ask` gives tokens only, and no link can be sent by mail.
        purpose: the key of the purpose (see `privacy`) that parties are asked for; what it needs, asking needs.
        ask_every_days: how many days lie at least between two asks of the same party; 0 for none.
        answer_within_days: for how many days an ask can be answered, and the answer changed.
        send_links: whether whoever is asked over e-mail gets the link by mail, where `email` is enabled.
        mail_template: the key of the template (see `email`) that such a mail is made by; it may name ``values.link``,
            ``question``, ``topic``, ``lowest``, ``highest`` and ``expires_at``. Without it, the mail is plain text.
        after_case: whether parties are asked once a case of theirs is resolved, where `service_desk` is enabled.
        after_case_kind: what they are asked then: csat or nps.
        after_case_channel: the key of the channel that they are asked over then.
        drop: by how much satisfaction has to become worse to be a drop, where 1 lies between the worst and the best.
        party_window: how many of a party's latest answers and moods are compared with as many before them.
        agent_window: how many of the latest answers about an agent are compared with as many before them.
        silence_contacts: on how many days of a year a party has to have talked with us to be missed.
        silence_usual_days: how many days may usually (in the median) lie between them.
        silence_factor: how many times the usual has to pass before it is silence.
        silence_least_days: how many days have to pass at least.
        plan_calls: whether a call is planned by the owner of a party that is less satisfied or has fallen silent.
        call_within_days: within how many days that call is due.
    """

    link: str | None = field(default=None, validator=optional(_link))
    purpose: str = "feedback"
    ask_every_days: int = field(default=30, validator=[ge(0), le(3650)])
    answer_within_days: int = field(default=14, validator=[ge(1), le(365)])
    send_links: bool = True
    mail_template: str | None = None
    after_case: bool = True
    after_case_kind: SurveyKind = field(default="csat", validator=in_(KINDS))
    after_case_channel: str = "email"
    drop: Decimal = field(default=Decimal("0.25"), validator=[ge(Decimal("0.01")), le(Decimal(1))])
    party_window: int = field(default=3, validator=[ge(1), le(100)])
    agent_window: int = field(default=10, validator=[ge(1), le(100)])
    silence_contacts: int = field(default=6, validator=[ge(3), le(100)])
    silence_usual_days: int = field(default=30, validator=[ge(1), le(90)])
    silence_factor: int = field(default=3, validator=[ge(1), le(100)])
    silence_least_days: int = field(default=14, validator=[ge(1), le(365)])
    plan_calls: bool = True
    call_within_days: int = field(default=2, validator=[ge(0), le(365)])
