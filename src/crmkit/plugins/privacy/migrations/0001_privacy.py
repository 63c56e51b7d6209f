"""The tables of purposes, consents, suppressions and preferences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_privacy"
down_revision = None

FLAG = sa.Boolean(create_constraint=False)
ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
INTEGER = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "crm_privacy_consent_state",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("given", FLAG, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_privacy_consent_state")),
    )
    op.create_index(
        op.f("ix_crm_privacy_consent_state_tenant_id_record_id_id"),
        "crm_privacy_consent_state",
        ["tenant_id", "record_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_privacy_consent_text",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("text_version", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_privacy_consent_text")),
        sa.UniqueConstraint(
            "tenant_id",
            "purpose",
            "text_version",
            name=op.f("uq_crm_privacy_consent_text_tenant_id_purpose_text_version"),
        ),
    )
    op.create_index(
        "ox_crm_privacy_consent_text_created_at",
        "crm_privacy_consent_text",
        ["tenant_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "crm_privacy_purpose",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_privacy_purpose")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_privacy_purpose_tenant_id_key")),
    )
    op.create_index("ox_crm_privacy_purpose_key", "crm_privacy_purpose", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_privacy_retention_rule",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("condition", JSON, nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.Column("days", INTEGER, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("export_first", FLAG, nullable=False),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_privacy_retention_rule")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_privacy_retention_rule_tenant_id_key")),
    )
    op.create_index(
        "ox_crm_privacy_retention_rule_key", "crm_privacy_retention_rule", ["tenant_id", "key", "id"], unique=False
    )
    op.create_table(
        "crm_privacy_suppression",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("lifted", FLAG, nullable=False),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_privacy_suppression")),
    )
    op.create_index(
        op.f("ix_crm_privacy_suppression_tenant_id_digest"),
        "crm_privacy_suppression",
        ["tenant_id", "digest"],
        unique=False,
    )
    op.create_index("ox_crm_privacy_suppression_at", "crm_privacy_suppression", ["tenant_id", "at", "id"], unique=False)
    op.create_table(
        "crm_privacy_consent",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("given", FLAG, nullable=False),
        sa.Column("text_version", TEXT, nullable=True),
        sa.Column("proof", TEXT, nullable=True),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_privacy_consent_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_privacy_consent")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_privacy_consent_tenant_id_key")),
    )
    op.create_index(
        op.f("ix_crm_privacy_consent_tenant_id_party_id_id"),
        "crm_privacy_consent",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index("ox_crm_privacy_consent_at", "crm_privacy_consent", ["tenant_id", "at", "id"], unique=False)
    op.create_table(
        "crm_privacy_erasure",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("digests", JSON, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_privacy_erasure_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_privacy_erasure")),
    )
    op.create_index(
        op.f("ix_crm_privacy_erasure_tenant_id_party_id_id"),
        "crm_privacy_erasure",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index("ox_crm_privacy_erasure_at", "crm_privacy_erasure", ["tenant_id", "at", "id"], unique=False)
    op.create_table(
        "crm_privacy_hold",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("placed_by", TEXT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("released_at", INSTANT, nullable=True),
        sa.Column("released_by", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_privacy_hold_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_privacy_hold")),
    )
    op.create_index(
        op.f("ix_crm_privacy_hold_tenant_id_party_id_id"),
        "crm_privacy_hold",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_privacy_hold_created_at", "crm_privacy_hold", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "crm_privacy_preference",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("refused", FLAG, nullable=False),
        sa.Column("quiet_from", TEXT, nullable=True),
        sa.Column("quiet_until", TEXT, nullable=True),
        sa.Column("remark", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_privacy_preference_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_privacy_preference")),
        sa.UniqueConstraint(
            "tenant_id", "party_id", "channel", name=op.f("uq_crm_privacy_preference_tenant_id_party_id_channel")
        ),
    )
    op.create_index(
        op.f("ix_crm_privacy_preference_tenant_id_party_id_id"),
        "crm_privacy_preference",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_privacy_preference_updated_at",
        "crm_privacy_preference",
        ["tenant_id", "updated_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("crm_privacy_preference")
    op.drop_table("crm_privacy_hold")
    op.drop_table("crm_privacy_erasure")
    op.drop_table("crm_privacy_consent")
    op.drop_table("crm_privacy_suppression")
    op.drop_table("crm_privacy_retention_rule")
    op.drop_table("crm_privacy_purpose")
    op.drop_table("crm_privacy_consent_text")
    op.drop_table("crm_privacy_consent_state")
