"""The table of preferences, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.privacy.preferences.model import Preference
from crmkit.plugins.privacy.schema import PERSONAL, metadata
from crmkit.sdk import EntityType, Flag, Text, entity_table, party_ref

__all__ = ["PREFERENCE"]

PREFERENCE: Final = EntityType(
    name="privacy.preference",
    model=Preference,
    table=entity_table(
        "crm_privacy_preference",
        metadata,
        party_ref(inverse="contact_preferences", on_merge="strictest", on_erase="delete", on_delete="delete"),
        Column("channel", Text(), nullable=False),
        Column("refused", Flag(), nullable=False),
        Column("quiet_from", Text()),
        Column("quiet_until", Text()),
        Column("remark", Text()),
        unique=[("party_id", "channel")],
    ),
    label="Preference",
    display="channel",
    orders=("-updated_at",),
    visible_with="party_id",
    goes_with="party_id",
    fields={"quiet_from": PERSONAL, "quiet_until": PERSONAL, "remark": PERSONAL},
)
