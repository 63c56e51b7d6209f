"""The ledger of consents, the table that is derived from it, and the entities that they make with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.privacy.consents.model import Consent, StoredState
from crmkit.plugins.privacy.schema import PERSONAL, metadata
from crmkit.sdk import EntityType, Field, Flag, Instant, Text, any_ref, entity_table, party_ref

__all__ = ["CONSENT", "CONSENT_STATE", "state_table"]

consent_table = entity_table(
    "crm_privacy_consent",
    metadata,
    party_ref(inverse="consents", on_merge="repoint", on_erase="keep", on_delete="delete"),
    Column("purpose", Text(), nullable=False),
    Column("channel", Text(), nullable=False),
    Column("given", Flag(), nullable=False),
    Column("text_version", Text()),
    Column("proof", Text()),
    Column("source", Text()),
    Column("at", Instant(), nullable=False),
    Column("actor_id", Text(), nullable=False),
    Column("key", Text()),
    unique=[("key",)],
)

state_table = entity_table(
    "crm_privacy_consent_state",
    metadata,
    any_ref(
        "record_id", "entity", inverse="consent_states", on_merge="keep_winner", on_erase="delete", on_delete="delete"
    ),
    Column("purpose", Text(), nullable=False),
    Column("channel", Text(), nullable=False),
    Column("given", Flag(), nullable=False),
    Column("since", Instant(), nullable=False),
)

CONSENT: Final = EntityType(
    name="privacy.consent",
    model=Consent,
    table=consent_table,
    label="Consent",
    display="purpose",
    kind="fact",
    orders=("-at",),
    visible_with="party_id",
    goes_with="party_id",  # so that whoever may merge or delete a party needs no right to what it has said
    fields={"proof": PERSONAL, "source": PERSONAL, "key": PERSONAL, "text_version": Field(personal=False)},
)

CONSENT_STATE: Final = EntityType(
    name="privacy.consent_state",
    model=StoredState,
    table=state_table,
    label="State of consent",
    display="purpose",
    kind="derived",
    orders=("id",),
    visible_with="record_id",
    goes_with="record_id",
)
