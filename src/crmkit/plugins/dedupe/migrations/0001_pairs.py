"""The tables of pairs, linkages and keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_pairs"
down_revision = None

EXACT_6 = sa.BigInteger().with_variant(sa.Numeric(19, 6), "postgresql")
FLAG = sa.Boolean(create_constraint=False)
ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
INTEGER = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "crm_dedupe_key",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=True),
        sa.Column("sound_key", TEXT, nullable=True),
        sa.Column("first_key", TEXT, nullable=True),
        sa.Column("birth_key", TEXT, nullable=True),
        sa.Column("place_key", TEXT, nullable=True),
        sa.Column("area_key", TEXT, nullable=True),
        sa.Column("street_key", TEXT, nullable=True),
        sa.Column("pending", FLAG, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_dedupe_key")),
        sa.UniqueConstraint(
            "tenant_id", "entity", "record_id", name=op.f("uq_crm_dedupe_key_tenant_id_entity_record_id")
        ),
    )
    op.create_index(
        op.f("ix_crm_dedupe_key_tenant_id_area_key_id"), "crm_dedupe_key", ["tenant_id", "area_key", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_dedupe_key_tenant_id_birth_key_id"),
        "crm_dedupe_key",
        ["tenant_id", "birth_key", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_dedupe_key_tenant_id_first_key_id"),
        "crm_dedupe_key",
        ["tenant_id", "first_key", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_dedupe_key_tenant_id_name_key_id"), "crm_dedupe_key", ["tenant_id", "name_key", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_dedupe_key_tenant_id_pending_id"), "crm_dedupe_key", ["tenant_id", "pending", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_dedupe_key_tenant_id_place_key_id"),
        "crm_dedupe_key",
        ["tenant_id", "place_key", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_dedupe_key_tenant_id_record_id_id"),
        "crm_dedupe_key",
        ["tenant_id", "record_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_dedupe_key_tenant_id_sound_key_id"),
        "crm_dedupe_key",
        ["tenant_id", "sound_key", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_dedupe_key_tenant_id_street_key_id"),
        "crm_dedupe_key",
        ["tenant_id", "street_key", "id"],
        unique=False,
    )
    op.create_table(
        "crm_dedupe_linkage",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("parties", INTEGER, nullable=False),
        sa.Column("pairs", INTEGER, nullable=False),
        sa.Column("proposed", INTEGER, nullable=False),
        sa.Column("clusters", INTEGER, nullable=False),
        sa.Column("weights", JSON, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_dedupe_linkage")),
    )
    op.create_index(
        "ox_crm_dedupe_linkage_created_at", "crm_dedupe_linkage", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ox_crm_dedupe_linkage_owner_id_created_at",
        "crm_dedupe_linkage",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "crm_dedupe_pair",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("left_id", ID, nullable=False),
        sa.Column("right_id", ID, nullable=True),
        sa.Column("probability", EXACT_6, nullable=False),
        sa.Column("found", JSON, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("remark", TEXT, nullable=True),
        sa.Column("merged_id", ID, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "left_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_dedupe_pair_tenant_id_left_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "right_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_dedupe_pair_tenant_id_right_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_dedupe_pair")),
        sa.UniqueConstraint(
            "tenant_id", "left_id", "right_id", name=op.f("uq_crm_dedupe_pair_tenant_id_left_id_right_id")
        ),
    )
    op.create_index(
        op.f("ix_crm_dedupe_pair_tenant_id_left_id_id"), "crm_dedupe_pair", ["tenant_id", "left_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_dedupe_pair_tenant_id_right_id_id"),
        "crm_dedupe_pair",
        ["tenant_id", "right_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_dedupe_pair_probability", "crm_dedupe_pair", ["tenant_id", "probability", "id"], unique=False
    )
    op.create_index("ox_crm_dedupe_pair_updated_at", "crm_dedupe_pair", ["tenant_id", "updated_at", "id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("crm_dedupe_pair")
    op.drop_table("crm_dedupe_linkage")
    op.drop_table("crm_dedupe_key")
