"""The table of cards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_cards"
down_revision = None

DAY = sa.Text().with_variant(sa.Date(), "postgresql")
ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
INTEGER = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "crm_membership_card",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("points", INTEGER, nullable=False),
        sa.Column("valid_from", DAY, nullable=False),
        sa.Column("valid_until", DAY, nullable=False),
        sa.Column("cancelled_on", DAY, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_membership_card_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_membership_card")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_crm_membership_card_tenant_id_number")),
    )
    op.create_index(
        op.f("ix_crm_membership_card_tenant_id_party_id_id"),
        "crm_membership_card",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_membership_card_valid_until", "crm_membership_card", ["tenant_id", "valid_until", "id"], unique=False
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("crm_membership_card")
