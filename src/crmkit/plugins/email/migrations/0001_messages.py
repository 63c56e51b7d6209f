"""The tables of messages, templates and lanes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_messages"
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
        "crm_email_lane",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("domain", TEXT, nullable=False),
        sa.Column("open_at", INSTANT, nullable=False),
        sa.Column("turns", INTEGER, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_email_lane")),
        sa.UniqueConstraint("tenant_id", "domain", name=op.f("uq_crm_email_lane_tenant_id_domain")),
    )
    op.create_index("ox_crm_email_lane_domain", "crm_email_lane", ["tenant_id", "domain", "id"], unique=False)
    op.create_index("ox_crm_email_lane_open_at", "crm_email_lane", ["tenant_id", "open_at", "id"], unique=False)
    op.create_table(
        "crm_email_template",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("html", TEXT, nullable=True),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_email_template")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_email_template_tenant_id_key")),
    )
    op.create_index("ox_crm_email_template_key", "crm_email_template", ["tenant_id", "key", "id"], unique=False)
    op.create_index(
        "ox_crm_email_template_owner_id_key", "crm_email_template", ["tenant_id", "owner_id", "key", "id"], unique=False
    )
    op.create_table(
        "crm_email_message",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=True),
        sa.Column("direction", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=True),
        sa.Column("once", TEXT, nullable=True),
        sa.Column("purpose", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("ours", TEXT, nullable=True),
        sa.Column("domain", TEXT, nullable=True),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("fresh", TEXT, nullable=True),
        sa.Column("html", TEXT, nullable=True),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("in_reply_to", TEXT, nullable=True),
        sa.Column("earlier", JSON, nullable=False),
        sa.Column("reply_to", TEXT, nullable=True),
        sa.Column("thread_id", ID, nullable=True),
        sa.Column("interaction_id", ID, nullable=True),
        sa.Column("about", TEXT, nullable=True),
        sa.Column("about_id", ID, nullable=True),
        sa.Column("template", TEXT, nullable=True),
        sa.Column("automatic", FLAG, nullable=False),
        sa.Column("unsubscribable", FLAG, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("attempts", INTEGER, nullable=False),
        sa.Column("courier", TEXT, nullable=True),
        sa.Column("handed_at", INSTANT, nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("answer", TEXT, nullable=True),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interaction_id"],
            ["crm_interaction.tenant_id", "crm_interaction.id"],
            name=op.f("fk_crm_email_message_tenant_id_interaction_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_email_message_tenant_id_party_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "thread_id"],
            ["crm_thread.tenant_id", "crm_thread.id"],
            name=op.f("fk_crm_email_message_tenant_id_thread_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_email_message")),
        sa.UniqueConstraint(
            "tenant_id", "direction", "message_id", name=op.f("uq_crm_email_message_tenant_id_direction_message_id")
        ),
        sa.UniqueConstraint("tenant_id", "once", name=op.f("uq_crm_email_message_tenant_id_once")),
    )
    op.create_index(
        op.f("ix_crm_email_message_tenant_id_about_id_id"),
        "crm_email_message",
        ["tenant_id", "about_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_email_message_tenant_id_address_created_at_id"),
        "crm_email_message",
        ["tenant_id", "address", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_email_message_tenant_id_courier_id"),
        "crm_email_message",
        ["tenant_id", "courier", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_email_message_tenant_id_domain_handed_at_id"),
        "crm_email_message",
        ["tenant_id", "domain", "handed_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_email_message_tenant_id_interaction_id_id"),
        "crm_email_message",
        ["tenant_id", "interaction_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_email_message_tenant_id_party_id_id"),
        "crm_email_message",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_email_message_tenant_id_state_due_at_id"),
        "crm_email_message",
        ["tenant_id", "state", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_email_message_tenant_id_thread_id_id"),
        "crm_email_message",
        ["tenant_id", "thread_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_email_message_created_at", "crm_email_message", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ox_crm_email_message_due_at",
        "crm_email_message",
        ["tenant_id", sa.column("due_at").is_(None), "due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_email_message_handed_at",
        "crm_email_message",
        ["tenant_id", sa.column("handed_at").is_(None), "handed_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_email_message_owner_id_created_at",
        "crm_email_message",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_email_message_owner_id_due_at",
        "crm_email_message",
        ["tenant_id", "owner_id", sa.column("due_at").is_(None), "due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_email_message_owner_id_handed_at",
        "crm_email_message",
        ["tenant_id", "owner_id", sa.column("handed_at").is_(None), "handed_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("crm_email_message")
    op.drop_table("crm_email_template")
    op.drop_table("crm_email_lane")
