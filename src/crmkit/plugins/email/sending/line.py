"""The line to the SMTP server (RFC 5321): opened once, used for many messages, over TLS unless told otherwise.

By the standard library's smtplib: the core is synchronous, a worker hands over one message after another over one line,
and only smtplib lets one step in between the end of a message and the server's answer, which is where a message can be
lost or doubled (see `journal`).
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final, Literal

from attrs import frozen

from crmkit.plugins.email.config import Settings
from crmkit.plugins.email.sending.composing import ascii_address

__all__ = ["Answer", "Line", "Verdict"]

Verdict = Literal["accepted", "deferred", "refused", "uncertain"]

_DOT: Final = re.compile(rb"(?m)^\.")
LONGEST_ANSWER: Final = 500
ENOUGH: Final = 200
"""Messages over one connection; many servers close it after some hundreds."""


@frozen(kw_only=True)
class Answer:
    """What became of a message that was handed over.

    Attributes:
        verdict: accepted (the server has it), deferred (try again later), refused (never), or uncertain (the line was
            cut after the end of the message and before the answer).
        said: what the server said, or what went wrong.
    """

    verdict: Verdict
    said: str


class Line:
    """A connection that is opened when it is first needed, and again when the server has closed it.

    Args:
        settings: where the server is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._smtp: smtplib.SMTP | None = None
        self._used = 0

    def hand_over(self, return_to: str, recipient: str, message: bytes, *, ending: Callable[[], None]) -> Answer:
        """Hand one message over.

        Args:
            return_to: the envelope's sender.
            recipient: the envelope's recipient.
            message: with lines that end in CR LF.
            ending: called when all of the message is sent but the dot that ends it: until it returns, the server
                cannot have taken the message.
        """
        ended = False
        try:
            smtp = self._opened()
            refusal = self._announce(smtp, return_to, recipient)
            if refusal is not None:
                return refusal
            body = _DOT.sub(b"..", message)
            smtp.send(body if body.endswith(b"\r\n") else body + b"\r\n")
            ending()
            ended = True
            smtp.send(b".\r\n")
            return self._verdict(*smtp.getreply())
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Answer(verdict="uncertain" if ended else "deferred", said=_said(error))

    def probe(self) -> str:
        """What the server says when the line is opened and nothing is sent, or what went wrong."""
        try:
            code, said = self._opened().noop()
        except (OSError, smtplib.SMTPException) as error:
            return _said(error)
        finally:
            self.close()
        return f"{code} {said.decode('utf-8', 'replace')}"

    def close(self) -> None:
        """Take leave."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()

    def _announce(self, smtp: smtplib.SMTP, return_to: str, recipient: str) -> Answer | None:
        """Everything before the message itself; an answer if the server does not want it."""
        options = []
        if not (return_to.isascii() and recipient.rpartition("@")[0].isascii()):
            if not smtp.has_extn("smtputf8"):
                return Answer(verdict="refused", said="the server does not take addresses beyond ASCII (RFC 6531)")
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        steps: tuple[Callable[[], tuple[int, bytes]], ...] = (
            lambda: smtp.mail(ascii_address(return_to), options),
            lambda: smtp.rcpt(ascii_address(recipient)),
            lambda: smtp.docmd("DATA"),
        )
        for step in steps:
            code, said = step()
            if code >= 400:  # noqa: PLR2004  # where refusals begin (RFC 5321, 4.2.1)
                answer = self._verdict(code, said)
                if self._smtp is not None:
                    smtp.rset()
                return answer
        return None

    def _opened(self) -> smtplib.SMTP:
        if self._smtp is not None and self._used >= ENOUGH:
            self.close()
        if self._smtp is None:
            self._smtp, self._used = _connected(self._settings), 0
        self._used += 1
        return self._smtp

    def _verdict(self, code: int, said: bytes) -> Answer:
        text = f"{code} {said.decode('utf-8', 'replace')}"[:LONGEST_ANSWER]
        if code == 421:  # noqa: PLR2004  # the server is about to close the line (RFC 5321, 4.2.2)
            self.close()
        if code < 0:
            raise smtplib.SMTPServerDisconnected(text)
        if code < 400:  # noqa: PLR2004  # see above
            return Answer(verdict="accepted", said=text)
        return Answer(verdict="deferred" if code < 500 else "refused", said=text)  # noqa: PLR2004  # see above


def _connected(settings: Settings) -> smtplib.SMTP:
    context: Any = None if settings.security == "none" else ssl.create_default_context(cafile=settings.ca_file)
    smtp: smtplib.SMTP
    if settings.security == "tls":
        smtp = smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout, context=context)
    else:
        smtp = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
    try:
        # Else the dot that ends a message waits 40 ms for the server's system to say that it has the rest (RFC 896).
        if smtp.sock is not None:
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            smtp.starttls(context=context)  # raises if the server does not offer it: nothing goes in clear
            smtp.ehlo()
        if settings.username is not None:
            smtp.login(settings.username, settings.password.reveal() if settings.password else "")
    except BaseException:
        smtp.close()
        raise
    return smtp


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_ANSWER]
