"""The tables of pairs, linkages and keys, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.dedupe.comparing.traits import KEYS
from crmkit.plugins.dedupe.model import Keys, Linkage, Pair
from crmkit.sdk import (
    EntityType,
    Exact,
    Field,
    Flag,
    Id,
    Instant,
    Integer,
    Json,
    Text,
    any_ref,
    entity_table,
    new_metadata,
    party_ref,
)

__all__ = ["KEY", "LINKAGE", "PAIR", "key_table", "metadata"]

metadata = new_metadata()

pair_table = entity_table(
    "crm_dedupe_pair",
    metadata,
    # A pair goes when its parties become one. Where one of them becomes part of a third, two pairs may become one: a
    # decision on either is kept.
    party_ref("left_id", on_merge="union", on_erase="delete", on_delete="delete"),
    party_ref("right_id", nullable=True, on_merge="union", on_erase="delete", on_delete="delete"),
    Column("probability", Exact(6), nullable=False),
    Column("found", Json(), nullable=False),
    Column("source", Text(), nullable=False),
    Column("decision", Text()),
    Column("decided_by", Text()),
    Column("decided_at", Instant()),
    Column("remark", Text()),
    Column("merged_id", Id()),
    unique=[("left_id", "right_id")],
)

linkage_table = entity_table(
    "crm_dedupe_linkage",
    metadata,
    Column("owner_id", Text()),
    Column("parties", Integer(), nullable=False),
    Column("pairs", Integer(), nullable=False),
    Column("proposed", Integer(), nullable=False),
    Column("clusters", Integer(), nullable=False),
    Column("weights", Json(), nullable=False),
)

key_table = entity_table(
    "crm_dedupe_key",
    metadata,
    any_ref("record_id", "entity", on_merge="keep_winner", on_erase="delete", on_delete="delete"),
    Column("kind", Text(), nullable=False),
    *(Column(key, Text()) for key in KEYS),
    Column("pending", Flag(), nullable=False),
    unique=[("entity", "record_id")],
    indexes=[("pending", "id"), *((key, "id") for key in KEYS)],
)

_PERSONAL: Final = Field(data_class="personal")

PAIR: Final = EntityType(
    name="dedupe.pair",
    model=Pair,
    table=pair_table,
    label="Possible duplicate",
    display="probability",
    orders=("-probability", "-updated_at"),
    visible_with=("left_id", "right_id"),
    goes_with=("left_id", "right_id"),  # so that whoever may merge or delete parties needs no right to their pairs
    fields={"probability": _PERSONAL, "found": _PERSONAL, "remark": _PERSONAL},
)

LINKAGE: Final = EntityType(
    name="dedupe.linkage",
    model=Linkage,
    table=linkage_table,
    label="Linkage",
    display="parties",
    owner="owner_id",
    orders=("-created_at",),
)

KEY: Final = EntityType(
    name="dedupe.key",
    model=Keys,
    table=key_table,
    label="Keys of a party",
    display="record_id",
    kind="derived",
    orders=("id",),
    visible_with=("record_id",),
    fields=dict.fromkeys(KEYS, _PERSONAL),
)
