"""The core's first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_core"
down_revision = None

DAY = sa.Text().with_variant(sa.Date(), "postgresql")
EXACT_4 = sa.BigInteger().with_variant(sa.Numeric(19, 4), "postgresql")
FLAG = sa.Boolean(create_constraint=False)
GRAMS = sa.Text().with_variant(postgresql.ARRAY(sa.Integer()), "postgresql")
ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
INTEGER = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "crm_actor",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_actor")),
    )
    op.create_table(
        "crm_actor_membership",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_actor_membership")),
        sa.UniqueConstraint(
            "tenant_id", "actor_id", "kind", "key", name=op.f("uq_crm_actor_membership_tenant_id_actor_id_kind_key")
        ),
    )
    op.create_index(
        op.f("ix_crm_actor_membership_tenant_id_kind_key"),
        "crm_actor_membership",
        ["tenant_id", "kind", "key"],
        unique=False,
    )
    op.create_index(
        "ox_crm_actor_membership_actor_id", "crm_actor_membership", ["tenant_id", "actor_id", "id"], unique=False
    )
    op.create_table(
        "crm_catalog",
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("plugin", TEXT, nullable=False),
        sa.Column("shape", JSON, nullable=False),
        sa.PrimaryKeyConstraint("entity", name=op.f("pk_crm_catalog")),
    )
    op.create_table(
        "crm_change",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("seq", INTEGER, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("op", TEXT, nullable=False),
        sa.Column("diff", JSON, nullable=False),
        sa.Column("root_id", ID, nullable=False),
        sa.Column("root_version", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "unit_id", "seq", name=op.f("pk_crm_change")),
    )
    op.create_index("ix_crm_change_record", "crm_change", ["tenant_id", "record_id", "version"], unique=False)
    op.create_index("ix_crm_change_root", "crm_change", ["tenant_id", "root_id", "root_version"], unique=False)
    op.create_table(
        "crm_channel",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_channel")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_channel_tenant_id_key")),
    )
    op.create_index("ox_crm_channel_key", "crm_channel", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_claim",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_claim")),
        sa.UniqueConstraint(
            "tenant_id", "subject", "subject_id", name=op.f("uq_crm_claim_tenant_id_subject_subject_id")
        ),
    )
    op.create_index(
        op.f("ix_crm_claim_tenant_id_subject_id_id"), "crm_claim", ["tenant_id", "subject_id", "id"], unique=False
    )
    op.create_index(
        "ox_crm_claim_actor_id_expires_at", "crm_claim", ["tenant_id", "actor_id", "expires_at", "id"], unique=False
    )
    op.create_index("ox_crm_claim_expires_at", "crm_claim", ["tenant_id", "expires_at", "id"], unique=False)
    op.create_table(
        "crm_comment",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("author_id", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("edited_at", INSTANT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["crm_comment.tenant_id", "crm_comment.id"],
            name=op.f("fk_crm_comment_tenant_id_parent_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_comment")),
    )
    op.create_index(
        op.f("ix_crm_comment_tenant_id_parent_id_id"), "crm_comment", ["tenant_id", "parent_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_comment_tenant_id_subject_id_id"), "crm_comment", ["tenant_id", "subject_id", "id"], unique=False
    )
    op.create_index("ox_crm_comment_author_id_id", "crm_comment", ["tenant_id", "author_id", "id"], unique=False)
    op.create_table(
        "crm_counter",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("value", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "entity", name=op.f("pk_crm_counter")),
    )
    op.create_table(
        "crm_custom_field",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("help", TEXT, nullable=True),
        sa.Column("unit", TEXT, nullable=True),
        sa.Column("position", INTEGER, nullable=False),
        sa.Column("required", FLAG, nullable=False),
        sa.Column("default", JSON, nullable=True),
        sa.Column("choices", JSON, nullable=False),
        sa.Column("data_class", TEXT, nullable=True),
        sa.Column("unique", FLAG, nullable=False),
        sa.Column("indexed", FLAG, nullable=False),
        sa.Column("searchable", FLAG, nullable=False),
        sa.Column("refers_to", TEXT, nullable=True),
        sa.Column("plugin", TEXT, nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_custom_field")),
        sa.UniqueConstraint("tenant_id", "entity", "key", name=op.f("uq_crm_custom_field_tenant_id_entity_key")),
    )
    op.create_index("ox_crm_custom_field_key", "crm_custom_field", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_decision",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("author_id", TEXT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("valid_until", INSTANT, nullable=True),
        sa.Column("supersedes_id", ID, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supersedes_id"],
            ["crm_decision.tenant_id", "crm_decision.id"],
            name=op.f("fk_crm_decision_tenant_id_supersedes_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_decision")),
        sa.UniqueConstraint("tenant_id", "supersedes_id", name=op.f("uq_crm_decision_tenant_id_supersedes_id")),
    )
    op.create_index(
        op.f("ix_crm_decision_tenant_id_subject_id_id"), "crm_decision", ["tenant_id", "subject_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_decision_tenant_id_supersedes_id_id"),
        "crm_decision",
        ["tenant_id", "supersedes_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_decision_author_id_decided_at",
        "crm_decision",
        ["tenant_id", "author_id", "decided_at", "id"],
        unique=False,
    )
    op.create_index("ox_crm_decision_decided_at", "crm_decision", ["tenant_id", "decided_at", "id"], unique=False)
    op.create_table(
        "crm_delegation",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("from_actor", TEXT, nullable=False),
        sa.Column("to_actor", TEXT, nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_delegation")),
    )
    op.create_index(
        op.f("ix_crm_delegation_tenant_id_to_actor_from_actor"),
        "crm_delegation",
        ["tenant_id", "to_actor", "from_actor"],
        unique=False,
    )
    op.create_index("ox_crm_delegation_expires_at", "crm_delegation", ["tenant_id", "expires_at", "id"], unique=False)
    op.create_table(
        "crm_denial",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("on_behalf_of", TEXT, nullable=True),
        sa.Column("command", TEXT, nullable=True),
        sa.Column("permission", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=True),
        sa.Column("record_id", ID, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_denial")),
    )
    op.create_table(
        "crm_grant",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("permission", TEXT, nullable=False),
        sa.Column("grantee_kind", TEXT, nullable=False),
        sa.Column("grantee", TEXT, nullable=False),
        sa.Column("granted_by", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_grant")),
        sa.UniqueConstraint(
            "tenant_id",
            "grantee_kind",
            "grantee",
            "subject",
            "permission",
            "subject_id",
            name=op.f("uq_crm_grant_tenant_id_grantee_kind_grantee_subject_permission_subject_id"),
        ),
    )
    op.create_index(
        op.f("ix_crm_grant_tenant_id_subject_id_id"), "crm_grant", ["tenant_id", "subject_id", "id"], unique=False
    )
    op.create_index(
        "ox_crm_grant_granted_by_updated_at", "crm_grant", ["tenant_id", "granted_by", "updated_at", "id"], unique=False
    )
    op.create_index("ox_crm_grant_updated_at", "crm_grant", ["tenant_id", "updated_at", "id"], unique=False)
    op.create_table(
        "crm_job",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("plugin", TEXT, nullable=False),
        sa.Column("handler", TEXT, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("unit_id", ID, nullable=True),
        sa.Column("actor_id", TEXT, nullable=True),
        sa.Column("on_behalf_of", TEXT, nullable=True),
        sa.Column("record_id", ID, nullable=True),
        sa.Column("record_version", INTEGER, nullable=True),
        sa.Column("seq", INTEGER, nullable=False),
        sa.Column("chain", INTEGER, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("attempts", INTEGER, nullable=False),
        sa.Column("fencing_token", INTEGER, nullable=False),
        sa.Column("last_error", TEXT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("undo_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_job")),
    )
    op.create_index("ix_crm_job_due", "crm_job", ["tenant_id", "due_at", "id"], unique=False)
    op.create_index("ix_crm_job_record", "crm_job", ["tenant_id", "record_id", "state", "record_version"], unique=False)
    op.create_index("ix_crm_job_state", "crm_job", ["tenant_id", "state", "finished_at"], unique=False)
    op.create_index(
        "ix_crm_job_undo",
        "crm_job",
        ["tenant_id", "undo_id"],
        unique=False,
        postgresql_where=sa.column("undo_id").is_not(None),
        sqlite_where=sa.column("undo_id").is_not(None),
    )
    op.create_index("ix_crm_job_unit", "crm_job", ["tenant_id", "unit_id"], unique=False)
    op.create_table(
        "crm_lifecycle_stage",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("position", INTEGER, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_lifecycle_stage")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_lifecycle_stage_tenant_id_key")),
    )
    op.create_index(
        "ox_crm_lifecycle_stage_position", "crm_lifecycle_stage", ["tenant_id", "position", "id"], unique=False
    )
    op.create_table(
        "crm_notification",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("comment_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_notification")),
        sa.UniqueConstraint(
            "tenant_id", "comment_id", "actor_id", name=op.f("uq_crm_notification_tenant_id_comment_id_actor_id")
        ),
    )
    op.create_index("ix_crm_notification_actor", "crm_notification", ["tenant_id", "actor_id", "id"], unique=False)
    op.create_table(
        "crm_once",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("body_hash", TEXT, nullable=False),
        sa.Column("answer", JSON, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_crm_once")),
    )
    op.create_table(
        "crm_party",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sort_name", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("team_id", TEXT, nullable=True),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("time_zone", TEXT, nullable=True),
        sa.Column("lifecycle", TEXT, nullable=True),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("source_detail", TEXT, nullable=True),
        sa.Column("sourced_at", INSTANT, nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("merged_into", ID, nullable=True),
        sa.Column("given_name", TEXT, nullable=True),
        sa.Column("additional_names", TEXT, nullable=True),
        sa.Column("family_name", TEXT, nullable=True),
        sa.Column("prefix", TEXT, nullable=True),
        sa.Column("suffix", TEXT, nullable=True),
        sa.Column("nickname", TEXT, nullable=True),
        sa.Column("display_name", TEXT, nullable=True),
        sa.Column("birth_date", DAY, nullable=True),
        sa.Column("birthday", TEXT, nullable=True),
        sa.Column("gender", TEXT, nullable=True),
        sa.Column("legal_name", TEXT, nullable=True),
        sa.Column("legal_form", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "merged_into"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_party_tenant_id_merged_into"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_party")),
    )
    op.create_index(
        op.f("ix_crm_party_tenant_id_merged_into_id"), "crm_party", ["tenant_id", "merged_into", "id"], unique=False
    )
    op.create_index(
        "ox_crm_party_owner_id_sort_name", "crm_party", ["tenant_id", "owner_id", "sort_name", "id"], unique=False
    )
    op.create_index(
        "ox_crm_party_owner_id_updated_at", "crm_party", ["tenant_id", "owner_id", "updated_at", "id"], unique=False
    )
    op.create_index("ox_crm_party_sort_name", "crm_party", ["tenant_id", "sort_name", "id"], unique=False)
    op.create_index(
        "ox_crm_party_team_id_sort_name", "crm_party", ["tenant_id", "team_id", "sort_name", "id"], unique=False
    )
    op.create_index(
        "ox_crm_party_team_id_updated_at", "crm_party", ["tenant_id", "team_id", "updated_at", "id"], unique=False
    )
    op.create_index("ox_crm_party_updated_at", "crm_party", ["tenant_id", "updated_at", "id"], unique=False)
    op.create_table(
        "crm_party_role_type",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_party_role_type")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_party_role_type_tenant_id_key")),
    )
    op.create_index("ox_crm_party_role_type_key", "crm_party_role_type", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_pipeline",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("move_demands_interaction", FLAG, nullable=False),
        sa.Column("demands_next_action", FLAG, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_pipeline")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_pipeline_tenant_id_key")),
    )
    op.create_index("ox_crm_pipeline_key", "crm_pipeline", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_plugin_state",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("plugin", TEXT, nullable=False),
        sa.Column("enabled", FLAG, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "plugin", name=op.f("pk_crm_plugin_state")),
    )
    op.create_table(
        "crm_quality_rule",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("dimension", TEXT, nullable=False),
        sa.Column("weight", INTEGER, nullable=False),
        sa.Column("condition", JSON, nullable=False),
        sa.Column("applies", JSON, nullable=True),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_quality_rule")),
        sa.UniqueConstraint("tenant_id", "entity", "key", name=op.f("uq_crm_quality_rule_tenant_id_entity_key")),
    )
    op.create_index("ox_crm_quality_rule_key", "crm_quality_rule", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_quality_score",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("score", INTEGER, nullable=False),
        sa.Column("completeness", INTEGER, nullable=True),
        sa.Column("validity", INTEGER, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "entity", "record_id", name=op.f("pk_crm_quality_score")),
    )
    op.create_index(
        "ix_crm_quality_score_worst", "crm_quality_score", ["tenant_id", "entity", "score", "record_id"], unique=False
    )
    op.create_table(
        "crm_relationship_type",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("inverse", TEXT, nullable=False),
        sa.Column("inverse_label", TEXT, nullable=False),
        sa.Column("first_kind", TEXT, nullable=True),
        sa.Column("other_kind", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_relationship_type")),
        sa.UniqueConstraint("tenant_id", "inverse", name=op.f("uq_crm_relationship_type_tenant_id_inverse")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_relationship_type_tenant_id_key")),
    )
    op.create_index("ox_crm_relationship_type_key", "crm_relationship_type", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_role",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_role")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_role_tenant_id_key")),
    )
    op.create_index("ox_crm_role_key", "crm_role", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_saved_criteria",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("criteria", TEXT, nullable=False),
        sa.Column("order", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("team_id", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_saved_criteria")),
    )
    op.create_index("ox_crm_saved_criteria_name", "crm_saved_criteria", ["tenant_id", "name", "id"], unique=False)
    op.create_index(
        "ox_crm_saved_criteria_owner_id_name",
        "crm_saved_criteria",
        ["tenant_id", "owner_id", "name", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_saved_criteria_team_id_name", "crm_saved_criteria", ["tenant_id", "team_id", "name", "id"], unique=False
    )
    op.create_table(
        "crm_search",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("docid", INTEGER, nullable=True),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("grams", GRAMS, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "entity", "record_id", name=op.f("pk_crm_search")),
    )
    op.create_index(
        "ix_crm_search_docid", "crm_search", ["docid"], unique=False, postgresql_where=sa.column("docid").is_not(None)
    )
    op.create_index(
        "ix_crm_search_grams",
        "crm_search",
        ["grams"],
        unique=False,
        postgresql_using="gin",
        sqlite_where=sa.column("docid").is_(None),
    )
    op.create_index(
        "ix_crm_search_newest",
        "crm_search",
        ["tenant_id", "record_id", "entity"],
        unique=False,
        sqlite_where=sa.column("docid").is_(None),
    )
    op.create_table(
        "crm_team",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("parent", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_team")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_team_tenant_id_key")),
    )
    op.create_index(op.f("ix_crm_team_tenant_id_parent"), "crm_team", ["tenant_id", "parent"], unique=False)
    op.create_index("ox_crm_team_key", "crm_team", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_tenant",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("policy_generation", INTEGER, nullable=False),
        sa.Column("plugin_generation", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_crm_tenant")),
    )
    op.create_table(
        "crm_unique",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "entity", "key", "value", name=op.f("pk_crm_unique")),
    )
    op.create_table(
        "crm_unit",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("on_behalf_of", TEXT, nullable=True),
        sa.Column("commands", JSON, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("undoes", ID, nullable=True),
        sa.Column("caused_by", ID, nullable=True),
        sa.Column("reversible", FLAG, nullable=False),
        sa.Column("purged", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_unit")),
    )
    op.create_index("ix_crm_unit_caused_by", "crm_unit", ["tenant_id", "caused_by"], unique=False)
    op.create_table(
        "crm_attachment",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("comment_id", ID, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("size", INTEGER, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("uploaded_by", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "comment_id"],
            ["crm_comment.tenant_id", "crm_comment.id"],
            name=op.f("fk_crm_attachment_tenant_id_comment_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_attachment")),
    )
    op.create_index(
        op.f("ix_crm_attachment_tenant_id_comment_id_id"),
        "crm_attachment",
        ["tenant_id", "comment_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_attachment_tenant_id_sha256_id"), "crm_attachment", ["tenant_id", "sha256", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_attachment_tenant_id_subject_id_id"),
        "crm_attachment",
        ["tenant_id", "subject_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_attachment_uploaded_by_id", "crm_attachment", ["tenant_id", "uploaded_by", "id"], unique=False
    )
    op.create_table(
        "crm_deal",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("pipeline", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("category", TEXT, nullable=False),
        sa.Column("stage_entered_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("lost_reason", TEXT, nullable=True),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("amount", EXACT_4, nullable=True),
        sa.Column("amount_currency", TEXT, nullable=True),
        sa.Column("probability", EXACT_4, nullable=True),
        sa.Column("owner_id", TEXT, nullable=True),
        sa.Column("team_id", TEXT, nullable=True),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("expected_close", DAY, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_deal_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_deal")),
    )
    op.create_index(
        op.f("ix_crm_deal_tenant_id_party_id_id"), "crm_deal", ["tenant_id", "party_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_deal_tenant_id_pipeline_stage_stage_entered_at"),
        "crm_deal",
        ["tenant_id", "pipeline", "stage", "stage_entered_at"],
        unique=False,
    )
    op.create_index(
        "ox_crm_deal_expected_close",
        "crm_deal",
        ["tenant_id", sa.column("expected_close").is_(None), "expected_close", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_deal_owner_id_expected_close",
        "crm_deal",
        ["tenant_id", "owner_id", sa.column("expected_close").is_(None), "expected_close", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_deal_owner_id_updated_at", "crm_deal", ["tenant_id", "owner_id", "updated_at", "id"], unique=False
    )
    op.create_index(
        "ox_crm_deal_team_id_expected_close",
        "crm_deal",
        ["tenant_id", "team_id", sa.column("expected_close").is_(None), "expected_close", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_deal_team_id_updated_at", "crm_deal", ["tenant_id", "team_id", "updated_at", "id"], unique=False
    )
    op.create_index("ox_crm_deal_updated_at", "crm_deal", ["tenant_id", "updated_at", "id"], unique=False)
    op.create_table(
        "crm_identifier",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("scheme", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("exclusive", FLAG, nullable=False),
        sa.Column("exclusive_value", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_identifier_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_identifier")),
        sa.UniqueConstraint(
            "tenant_id", "party_id", "scheme", "value", name=op.f("uq_crm_identifier_tenant_id_party_id_scheme_value")
        ),
        sa.UniqueConstraint(
            "tenant_id", "scheme", "exclusive_value", name=op.f("uq_crm_identifier_tenant_id_scheme_exclusive_value")
        ),
    )
    op.create_index(
        op.f("ix_crm_identifier_tenant_id_party_id_id"), "crm_identifier", ["tenant_id", "party_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_identifier_tenant_id_scheme_value_id"),
        "crm_identifier",
        ["tenant_id", "scheme", "value", "id"],
        unique=False,
    )
    op.create_table(
        "crm_lifecycle_entry",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_lifecycle_entry_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_lifecycle_entry")),
    )
    op.create_index(
        op.f("ix_crm_lifecycle_entry_tenant_id_party_id_id"),
        "crm_lifecycle_entry",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_mechanism",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("raw", TEXT, nullable=False),
        sa.Column("normalised", TEXT, nullable=True),
        sa.Column("search_key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=True),
        sa.Column("is_primary", FLAG, nullable=False),
        sa.Column("verified_at", INSTANT, nullable=True),
        sa.Column("valid_from", DAY, nullable=True),
        sa.Column("valid_until", DAY, nullable=True),
        sa.Column("country", TEXT, nullable=True),
        sa.Column("service", TEXT, nullable=True),
        sa.Column("street", TEXT, nullable=True),
        sa.Column("locality", TEXT, nullable=True),
        sa.Column("region", TEXT, nullable=True),
        sa.Column("postal_code", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_mechanism_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_mechanism")),
        sa.UniqueConstraint(
            "tenant_id",
            "party_id",
            "kind",
            "normalised",
            name=op.f("uq_crm_mechanism_tenant_id_party_id_kind_normalised"),
        ),
    )
    op.create_index(
        op.f("ix_crm_mechanism_tenant_id_party_id_id"), "crm_mechanism", ["tenant_id", "party_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_mechanism_tenant_id_search_key_id"),
        "crm_mechanism",
        ["tenant_id", "search_key", "id"],
        unique=False,
    )
    op.create_table(
        "crm_party_role",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("valid_from", DAY, nullable=True),
        sa.Column("valid_until", DAY, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_party_role_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_party_role")),
    )
    op.create_index(
        op.f("ix_crm_party_role_tenant_id_party_id_id"), "crm_party_role", ["tenant_id", "party_id", "id"], unique=False
    )
    op.create_index(op.f("ix_crm_party_role_tenant_id_role"), "crm_party_role", ["tenant_id", "role"], unique=False)
    op.create_table(
        "crm_relationship",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("position", TEXT, nullable=True),
        sa.Column("valid_from", DAY, nullable=True),
        sa.Column("valid_until", DAY, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "other_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_relationship_tenant_id_other_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_relationship_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_relationship")),
    )
    op.create_index(
        op.f("ix_crm_relationship_tenant_id_other_id_id"),
        "crm_relationship",
        ["tenant_id", "other_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_relationship_tenant_id_party_id_id"),
        "crm_relationship",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_role_rule",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("role_id", ID, nullable=False),
        sa.Column("effect", TEXT, nullable=False),
        sa.Column("permission", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("condition", JSON, nullable=True),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["crm_role.tenant_id", "crm_role.id"],
            name=op.f("fk_crm_role_rule_tenant_id_role_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_role_rule")),
    )
    op.create_index(
        op.f("ix_crm_role_rule_tenant_id_role_id_id"), "crm_role_rule", ["tenant_id", "role_id", "id"], unique=False
    )
    op.create_table(
        "crm_stage",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("pipeline_id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("position", INTEGER, nullable=False),
        sa.Column("category", TEXT, nullable=False),
        sa.Column("probability", EXACT_4, nullable=False),
        sa.Column("stale_after_days", INTEGER, nullable=True),
        sa.Column("moves", JSON, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pipeline_id"],
            ["crm_pipeline.tenant_id", "crm_pipeline.id"],
            name=op.f("fk_crm_stage_tenant_id_pipeline_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_stage")),
        sa.UniqueConstraint("tenant_id", "pipeline_id", "key", name=op.f("uq_crm_stage_tenant_id_pipeline_id_key")),
    )
    op.create_index(
        op.f("ix_crm_stage_tenant_id_pipeline_id_id"), "crm_stage", ["tenant_id", "pipeline_id", "id"], unique=False
    )
    op.create_index("ox_crm_stage_position", "crm_stage", ["tenant_id", "position", "id"], unique=False)
    op.create_table(
        "crm_thread",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("opened_by", TEXT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_thread_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_thread")),
    )
    op.create_index(
        op.f("ix_crm_thread_tenant_id_party_id_id"), "crm_thread", ["tenant_id", "party_id", "id"], unique=False
    )
    op.create_index("ox_crm_thread_started_at", "crm_thread", ["tenant_id", "started_at", "id"], unique=False)
    op.create_table(
        "crm_deal_stage_entry",
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
            ["crm_deal.tenant_id", "crm_deal.id"],
            name=op.f("fk_crm_deal_stage_entry_tenant_id_record_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_deal_stage_entry")),
    )
    op.create_index(
        op.f("ix_crm_deal_stage_entry_tenant_id_pipeline_entered_at"),
        "crm_deal_stage_entry",
        ["tenant_id", "pipeline", "entered_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_deal_stage_entry_tenant_id_record_id_id"),
        "crm_deal_stage_entry",
        ["tenant_id", "record_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_deal_stage_entry_entered_at", "crm_deal_stage_entry", ["tenant_id", "entered_at", "id"], unique=False
    )
    op.create_table(
        "crm_interaction",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=True),
        sa.Column("direction", TEXT, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("duration_seconds", INTEGER, nullable=True),
        sa.Column("summary", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("thread_id", ID, nullable=True),
        sa.Column("about", TEXT, nullable=True),
        sa.Column("about_id", ID, nullable=True),
        sa.Column("about_label", TEXT, nullable=True),
        sa.Column("author_id", TEXT, nullable=False),
        sa.Column("correction_reason", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_interaction_tenant_id_party_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "thread_id"],
            ["crm_thread.tenant_id", "crm_thread.id"],
            name=op.f("fk_crm_interaction_tenant_id_thread_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_interaction")),
    )
    op.create_index(
        op.f("ix_crm_interaction_tenant_id_about_id_id"),
        "crm_interaction",
        ["tenant_id", "about_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_interaction_tenant_id_party_id_id"),
        "crm_interaction",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_interaction_tenant_id_party_id_occurred_at_id"),
        "crm_interaction",
        ["tenant_id", "party_id", "occurred_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_interaction_tenant_id_thread_id_id"),
        "crm_interaction",
        ["tenant_id", "thread_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_interaction_tenant_id_thread_id_occurred_at_id"),
        "crm_interaction",
        ["tenant_id", "thread_id", "occurred_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_interaction_occurred_at", "crm_interaction", ["tenant_id", "occurred_at", "id"], unique=False
    )
    op.create_table(
        "crm_activity",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("priority", TEXT, nullable=False),
        sa.Column("party_id", ID, nullable=True),
        sa.Column("about", TEXT, nullable=True),
        sa.Column("about_id", ID, nullable=True),
        sa.Column("about_label", TEXT, nullable=True),
        sa.Column("assignee_id", TEXT, nullable=True),
        sa.Column("team_id", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("interaction_id", ID, nullable=True),
        sa.Column("cancel_reason", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interaction_id"],
            ["crm_interaction.tenant_id", "crm_interaction.id"],
            name=op.f("fk_crm_activity_tenant_id_interaction_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_activity_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_activity")),
    )
    op.create_index(
        op.f("ix_crm_activity_tenant_id_about_id_id"), "crm_activity", ["tenant_id", "about_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_activity_tenant_id_about_id_status_due_at_id"),
        "crm_activity",
        ["tenant_id", "about_id", "status", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_activity_tenant_id_assignee_id_status_due_at_id"),
        "crm_activity",
        ["tenant_id", "assignee_id", "status", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_activity_tenant_id_interaction_id_id"),
        "crm_activity",
        ["tenant_id", "interaction_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_activity_tenant_id_party_id_id"), "crm_activity", ["tenant_id", "party_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_crm_activity_tenant_id_party_id_status_due_at_id"),
        "crm_activity",
        ["tenant_id", "party_id", "status", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_activity_tenant_id_status_due_at_id"),
        "crm_activity",
        ["tenant_id", "status", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_activity_assignee_id_due_at", "crm_activity", ["tenant_id", "assignee_id", "due_at", "id"], unique=False
    )
    op.create_index("ox_crm_activity_due_at", "crm_activity", ["tenant_id", "due_at", "id"], unique=False)
    op.create_index(
        "ox_crm_activity_team_id_due_at", "crm_activity", ["tenant_id", "team_id", "due_at", "id"], unique=False
    )
    op.create_table(
        "crm_participant",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("interaction_id", ID, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("party_id", ID, nullable=True),
        sa.Column("actor_id", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interaction_id"],
            ["crm_interaction.tenant_id", "crm_interaction.id"],
            name=op.f("fk_crm_participant_tenant_id_interaction_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_participant_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_participant")),
    )
    op.create_index(
        op.f("ix_crm_participant_tenant_id_interaction_id_id"),
        "crm_participant",
        ["tenant_id", "interaction_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_participant_tenant_id_party_id_id"),
        "crm_participant",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE crm_search_index USING fts5(grams, content='crm_search', content_rowid='docid',"
            " detail=none, columnsize=0, tokenize='ascii')"
        )


def downgrade() -> None:
    """Take back."""
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TABLE crm_search_index")
    op.drop_table("crm_participant")
    op.drop_table("crm_activity")
    op.drop_table("crm_interaction")
    op.drop_table("crm_deal_stage_entry")
    op.drop_table("crm_thread")
    op.drop_table("crm_stage")
    op.drop_table("crm_role_rule")
    op.drop_table("crm_relationship")
    op.drop_table("crm_party_role")
    op.drop_table("crm_mechanism")
    op.drop_table("crm_lifecycle_entry")
    op.drop_table("crm_identifier")
    op.drop_table("crm_deal")
    op.drop_table("crm_attachment")
    op.drop_table("crm_unit")
    op.drop_table("crm_unique")
    op.drop_table("crm_tenant")
    op.drop_table("crm_team")
    op.drop_table("crm_search")
    op.drop_table("crm_saved_criteria")
    op.drop_table("crm_role")
    op.drop_table("crm_relationship_type")
    op.drop_table("crm_quality_score")
    op.drop_table("crm_quality_rule")
    op.drop_table("crm_plugin_state")
    op.drop_table("crm_pipeline")
    op.drop_table("crm_party_role_type")
    op.drop_table("crm_party")
    op.drop_table("crm_once")
    op.drop_table("crm_notification")
    op.drop_table("crm_lifecycle_stage")
    op.drop_table("crm_job")
    op.drop_table("crm_grant")
    op.drop_table("crm_denial")
    op.drop_table("crm_delegation")
    op.drop_table("crm_decision")
    op.drop_table("crm_custom_field")
    op.drop_table("crm_counter")
    op.drop_table("crm_comment")
    op.drop_table("crm_claim")
    op.drop_table("crm_channel")
    op.drop_table("crm_change")
    op.drop_table("crm_catalog")
    op.drop_table("crm_actor_membership")
    op.drop_table("crm_actor")
