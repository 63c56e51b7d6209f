"""A real SMTP server that answers as each test wants, and counts what it has accepted."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

__all__ = ["Sink", "sink"]


class Sink:
    """What the server has seen, and how it is to answer, by recipient.

    Attributes:
        accepted: the messages that it took: recipient, then the message.
        answers: by recipient a list of what to say: "250 OK", "450 later", "550 5.1.1 nobody", "rcpt 550 no",
            "slow 1.5", "cut" (before it is taken) or "swallow" (taken, and the line cut before the answer); the last
            one goes on.
        connections: how many lines were opened.
        log: a file in which each accepted message is noted, so that other processes see it.
    """

    def __init__(self, log: Path | None = None) -> None:
        self.accepted: list[tuple[str, bytes]] = []
        self.envelopes: list[tuple[str, str]] = []
        self.answers: dict[str, list[str]] = {}
        self.connections = 0
        self.tls: list[bool] = []
        self.logins: list[str] = []
        self.times: list[float] = []
        self.log = log
        self.port = 0

    @property
    def counts(self) -> Counter[str]:
        """How many messages each recipient got."""
        return Counter(recipient for recipient, _ in self.accepted)

    def messages(self, recipient: str) -> list[Any]:
        """The messages to one recipient, parsed."""
        return [message_from_bytes(raw, policy=SMTP_POLICY) for to, raw in self.accepted if to == recipient]

    def said_to(self, recipient: str) -> str:
        said = self.answers.get(recipient, ["250 OK"])
        return said.pop(0) if len(said) > 1 else said[0]

    # -- what aiosmtpd calls ------------------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802  # as aiosmtpd names and calls it
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        if not session.ssl or hostname:
            session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802  # as aiosmtpd names and calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.answers.get(address, [""])[0]
        if said.startswith("rcpt "):
            return self.said_to(address).removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # see above
        recipient = envelope.rcpt_tos[0]
        said = self.said_to(recipient)
        self.tls.append(session.ssl is not None)
        if said.startswith("slow "):
            await asyncio.sleep(float(said.removeprefix("slow ")))
            said = "250 OK"
        if said == "cut":
            server.transport.close()
            return "421 cut"
        if said.startswith("250") or said == "swallow":
            self._accept(recipient, envelope)
        if said == "swallow":
            server.transport.close()
            return "421 cut"
        return said

    def _accept(self, recipient: str, envelope: Envelope) -> None:
        raw = bytes(envelope.content or b"")
        self.accepted.append((recipient, raw))
        self.envelopes.append((str(envelope.mail_from), recipient))
        self.times.append(time.monotonic())
        if self.log is not None:
            ids = message_from_bytes(raw).get_all("Message-ID", [])
            with self.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps([recipient, ids[0]]) + "\n")
                file.flush()
                os.fsync(file.fileno())


@contextmanager
def sink(
    *, tls: ssl.SSLContext | None = None, users: dict[str, str] | None = None, log: Path | None = None
) -> Iterator[Sink]:
    """A running server on a port of its own.

    Args:
        tls: offer STARTTLS with it, and take nothing without.
        users: who may log in, by name; then nobody else may send.
        log: see `Sink`.
    """
    made = Sink(log)

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:  # as aiosmtpd calls it
        name, password = data.login.decode(), data.password.decode()
        made.logins.append(name)
        return AuthResult(success=(users or {}).get(name) == password)

    given: dict[str, Any] = {"enable_SMTPUTF8": True, "data_size_limit": 60_000_000}
    if tls is not None:
        given |= {"tls_context": tls, "require_starttls": True}
    if users is not None:
        given |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls is not None}

    def factory() -> SMTP:
        made.connections += 1
        return SMTP(made, loop=loop, **given)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(factory, "127.0.0.1", 0))
    made.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _closed(server: asyncio.Server) -> None:
    server.close()
    lines = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for line in lines:
        line.cancel()
    await asyncio.gather(*lines, return_exceptions=True)
