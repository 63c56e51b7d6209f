"""A plugin of the tests: its records are part of parties, its tables refer to each other, and one is bare."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from attrs import evolve, frozen
from sqlalchemy import Column

from crmkit.sdk import (
    EntityType,
    Manifest,
    Plugin,
    Record,
    Service,
    Target,
    Text,
    command,
    entity_table,
    new_metadata,
    party_ref,
    ref,
)

__all__ = ["MANIFEST", "Note", "Tag", "Tags"]

metadata = new_metadata()


@frozen(kw_only=True)
class Tag(Record):
    """A word about a party, which is part of it."""

    party_id: UUID
    word: str
    note_id: UUID | None = None


@frozen(kw_only=True)
class Note(Record):
    """A word about a tag."""

    tag_id: UUID
    text: str


TAG = EntityType(
    name="toytags.tag",
    model=Tag,
    table=entity_table(
        "crm_toytags_tag",
        metadata,
        party_ref(on_merge="repoint", on_erase="delete", on_delete="delete"),
        ref("toytags.note", nullable=True, on_delete="clear"),
        Column("word", Text(), nullable=False),
    ),
    label="Tag",
    display="word",
    orders=("id",),
    part_of="party_id",
)
NOTE = EntityType(
    name="toytags.note",
    model=Note,
    table=entity_table(
        "crm_toytags_note",
        metadata,
        ref("toytags.tag", on_delete="delete"),
        Column("text", Text(), nullable=False),
    ),
    label="Note",
    display="text",
    orders=("id",),
)


class Tags(Service):
    """Tags."""

    @command("toytags.tag.add", permission="party.update")
    def tag(self, party: Annotated[UUID, Target("party")], word: str) -> Tag:
        """Add a tag with a note."""
        tag = self.records.add(Tag(party_id=party, word=word))
        note = self.records.add(Note(tag_id=tag.id, text=f"on {word}"))
        return self.records.update(tag, evolve(tag, note_id=note.id))


class ToyTags(Plugin):
    """Tags."""

    entities = (TAG, NOTE)


MANIFEST = Manifest(
    id="toytags",
    distribution="crm-toytags",
    api=">=1,<2",
    tables="toytags",
    migrations="toytags:migrations",
    services=("toytags:Tags",),
    implementation="toytags:ToyTags",
)
