"""Where plugins have a say about parties; and what this area has against undo and restore.

Words are named by keys, so no reference keeps them in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.kernel.history.hooks import RecordsChange
from crmkit.core.kernel.hooks.context import Context
from crmkit.core.kernel.hooks.hook import Guard
from crmkit.core.parties.identifiers.model import Identifier
from crmkit.core.parties.lifecycle.model import LifecycleEntry, LifecycleStage
from crmkit.core.parties.mechanisms.model import Mechanism
from crmkit.core.parties.model import Party
from crmkit.core.parties.relationships.model import Relationship, RelationshipType
from crmkit.core.parties.roles.model import PartyRole, PartyRoleType
from crmkit.core.parties.vocabulary import Term
from crmkit.errors import Refusal
from crmkit.values.criteria import f

__all__ = ["PartiesStoring", "check_terms", "parties_storing"]


@frozen(kw_only=True)
class PartiesStoring:
    """Parties, and ways to reach and recognise them, that are about to be stored: one, or many as an import adds them.

    Attributes:
        parties: as they are to be, new ones and changed ones.
        mechanisms: new ones, and changed ones as they are to be; of these parties or of others.
        identifiers: new ones; of these parties or of others.
    """

    parties: tuple[Party, ...] = ()
    mechanisms: tuple[Mechanism, ...] = ()
    identifiers: tuple[Identifier, ...] = ()


parties_storing = Guard(
    "parties_storing",
    PartiesStoring,
    doc="""When parties are about to be added or changed, or get another mechanism or identifier: once per command, with
    all that it stores, so that an implementation can look at many at once. What undo, restore and merge write is what
    `records_changing` is about.""",
)

NAMED: Final[tuple[tuple[type[Record], str, type[Term]], ...]] = (
    (PartyRole, "role", PartyRoleType),
    (LifecycleEntry, "stage", LifecycleStage),
    (Relationship, "type", RelationshipType),
)
"""What names a word, the field that has its key, and the vocabulary that has the word."""


def check_terms(context: Context, payload: RecordsChange) -> Refusal | None:
    """Refuse to bring back what a word that is gone would say, and to take back words that something says."""
    before: dict[UUID, Any] = {}
    for change in payload.changes:
        before.setdefault(change.id, change.before)
    after: dict[UUID, Any] = {change.id: change.after for change in payload.changes}
    for model, field, vocabulary in NAMED:
        refusal = _missing(context, before, after, (model, field, vocabulary)) or _in_use(
            context, before, after, (model, field, vocabulary)
        )
        if refusal is not None:
            return refusal
    return None


Naming = tuple[type[Record], str, type[Term]]


def _missing(context: Context, before: Mapping[UUID, Any], after: Mapping[UUID, Any], naming: Naming) -> Refusal | None:
    model, field, vocabulary = naming
    wanted = {
        getattr(one, field): id_
        for id_, one in after.items()
        if isinstance(one, model) and getattr(before[id_], field, None) != getattr(one, field)
    }
    if not wanted:
        return None
    for key in wanted.keys() - {word.key for word in _words(context, after, vocabulary)}:
        said = f"{wanted[key]} would say {key!r}, which is no {_called(vocabulary)} any more; define it again first"
        return Refusal("term_gone", said)
    return None


def _in_use(context: Context, before: Mapping[UUID, Any], after: Mapping[UUID, Any], naming: Naming) -> Refusal | None:
    model, field, vocabulary = naming
    going = {one.key for one in before.values() if isinstance(one, vocabulary)}
    if not going:
        return None
    for key in sorted(going - {word.key for word in _words(context, after, vocabulary)}):
        if any(
            getattr(after.get(one.id, one), field, None) == key for one in context.each(model, getattr(f, field) == key)
        ):
            return Refusal("term_in_use", f"there are records that say {key!r}, a {_called(vocabulary)} that would go")
    return None


def _words(context: Context, after: Mapping[UUID, Any], vocabulary: type[Term]) -> Iterator[Term]:
    """The words that there would be."""
    yield from (one for one in context.each(vocabulary) if one.id not in after)
    yield from (one for one in after.values() if isinstance(one, vocabulary))


def _called(vocabulary: type[Term]) -> str:
    names: dict[type[Term], str] = {PartyRoleType: "party role", LifecycleStage: "lifecycle stage"}
    return names.get(vocabulary, "type of relationship")
