"""What each of the three ways can do: the same operations with the same input, the same rows and the same answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

from benchmarks.contacts import Contact

__all__ = ["BATCH", "NAMES", "Variant"]

NAMES = ("raw", "orm", "crmkit")
BATCH = 1_000
"""People per transaction of an import."""


class Variant(Protocol):
    """One way to do the work: the raw driver, the ORM or crmkit.

    Each command is a transaction of its own that is committed, each query one that reads only. Answers are what is
    needed to see that all three did the same.
    """

    def create(self, one: Contact) -> None:
        """Add a person with an e-mail address and a phone number."""

    def record(self, party: UUID, summary: str) -> None:
        """Record that the party called."""

    def move(self, deal: UUID, to: str) -> None:
        """Move a deal to a later open stage."""

    def view(self, party: UUID) -> tuple[int, int, int]:
        """The 360 view: how many mechanisms, latest interactions and deals it shows."""

    def page(self) -> Sequence[UUID]:
        """The first 50 deals that the seller may see, the latest first."""

    def funnel(self) -> dict[str, int]:
        """How many deals are at each stage of the pipeline, with all else that a funnel tells; as the administrator."""

    def find(self, email: str) -> Sequence[UUID]:
        """The parties that have this e-mail address."""

    def search(self, text: str) -> Sequence[UUID]:
        """The first 50 people of which a part of the name is ``text``, the latest first."""

    def import_people(self, people: Iterable[Contact]) -> None:
        """Add many people, `BATCH` of them per transaction, in the tenant without subscribers."""

    def close(self) -> None:
        """Give up connections."""
