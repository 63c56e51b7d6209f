"""The tables of surveys, moods, drops and silences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_feedback"
down_revision = None

DAY = sa.Text().with_variant(sa.Date(), "postgresql")
EXACT_4 = sa.BigInteger().with_variant(sa.Numeric(19, 4), "postgresql")
FLAG = sa.Boolean(create_constraint=False)
ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
INTEGER = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "crm_feedback_drop",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=True),
        sa.Column("agent_id", TEXT, nullable=True),
        sa.Column("before", EXACT_4, nullable=False),
        sa.Column("after", EXACT_4, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("open", FLAG, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_feedback_drop_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_feedback_drop")),
        sa.UniqueConstraint("tenant_id", "agent_id", "open", name=op.f("uq_crm_feedback_drop_tenant_id_agent_id_open")),
        sa.UniqueConstraint("tenant_id", "party_id", "open", name=op.f("uq_crm_feedback_drop_tenant_id_party_id_open")),
    )
    op.create_index(
        op.f("ix_crm_feedback_drop_tenant_id_party_id_id"),
        "crm_feedback_drop",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index("ox_crm_feedback_drop_since", "crm_feedback_drop", ["tenant_id", "since", "id"], unique=False)
    op.create_table(
        "crm_feedback_mood",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("interaction_id", ID, nullable=False),
        sa.Column("level", INTEGER, nullable=False),
        sa.Column("need", TEXT, nullable=True),
        sa.Column("noted_by", TEXT, nullable=False),
        sa.Column("felt_at", INSTANT, nullable=False),
        sa.Column("felt_month", DAY, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interaction_id"],
            ["crm_interaction.tenant_id", "crm_interaction.id"],
            name=op.f("fk_crm_feedback_mood_tenant_id_interaction_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_feedback_mood_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_feedback_mood")),
        sa.UniqueConstraint("tenant_id", "interaction_id", name=op.f("uq_crm_feedback_mood_tenant_id_interaction_id")),
    )
    op.create_index(
        op.f("ix_crm_feedback_mood_tenant_id_interaction_id_id"),
        "crm_feedback_mood",
        ["tenant_id", "interaction_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_feedback_mood_tenant_id_party_id_felt_at_id"),
        "crm_feedback_mood",
        ["tenant_id", "party_id", "felt_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_feedback_mood_tenant_id_party_id_id"),
        "crm_feedback_mood",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index("ox_crm_feedback_mood_felt_at", "crm_feedback_mood", ["tenant_id", "felt_at", "id"], unique=False)
    op.create_table(
        "crm_feedback_silence",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("usual_days", INTEGER, nullable=False),
        sa.Column("noticed_at", INSTANT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_feedback_silence_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_feedback_silence")),
        sa.UniqueConstraint(
            "tenant_id", "party_id", "since", name=op.f("uq_crm_feedback_silence_tenant_id_party_id_since")
        ),
    )
    op.create_index(
        op.f("ix_crm_feedback_silence_tenant_id_party_id_id"),
        "crm_feedback_silence",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index("ox_crm_feedback_silence_since", "crm_feedback_silence", ["tenant_id", "since", "id"], unique=False)
    op.create_table(
        "crm_feedback_survey",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("about", TEXT, nullable=True),
        sa.Column("about_id", ID, nullable=True),
        sa.Column("topic", TEXT, nullable=True),
        sa.Column("agent_id", TEXT, nullable=True),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=True),
        sa.Column("nonce", TEXT, nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("score", INTEGER, nullable=True),
        sa.Column("comment", TEXT, nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("answered_month", DAY, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_feedback_survey_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_feedback_survey")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_feedback_survey_tenant_id_key")),
    )
    op.create_index(
        op.f("ix_crm_feedback_survey_tenant_id_about_id_id"),
        "crm_feedback_survey",
        ["tenant_id", "about_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_feedback_survey_tenant_id_agent_id_answered_at_id"),
        "crm_feedback_survey",
        ["tenant_id", "agent_id", "answered_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_feedback_survey_tenant_id_party_id_answered_at_id"),
        "crm_feedback_survey",
        ["tenant_id", "party_id", "answered_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_feedback_survey_tenant_id_party_id_asked_at_id"),
        "crm_feedback_survey",
        ["tenant_id", "party_id", "asked_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_feedback_survey_tenant_id_party_id_id"),
        "crm_feedback_survey",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_feedback_survey_answered_at",
        "crm_feedback_survey",
        ["tenant_id", sa.column("answered_at").is_(None), "answered_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_feedback_survey_asked_at", "crm_feedback_survey", ["tenant_id", "asked_at", "id"], unique=False
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("crm_feedback_survey")
    op.drop_table("crm_feedback_silence")
    op.drop_table("crm_feedback_mood")
    op.drop_table("crm_feedback_drop")
