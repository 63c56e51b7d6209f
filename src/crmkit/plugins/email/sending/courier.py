"""The sender: claims messages in one unit, hands them over while none is open, and settles them in another."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from attrs import frozen

from crmkit.plugins.email.config import Settings
from crmkit.plugins.email.model import Message
from crmkit.plugins.email.sending.composing import Letter, composed, signed
from crmkit.plugins.email.sending.delivery import Delivery
from crmkit.plugins.email.sending.journal import Journal, dead_journals, living
from crmkit.plugins.email.sending.line import Answer, Line
from crmkit.sdk import AlreadyExistsError, CrmkitError, InvalidValueError, StaleVersionError, UnitOfWork, new_id

__all__ = ["Courier", "Handed"]

PATIENCE: Final = 300.0
"""Seconds after which a batch is settled, whatever is left of it."""
RACES: Final = 5


@frozen(kw_only=True)
class Handed:
    """What a sender has done.

    Attributes:
        accepted: messages that the server took.
        deferred: that it put off.
        refused: that it does not want.
        uncertain: of which nobody knows.
        recovered: that senders had left that were killed.
    """

    accepted: int = 0
    deferred: int = 0
    refused: int = 0
    uncertain: int = 0
    recovered: int = 0


class Courier:
    """Sends what is due, over one line.

    Args:
        begin: begins a unit of work that may deliver; called for each short step.
        service: the service that has the commands of `Delivery`.
        tenant: whose messages.
    """

    def __init__(
        self, begin: Callable[[], AbstractContextManager[UnitOfWork]], service: type[Delivery], tenant: str
    ) -> None:
        self._begin, self._service, self._tenant = begin, service, tenant
        self._counts: dict[str, int] = {}

    def run(self) -> Handed:
        """Send what is due, until nothing is left that may go now.

        Raises:
            ConfigError: if the extra is not installed, or the key for DKIM is none.
            CrmkitError: if the database fails.
        """  # raised by what this calls
        with self._begin() as uow:
            settings = uow.settings(Settings)
        folder = Path(settings.journal)
        recovered = self._recover(folder)
        if settings.host:
            self._send(settings, folder)
        return Handed(**self._counts, recovered=recovered)

    def _recover(self, folder: Path) -> int:
        """Settle what senders have left that are no more."""
        done = 0
        for found, remove in dead_journals(folder, self._tenant):
            with self._begin() as uow:
                done += uow.use(self._service).recover(found.courier, taken=found.taken, ending=tuple(found.ending))
            remove()
        with self._begin() as uow:
            return done + uow.use(self._service).reclaim(living=tuple(living(folder, self._tenant)))

    def _send(self, settings: Settings, folder: Path) -> None:
        journal, line = Journal(folder, self._tenant, courier := new_id().hex), Line(settings)
        settled = False
        try:
            while claimed := self._claimed(courier):
                answers = dict(self._hand_over(claimed, journal, line, settings))
                with self._begin() as uow:
                    uow.use(self._service).settle(courier, answers)
                journal.clear()
                for answer in answers.values():
                    if answer is not None:
                        self._counts[answer.verdict] = self._counts.get(answer.verdict, 0) + 1
            settled = True
        finally:
            line.close()
            journal.close(keep=not settled)

    def _claimed(self, courier: str) -> tuple[tuple[Message, Letter], ...]:
        """The next messages; tried again where another sender was faster.

        Raises:
            CrmkitError: if that does not help.
        """
        for race in range(RACES):
            try:
                with self._begin() as uow:
                    return uow.use(self._service).claim(courier)
            except CrmkitError as error:
                lost = error.retryable or isinstance(error, (StaleVersionError, AlreadyExistsError))
                if not lost or race == RACES - 1:
                    raise
                time.sleep(random.uniform(0, 0.04 * 2**race))  # noqa: S311  # jitter, not a secret
        return ()

    def _hand_over(
        self, claimed: tuple[tuple[Message, Letter], ...], journal: Journal, line: Line, settings: Settings
    ) -> Iterator[tuple[UUID, Answer | None]]:
        until = time.monotonic() + PATIENCE
        for message, letter in claimed:
            yield message.id, (_handed(letter, journal, line, settings) if time.monotonic() < until else None)


def _handed(letter: Letter, journal: Journal, line: Line, settings: Settings) -> Answer:
    try:
        content = _content(letter, settings)
    except InvalidValueError as error:  # what could not be known when it was queued
        return Answer(verdict="refused", said=f"it cannot be composed: {error.code}")
    answer = line.hand_over(letter.return_to, letter.recipient, content, ending=lambda: journal.ending(letter.message))
    if answer.verdict == "accepted":
        journal.taken(letter.message, answer.said)
    return answer


def _content(letter: Letter, settings: Settings) -> bytes:
    content = composed(letter)
    if settings.dkim_domain is None or settings.dkim_key is None:
        return content
    given: dict[str, Any] = {"domain": settings.dkim_domain, "selector": settings.dkim_selector}
    return signed(content, key=settings.dkim_key.reveal(), **given)
