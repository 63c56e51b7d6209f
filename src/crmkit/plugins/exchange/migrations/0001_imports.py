"""The tables of imports, batches and mappings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_imports"
down_revision = None

ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
INTEGER = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "crm_exchange_import",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("size", INTEGER, nullable=False),
        sa.Column("format", TEXT, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("rows", INTEGER, nullable=True),
        sa.Column("added", INTEGER, nullable=True),
        sa.Column("updated", INTEGER, nullable=True),
        sa.Column("unchanged", INTEGER, nullable=True),
        sa.Column("failed", INTEGER, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_exchange_import")),
    )
    op.create_index(
        op.f("ix_crm_exchange_import_tenant_id_digest"), "crm_exchange_import", ["tenant_id", "digest"], unique=False
    )
    op.create_index(
        "ox_crm_exchange_import_created_at", "crm_exchange_import", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ox_crm_exchange_import_owner_id_created_at",
        "crm_exchange_import",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "crm_exchange_mapping",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("signature", TEXT, nullable=False),
        sa.Column("targets", JSON, nullable=False),
        sa.Column("date_order", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_exchange_mapping")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_crm_exchange_mapping_tenant_id_name")),
    )
    op.create_index(
        op.f("ix_crm_exchange_mapping_tenant_id_signature"),
        "crm_exchange_mapping",
        ["tenant_id", "signature"],
        unique=False,
    )
    op.create_index("ox_crm_exchange_mapping_name", "crm_exchange_mapping", ["tenant_id", "name", "id"], unique=False)
    op.create_table(
        "crm_exchange_batch",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("import_id", ID, nullable=False),
        sa.Column("number", INTEGER, nullable=False),
        sa.Column("first_row", INTEGER, nullable=False),
        sa.Column("last_row", INTEGER, nullable=False),
        sa.Column("added", INTEGER, nullable=False),
        sa.Column("updated", INTEGER, nullable=False),
        sa.Column("unchanged", INTEGER, nullable=False),
        sa.Column("failed", INTEGER, nullable=False),
        sa.Column("employers", INTEGER, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("failures", JSON, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["crm_exchange_import.tenant_id", "crm_exchange_import.id"],
            name=op.f("fk_crm_exchange_batch_tenant_id_import_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_exchange_batch")),
        sa.UniqueConstraint(
            "tenant_id", "import_id", "number", name=op.f("uq_crm_exchange_batch_tenant_id_import_id_number")
        ),
    )
    op.create_index(
        op.f("ix_crm_exchange_batch_tenant_id_import_id_id"),
        "crm_exchange_batch",
        ["tenant_id", "import_id", "id"],
        unique=False,
    )
    op.create_index("ox_crm_exchange_batch_number", "crm_exchange_batch", ["tenant_id", "number", "id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("crm_exchange_batch")
    op.drop_table("crm_exchange_mapping")
    op.drop_table("crm_exchange_import")
