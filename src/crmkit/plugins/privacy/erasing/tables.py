"""The tables of holds and erasures, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.privacy.erasing.model import Erasure, Hold
from crmkit.plugins.privacy.schema import PERSONAL, metadata
from crmkit.sdk import EntityType, Field, Id, Instant, Json, Text, entity_table, party_ref

__all__ = ["ERASURE", "HOLD"]

HOLD: Final = EntityType(
    name="privacy.hold",
    model=Hold,
    table=entity_table(
        "crm_privacy_hold",
        metadata,
        party_ref(inverse="holds", on_merge="repoint", on_erase="keep", on_delete="refuse"),
        Column("reason", Text(), nullable=False),
        Column("placed_by", Text(), nullable=False),
        Column("until", Instant()),
        Column("released_at", Instant()),
        Column("released_by", Text()),
    ),
    label="Legal hold",
    display="reason",
    orders=("-created_at",),
    visible_with="party_id",
    goes_with="party_id",  # so that whoever may merge parties needs no right to what is held
    fields={"reason": PERSONAL},
)

ERASURE: Final = EntityType(
    name="privacy.erasure",
    model=Erasure,
    table=entity_table(
        "crm_privacy_erasure",
        metadata,
        party_ref(inverse="erasures", on_merge="repoint", on_erase="keep", on_delete="delete"),
        Column("unit_id", Id(), nullable=False),
        Column("reason", Text(), nullable=False),
        Column("at", Instant(), nullable=False),
        Column("actor_id", Text(), nullable=False),
        Column("digests", Json(), nullable=False),
    ),
    label="Erasure",
    display="reason",
    kind="fact",
    orders=("-at",),
    visible_with="party_id",
    goes_with="party_id",
    # They say why and by which hashes, and nobody is told by them who it was.
    fields={"reason": Field(personal=False), "digests": Field(personal=False)},
)
