"""Tags and notes, which refer to each other, and a table that no entity is kept in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_tags"
down_revision = None

ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def entity(name: str, *own: sa.schema.SchemaItem) -> None:
    """Make the table of an entity."""
    op.create_table(
        name,
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        *own,
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )


def upgrade() -> None:
    """Apply."""
    ring = sa.ForeignKeyConstraint(["tenant_id", "note_id"], ["crm_toytags_note.tenant_id", "crm_toytags_note.id"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    entity(
        "crm_toytags_tag",
        sa.Column("party_id", ID, nullable=False),
        sa.Column("note_id", ID),
        sa.Column("word", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id", "party_id"], ["crm_party.tenant_id", "crm_party.id"]),
        *([ring] if sqlite else []),  # which does not look for the other table yet
    )
    entity(
        "crm_toytags_note",
        sa.Column("tag_id", ID, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id", "tag_id"], ["crm_toytags_tag.tenant_id", "crm_toytags_tag.id"]),
    )
    if not sqlite:
        ends = ["tenant_id", "note_id"], ["tenant_id", "id"]
        op.create_foreign_key(None, "crm_toytags_tag", "crm_toytags_note", *ends)
    op.create_table(
        "crm_toytags_seen",
        sa.Column("tenant_id", TEXT, primary_key=True),
        sa.Column("word", TEXT, primary_key=True),
        sa.Column("at", INSTANT),
        sa.Column("by", ID),
    )
    op.execute("INSERT INTO crm_toytags_seen (tenant_id, word) VALUES ('acme', 'vip')")


def downgrade() -> None:
    """Nobody does."""
