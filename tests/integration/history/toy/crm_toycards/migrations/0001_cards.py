"""Cards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_cards"
down_revision = None

EXACT_4 = sa.BigInteger().with_variant(sa.Numeric(19, 4), "postgresql")
ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
INTEGER = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "crm_toycards_card",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("number", INTEGER, nullable=False),
        sa.Column("points", INTEGER, nullable=False),
        sa.Column("price", EXACT_4, nullable=True),
        sa.Column("price_currency", TEXT, nullable=True),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("secret", TEXT, nullable=True),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_toycards_card_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_toycards_card")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_crm_toycards_card_tenant_id_number")),
    )
    op.create_index(
        op.f("ix_crm_toycards_card_tenant_id_party_id_id"),
        "crm_toycards_card",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index("ox_crm_toycards_card_number", "crm_toycards_card", ["tenant_id", "number", "id"], unique=False)
    op.create_index(
        "ox_crm_toycards_card_owner_id_number",
        "crm_toycards_card",
        ["tenant_id", "owner_id", "number", "id"],
        unique=False,
    )
    op.create_table(
        "crm_toycards_purse",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("colour", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_toycards_purse_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_toycards_purse")),
        sa.UniqueConstraint(
            "tenant_id", "party_id", "kind", name=op.f("uq_crm_toycards_purse_tenant_id_party_id_kind")
        ),
    )
    op.create_index(
        op.f("ix_crm_toycards_purse_tenant_id_party_id_id"),
        "crm_toycards_purse",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_toycards_seat",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_toycards_seat_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_toycards_seat")),
        sa.UniqueConstraint("tenant_id", "party_id", "kind", name=op.f("uq_crm_toycards_seat_tenant_id_party_id_kind")),
    )
    op.create_index(
        op.f("ix_crm_toycards_seat_tenant_id_party_id_id"),
        "crm_toycards_seat",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_toycards_coin",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("purse_id", ID, nullable=False),
        sa.Column("worth", INTEGER, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "purse_id"],
            ["crm_toycards_purse.tenant_id", "crm_toycards_purse.id"],
            name=op.f("fk_crm_toycards_coin_tenant_id_purse_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_toycards_coin")),
    )
    op.create_index(
        op.f("ix_crm_toycards_coin_tenant_id_purse_id_id"),
        "crm_toycards_coin",
        ["tenant_id", "purse_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_toycards_line",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("card_id", ID, nullable=False),
        sa.Column("slot", INTEGER, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "card_id"],
            ["crm_toycards_card.tenant_id", "crm_toycards_card.id"],
            name=op.f("fk_crm_toycards_line_tenant_id_card_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_toycards_line")),
        sa.UniqueConstraint("tenant_id", "card_id", "slot", name=op.f("uq_crm_toycards_line_tenant_id_card_id_slot")),
    )
    op.create_index(
        op.f("ix_crm_toycards_line_tenant_id_card_id_id"),
        "crm_toycards_line",
        ["tenant_id", "card_id", "id"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("crm_toycards_line")
    op.drop_table("crm_toycards_coin")
    op.drop_table("crm_toycards_seat")
    op.drop_table("crm_toycards_purse")
    op.drop_table("crm_toycards_card")
