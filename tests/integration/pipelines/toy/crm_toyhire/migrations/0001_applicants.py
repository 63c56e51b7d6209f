"""Applicants."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_applicants"
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
        "crm_toyhire_applicant",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("pipeline", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("category", TEXT, nullable=False),
        sa.Column("stage_entered_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("lost_reason", TEXT, nullable=True),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("post", TEXT, nullable=False),
        sa.Column("recruiter_id", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_toyhire_applicant_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_toyhire_applicant")),
    )
    op.create_index(
        op.f("ix_crm_toyhire_applicant_tenant_id_party_id_id"),
        "crm_toyhire_applicant",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_toyhire_applicant_recruiter_id_updated_at",
        "crm_toyhire_applicant",
        ["tenant_id", "recruiter_id", "updated_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_toyhire_applicant_updated_at", "crm_toyhire_applicant", ["tenant_id", "updated_at", "id"], unique=False
    )
    op.create_table(
        "crm_toyhire_applicant_stage_entry",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("pipeline", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column("entered_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("note", TEXT, nullable=True),
        sa.Column("first", FLAG, nullable=False),
        sa.Column("went_on", FLAG, nullable=False),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.Column("left_to", TEXT, nullable=True),
        sa.Column("seconds", INTEGER, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "record_id"],
            ["crm_toyhire_applicant.tenant_id", "crm_toyhire_applicant.id"],
            name=op.f("fk_crm_toyhire_applicant_stage_entry_tenant_id_record_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_toyhire_applicant_stage_entry")),
    )
    op.create_index(
        op.f("ix_crm_toyhire_applicant_stage_entry_tenant_id_pipeline_entered_at"),
        "crm_toyhire_applicant_stage_entry",
        ["tenant_id", "pipeline", "entered_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_toyhire_applicant_stage_entry_tenant_id_record_id_id"),
        "crm_toyhire_applicant_stage_entry",
        ["tenant_id", "record_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_toyhire_applicant_stage_entry_entered_at",
        "crm_toyhire_applicant_stage_entry",
        ["tenant_id", "entered_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("crm_toyhire_applicant_stage_entry")
    op.drop_table("crm_toyhire_applicant")
