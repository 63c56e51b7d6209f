"""Words that a tenant defines for itself: types of relationship, party roles, stages of the lifecycle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from attrs import evolve, field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.kernel.units.service import Service
from crmkit.core.parties.text import cleaned, text
from crmkit.values.checks import key

__all__ = ["Term", "VocabularyCommands"]

T = TypeVar("T", bound="Term")


@frozen(kw_only=True)
class Term(Record):
    """A word of a vocabulary; other records name it by its key, so that they stay readable without it.

    Attributes:
        key: such as ``supplier``; unique in its vocabulary.
        label: for people, such as ``Supplier``.
    """

    key: str = field(validator=key)
    label: str = field(converter=cleaned, validator=text())


class VocabularyCommands(Service):
    """What the commands that define words have in common."""

    def _defined(self, present: Iterable[T], given: Sequence[T]) -> tuple[T, ...]:
        """Add the words whose keys are not there yet, and change those that are."""
        by_key = {word.key: word for word in present}
        return tuple(self._store_term(by_key.get(word.key), word) for word in given)

    def _store_term(self, present: T | None, word: T) -> T:
        if present is None:
            return self.records.add(word)
        return self.records.update(present, evolve(word, id=present.id, version=present.version))
