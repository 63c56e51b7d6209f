"""The tables of purposes and texts of consent, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.privacy.purposes.model import ConsentText, Purpose
from crmkit.plugins.privacy.schema import metadata
from crmkit.sdk import EntityType, Text, entity_table

__all__ = ["CONSENT_TEXT", "PURPOSE"]

PURPOSE: Final = EntityType(
    name="privacy.purpose",
    model=Purpose,
    table=entity_table(
        "crm_privacy_purpose",
        metadata,
        Column("key", Text(), nullable=False),
        Column("label", Text(), nullable=False),
        Column("kind", Text(), nullable=False),
        Column("description", Text()),
        unique=[("key",)],
    ),
    label="Purpose",
    display="label",
    orders=("key",),
)

CONSENT_TEXT: Final = EntityType(
    name="privacy.consent_text",
    model=ConsentText,
    table=entity_table(
        "crm_privacy_consent_text",
        metadata,
        Column("purpose", Text(), nullable=False),
        Column("text_version", Text(), nullable=False),
        Column("body", Text(), nullable=False),
        Column("language", Text()),
        unique=[("purpose", "text_version")],
    ),
    label="Text of consent",
    display="text_version",
    orders=("-created_at",),
)
