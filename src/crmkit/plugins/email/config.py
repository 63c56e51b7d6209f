"""Settings: the section ``[plugins.email]`` of ``crmkit.toml``."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen
from attrs.validators import ge, gt, in_, le, matches_re

from crmkit.plugins.email.addresses import parsed_address
from crmkit.sdk import InvalidValueError, Secret

__all__ = ["Security", "Settings", "Uncertain"]

Security = Literal["starttls", "tls", "none"]
Uncertain = Literal["resend", "hold"]
_RATE: Final = re.compile(r"\S+\.\S+ [1-9]\d{0,6}")
LONGEST_MARKED: Final = 20
"""Characters before the ``@`` of an address that carries a mark: RFC 5321 (4.5.3.1.1) allows 64, and a mark has 43."""


def _address(_: object, attribute: Attribute[Any], value: str | None) -> None:
    if value:
        parsed_address(value, field=attribute.name)


def _marked(_: object, attribute: Attribute[Any], value: str | None) -> None:
    if value is None:
        return
    local = parsed_address(value, field=attribute.name).address.rpartition("@")[0]
    if len(local) > LONGEST_MARKED or "+" in local:
        reason = f"must have at most {LONGEST_MARKED} characters and no + before the @, since a mark is put there"
        raise InvalidValueError(attribute.name, value, reason)


def _rates(_: object, attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    for one in value:
        if not _RATE.fullmatch(one):
            raise InvalidValueError(attribute.name, one, "is no domain with a number; write it like 'mail.example 100'")


def _https(_: object, attribute: Attribute[Any], value: str | None) -> None:
    if value is not None and not value.startswith("https://"):
        raise InvalidValueError(attribute.name, value, "must begin with https:// (RFC 8058, section 3.1)")


@frozen(kw_only=True)
class Settings:
    """How mail is sent and taken in here.

    Attributes:
        host: the SMTP server that takes outgoing mail; without one, messages wait.
        port: its port: 587 with ``starttls``, 465 with ``tls``, 25 with ``none``, as a rule.
        security: ``starttls`` (never in clear: a server that does not offer it gets nothing), ``tls``, or ``none``.
        ca_file: a file with the certificates (PEM) that the server's is checked against; the system's by default.
        username: to log in with; None to not log in.
        password: to log in with.
        timeout: how long the server may take to answer; seconds.
        sender: whom messages are from, such as ``Berg Tak <post@berg.example>``.
        reply_address: where answers go, such as ``reply@berg.example``: each message gets its own form of it with a
            signed mark, ``reply+...@``, by which answers are told. Without one, answers are told by their references.
        bounce_address: where bounces go, such as ``bounce@berg.example``; marked in the same way. By default the
            address of the sender.
        unsubscribe_url: the application's address that takes one-click unsubscriptions (RFC 8058), such as
            ``https://berg.example/unsubscribe``; ``?token=...`` is put behind it.
        unsubscribe_days: how long the link of a message works; days.
        dkim_domain: the domain to sign for (RFC 6376); None to not sign here.
        dkim_selector: of the key.
        dkim_key: the private RSA key, PEM.
        per_minute: messages to recipients of one domain that senders take from the queue within any 60 seconds, over
            all processes and machines with this database; for each tenant. What is taken is handed over at once, or as
            soon as the server lets it. A message that is tried again within the minute counts once.
        per_minute_of: the same for single domains, such as ``mail.example 100``.
        batch: messages that are claimed in one unit, 1 to 200.
        journal: the folder where a sender notes what the server has taken; relative to the working directory. On a
            disk that outlives the process, and one for all processes that send, if they are on one machine.
        uncertain: what becomes of a message of which nobody knows whether the server took it, since the line was cut
            or the process killed between the end of the message and the answer: ``resend`` it with the same
            Message-ID, so that it may come twice, or ``hold`` it until somebody decides, so that it may not come.
        attempts: how often a message is tried while the server puts it off.
        first_wait: the longest wait after the first time; seconds, doubled with every further one. The wait is half of
            it at least, and drawn anew each time, so that what was put off together does not come back together. With
            less than 120, a message may be tried twice within a minute, which counts once for ``per_minute``.
        longest_wait: the longest wait between two tries; seconds.
        automatic_per_day: automatic messages to one correspondent within 24 hours, so that two machines that answer
            each other stop.
        max_incoming: how large an incoming message may be; bytes.
        max_parts: of how many parts it may be made.
        languages: of quoted parts in answers, for mail-parser-reply, such as ``de``.
    """

    host: str = ""
    port: int = field(default=587, validator=[ge(1), le(65535)])
    security: Security = field(default="starttls", validator=in_(("starttls", "tls", "none")))
    ca_file: str | None = None
    username: str | None = None
    password: Secret | None = None
    timeout: float = field(default=30.0, validator=[gt(0), le(300)])
    sender: str = field(default="", validator=_address)
    reply_address: str | None = field(default=None, validator=_marked)
    bounce_address: str | None = field(default=None, validator=_marked)
    unsubscribe_url: str | None = field(default=None, validator=_https)
    unsubscribe_days: int = field(default=730, validator=ge(1))
    dkim_domain: str | None = None
    dkim_selector: str = field(default="crmkit", validator=matches_re(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"))
    dkim_key: Secret | None = None
    per_minute: int = field(default=600, validator=ge(1))
    per_minute_of: tuple[str, ...] = field(default=(), validator=_rates)
    batch: int = field(default=50, validator=[ge(1), le(200)])
    journal: str = "crmkit-mail"
    uncertain: Uncertain = field(default="resend", validator=in_(("resend", "hold")))
    attempts: int = field(default=12, validator=ge(1))
    first_wait: float = field(default=120.0, validator=gt(0))
    longest_wait: float = field(default=14_400.0, validator=gt(0))
    automatic_per_day: int = field(default=5, validator=ge(1))
    max_incoming: int = field(default=25 * 1024 * 1024, validator=ge(1024))
    max_parts: int = field(default=200, validator=[ge(1), le(400)])
    languages: tuple[str, ...] = ("en",)

    def allowed(self, domain: str) -> int:
        """How many messages a minute recipients of a domain get."""
        said = dict(one.split() for one in self.per_minute_of)
        return int(said.get(domain, self.per_minute))
