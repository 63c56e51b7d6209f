"""The tables of the service desk."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_service_desk"
down_revision = None

DAY = sa.Text().with_variant(sa.Date(), "postgresql")
FLAG = sa.Boolean(create_constraint=False)
ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")
INSTANT = sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
INTEGER = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "crm_service_desk_calendar",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("team_id", TEXT, nullable=False),
        sa.Column("timezone", TEXT, nullable=False),
        sa.Column("week", JSON, nullable=False),
        sa.Column("days", JSON, nullable=False),
        sa.Column("country", TEXT, nullable=True),
        sa.Column("subdivision", TEXT, nullable=True),
        sa.Column("holidays", JSON, nullable=False),
        sa.Column("holidays_until", INTEGER, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_calendar")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_service_desk_calendar_tenant_id_key")),
        sa.UniqueConstraint("tenant_id", "team_id", name=op.f("uq_crm_service_desk_calendar_tenant_id_team_id")),
    )
    op.create_index(
        "ox_crm_service_desk_calendar_key", "crm_service_desk_calendar", ["tenant_id", "key", "id"], unique=False
    )
    op.create_table(
        "crm_service_desk_policy",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("tier", TEXT, nullable=False),
        sa.Column("priority", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("first_response", INTEGER, nullable=True),
        sa.Column("resolution", INTEGER, nullable=True),
        sa.Column("warn_after", INTEGER, nullable=False),
        sa.Column("escalate_to", TEXT, nullable=True),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_policy")),
        sa.UniqueConstraint(
            "tenant_id",
            "tier",
            "priority",
            "kind",
            name=op.f("uq_crm_service_desk_policy_tenant_id_tier_priority_kind"),
        ),
    )
    op.create_table(
        "crm_service_desk_problem",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_problem")),
    )
    op.create_index(
        "ox_crm_service_desk_problem_updated_at",
        "crm_service_desk_problem",
        ["tenant_id", "updated_at", "id"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_queue",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("team_id", TEXT, nullable=True),
        sa.Column("strategy", TEXT, nullable=False),
        sa.Column("priority", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=True),
        sa.Column("last_assigned", TEXT, nullable=True),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_queue")),
        sa.UniqueConstraint("tenant_id", "address", name=op.f("uq_crm_service_desk_queue_tenant_id_address")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_service_desk_queue_tenant_id_key")),
    )
    op.create_index("ox_crm_service_desk_queue_key", "crm_service_desk_queue", ["tenant_id", "key", "id"], unique=False)
    op.create_table(
        "crm_service_desk_recount",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("after", ID, nullable=True),
        sa.Column("cases", INTEGER, nullable=False),
        sa.Column("changed", INTEGER, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_recount")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_crm_service_desk_recount_tenant_id_key")),
    )
    op.create_table(
        "crm_service_desk_agent",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("queue_id", ID, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("skills", JSON, nullable=False),
        sa.Column("capacity", INTEGER, nullable=True),
        sa.Column("available", FLAG, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "queue_id"],
            ["crm_service_desk_queue.tenant_id", "crm_service_desk_queue.id"],
            name=op.f("fk_crm_service_desk_agent_tenant_id_queue_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_agent")),
        sa.UniqueConstraint(
            "tenant_id", "queue_id", "actor_id", name=op.f("uq_crm_service_desk_agent_tenant_id_queue_id_actor_id")
        ),
    )
    op.create_index(
        op.f("ix_crm_service_desk_agent_tenant_id_queue_id_id"),
        "crm_service_desk_agent",
        ["tenant_id", "queue_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_asset",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("product", TEXT, nullable=False),
        sa.Column("serial", TEXT, nullable=True),
        sa.Column("acquired_on", DAY, nullable=True),
        sa.Column("retired_on", DAY, nullable=True),
        sa.Column("covered_until", DAY, nullable=True),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_service_desk_asset_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_asset")),
        sa.UniqueConstraint(
            "tenant_id", "product", "serial", name=op.f("uq_crm_service_desk_asset_tenant_id_product_serial")
        ),
    )
    op.create_index(
        op.f("ix_crm_service_desk_asset_tenant_id_party_id_id"),
        "crm_service_desk_asset",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_service_desk_asset_updated_at",
        "crm_service_desk_asset",
        ["tenant_id", "updated_at", "id"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_rule",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("place", INTEGER, nullable=False),
        sa.Column("queue_id", ID, nullable=False),
        sa.Column("kinds", JSON, nullable=False),
        sa.Column("channels", JSON, nullable=False),
        sa.Column("tiers", JSON, nullable=False),
        sa.Column("priorities", JSON, nullable=False),
        sa.Column("words", JSON, nullable=False),
        sa.Column("priority", TEXT, nullable=True),
        sa.Column("skill", TEXT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "queue_id"],
            ["crm_service_desk_queue.tenant_id", "crm_service_desk_queue.id"],
            name=op.f("fk_crm_service_desk_rule_tenant_id_queue_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_rule")),
    )
    op.create_index(
        op.f("ix_crm_service_desk_rule_tenant_id_queue_id_id"),
        "crm_service_desk_rule",
        ["tenant_id", "queue_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_service_desk_rule_place", "crm_service_desk_rule", ["tenant_id", "place", "id"], unique=False
    )
    op.create_table(
        "crm_service_desk_solution",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("problem_id", ID, nullable=True),
        sa.Column("retired", FLAG, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "problem_id"],
            ["crm_service_desk_problem.tenant_id", "crm_service_desk_problem.id"],
            name=op.f("fk_crm_service_desk_solution_tenant_id_problem_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_solution")),
    )
    op.create_index(
        op.f("ix_crm_service_desk_solution_tenant_id_problem_id_id"),
        "crm_service_desk_solution",
        ["tenant_id", "problem_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_service_desk_solution_updated_at",
        "crm_service_desk_solution",
        ["tenant_id", "updated_at", "id"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_case",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("number", INTEGER, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("channel", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("priority", TEXT, nullable=False),
        sa.Column("tier", TEXT, nullable=True),
        sa.Column("skill", TEXT, nullable=True),
        sa.Column("queue_id", ID, nullable=True),
        sa.Column("team_id", TEXT, nullable=True),
        sa.Column("assignee_id", TEXT, nullable=True),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("merged_into", ID, nullable=True),
        sa.Column("thread_id", ID, nullable=True),
        sa.Column("problem_id", ID, nullable=True),
        sa.Column("solution_id", ID, nullable=True),
        sa.Column("deadline_at", INSTANT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("asset_id", ID, nullable=True),
        sa.Column("product", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("policy_id", ID, nullable=True),
        sa.Column("first_response_due_at", INSTANT, nullable=True),
        sa.Column("resolution_due_at", INSTANT, nullable=True),
        sa.Column("first_response_seconds", INTEGER, nullable=True),
        sa.Column("first_response_met", FLAG, nullable=True),
        sa.Column("resolution_seconds", INTEGER, nullable=True),
        sa.Column("resolution_met", FLAG, nullable=True),
        sa.Column("alerts", JSON, nullable=False),
        sa.Column("alert_at", INSTANT, nullable=True),
        sa.Column("first_responded_at", INSTANT, nullable=True),
        sa.Column("paused_since", INSTANT, nullable=True),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("next_due_at", INSTANT, nullable=True),
        sa.Column("reopened", INTEGER, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "asset_id"],
            ["crm_service_desk_asset.tenant_id", "crm_service_desk_asset.id"],
            name=op.f("fk_crm_service_desk_case_tenant_id_asset_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "merged_into"],
            ["crm_service_desk_case.tenant_id", "crm_service_desk_case.id"],
            name=op.f("fk_crm_service_desk_case_tenant_id_merged_into"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["crm_service_desk_case.tenant_id", "crm_service_desk_case.id"],
            name=op.f("fk_crm_service_desk_case_tenant_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_service_desk_case_tenant_id_party_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "policy_id"],
            ["crm_service_desk_policy.tenant_id", "crm_service_desk_policy.id"],
            name=op.f("fk_crm_service_desk_case_tenant_id_policy_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "problem_id"],
            ["crm_service_desk_problem.tenant_id", "crm_service_desk_problem.id"],
            name=op.f("fk_crm_service_desk_case_tenant_id_problem_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "queue_id"],
            ["crm_service_desk_queue.tenant_id", "crm_service_desk_queue.id"],
            name=op.f("fk_crm_service_desk_case_tenant_id_queue_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "solution_id"],
            ["crm_service_desk_solution.tenant_id", "crm_service_desk_solution.id"],
            name=op.f("fk_crm_service_desk_case_tenant_id_solution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "thread_id"],
            ["crm_thread.tenant_id", "crm_thread.id"],
            name=op.f("fk_crm_service_desk_case_tenant_id_thread_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_case")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_crm_service_desk_case_tenant_id_number")),
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_alert_at"),
        "crm_service_desk_case",
        ["tenant_id", "alert_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_asset_id_id"),
        "crm_service_desk_case",
        ["tenant_id", "asset_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_assignee_id_status"),
        "crm_service_desk_case",
        ["tenant_id", "assignee_id", "status"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_merged_into_id"),
        "crm_service_desk_case",
        ["tenant_id", "merged_into", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_opened_at"),
        "crm_service_desk_case",
        ["tenant_id", "opened_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_parent_id_id"),
        "crm_service_desk_case",
        ["tenant_id", "parent_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_party_id_id"),
        "crm_service_desk_case",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_policy_id_id"),
        "crm_service_desk_case",
        ["tenant_id", "policy_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_problem_id_id"),
        "crm_service_desk_case",
        ["tenant_id", "problem_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_queue_id_id"),
        "crm_service_desk_case",
        ["tenant_id", "queue_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_solution_id_id"),
        "crm_service_desk_case",
        ["tenant_id", "solution_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_status_resolved_at"),
        "crm_service_desk_case",
        ["tenant_id", "status", "resolved_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_case_tenant_id_thread_id_id"),
        "crm_service_desk_case",
        ["tenant_id", "thread_id", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_service_desk_case_assignee_id_next_due_at",
        "crm_service_desk_case",
        ["tenant_id", "assignee_id", sa.column("next_due_at").is_(None), "next_due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_service_desk_case_assignee_id_number",
        "crm_service_desk_case",
        ["tenant_id", "assignee_id", "number", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_service_desk_case_next_due_at",
        "crm_service_desk_case",
        ["tenant_id", sa.column("next_due_at").is_(None), "next_due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_service_desk_case_number", "crm_service_desk_case", ["tenant_id", "number", "id"], unique=False
    )
    op.create_index(
        "ox_crm_service_desk_case_team_id_next_due_at",
        "crm_service_desk_case",
        ["tenant_id", "team_id", sa.column("next_due_at").is_(None), "next_due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ox_crm_service_desk_case_team_id_number",
        "crm_service_desk_case",
        ["tenant_id", "team_id", "number", "id"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_term",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("asset_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("starts_on", DAY, nullable=False),
        sa.Column("ends_on", DAY, nullable=False),
        sa.Column("covers", TEXT, nullable=False),
        sa.Column("reminded_on", DAY, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "asset_id"],
            ["crm_service_desk_asset.tenant_id", "crm_service_desk_asset.id"],
            name=op.f("fk_crm_service_desk_term_tenant_id_asset_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_term")),
    )
    op.create_index(
        op.f("ix_crm_service_desk_term_tenant_id_asset_id_id"),
        "crm_service_desk_term",
        ["tenant_id", "asset_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_term_tenant_id_ends_on"),
        "crm_service_desk_term",
        ["tenant_id", "ends_on"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_link",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "case_id"],
            ["crm_service_desk_case.tenant_id", "crm_service_desk_case.id"],
            name=op.f("fk_crm_service_desk_link_tenant_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "other_id"],
            ["crm_service_desk_case.tenant_id", "crm_service_desk_case.id"],
            name=op.f("fk_crm_service_desk_link_tenant_id_other_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_link")),
        sa.UniqueConstraint(
            "tenant_id",
            "case_id",
            "other_id",
            "kind",
            name=op.f("uq_crm_service_desk_link_tenant_id_case_id_other_id_kind"),
        ),
    )
    op.create_index(
        op.f("ix_crm_service_desk_link_tenant_id_case_id_id"),
        "crm_service_desk_link",
        ["tenant_id", "case_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_link_tenant_id_other_id_id"),
        "crm_service_desk_link",
        ["tenant_id", "other_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_position",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("stance", TEXT, nullable=False),
        sa.Column("agreed", FLAG, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "case_id"],
            ["crm_service_desk_case.tenant_id", "crm_service_desk_case.id"],
            name=op.f("fk_crm_service_desk_position_tenant_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_service_desk_position_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_position")),
    )
    op.create_index(
        op.f("ix_crm_service_desk_position_tenant_id_case_id_id"),
        "crm_service_desk_position",
        ["tenant_id", "case_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_position_tenant_id_party_id_id"),
        "crm_service_desk_position",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_return",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("product", TEXT, nullable=False),
        sa.Column("quantity", INTEGER, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("returned_on", DAY, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("asset_id", ID, nullable=True),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("settled_on", DAY, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "asset_id"],
            ["crm_service_desk_asset.tenant_id", "crm_service_desk_asset.id"],
            name=op.f("fk_crm_service_desk_return_tenant_id_asset_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "case_id"],
            ["crm_service_desk_case.tenant_id", "crm_service_desk_case.id"],
            name=op.f("fk_crm_service_desk_return_tenant_id_case_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "party_id"],
            ["crm_party.tenant_id", "crm_party.id"],
            name=op.f("fk_crm_service_desk_return_tenant_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_return")),
    )
    op.create_index(
        op.f("ix_crm_service_desk_return_tenant_id_asset_id_id"),
        "crm_service_desk_return",
        ["tenant_id", "asset_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_return_tenant_id_case_id_id"),
        "crm_service_desk_return",
        ["tenant_id", "case_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_return_tenant_id_party_id_id"),
        "crm_service_desk_return",
        ["tenant_id", "party_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_crm_service_desk_return_tenant_id_returned_on"),
        "crm_service_desk_return",
        ["tenant_id", "returned_on"],
        unique=False,
    )
    op.create_index(
        "ox_crm_service_desk_return_returned_on",
        "crm_service_desk_return",
        ["tenant_id", "returned_on", "id"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_stay",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column("entered_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "case_id"],
            ["crm_service_desk_case.tenant_id", "crm_service_desk_case.id"],
            name=op.f("fk_crm_service_desk_stay_tenant_id_case_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_stay")),
    )
    op.create_index(
        op.f("ix_crm_service_desk_stay_tenant_id_case_id_id"),
        "crm_service_desk_stay",
        ["tenant_id", "case_id", "id"],
        unique=False,
    )
    op.create_table(
        "crm_service_desk_watcher",
        sa.Column("tenant_id", TEXT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("actor_id", TEXT, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("custom", JSON, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "case_id"],
            ["crm_service_desk_case.tenant_id", "crm_service_desk_case.id"],
            name=op.f("fk_crm_service_desk_watcher_tenant_id_case_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_crm_service_desk_watcher")),
        sa.UniqueConstraint(
            "tenant_id", "case_id", "actor_id", name=op.f("uq_crm_service_desk_watcher_tenant_id_case_id_actor_id")
        ),
    )
    op.create_index(
        op.f("ix_crm_service_desk_watcher_tenant_id_case_id_id"),
        "crm_service_desk_watcher",
        ["tenant_id", "case_id", "id"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("crm_service_desk_watcher")
    op.drop_table("crm_service_desk_stay")
    op.drop_table("crm_service_desk_return")
    op.drop_table("crm_service_desk_position")
    op.drop_table("crm_service_desk_link")
    op.drop_table("crm_service_desk_term")
    op.drop_table("crm_service_desk_case")
    op.drop_table("crm_service_desk_solution")
    op.drop_table("crm_service_desk_rule")
    op.drop_table("crm_service_desk_asset")
    op.drop_table("crm_service_desk_agent")
    op.drop_table("crm_service_desk_recount")
    op.drop_table("crm_service_desk_queue")
    op.drop_table("crm_service_desk_problem")
    op.drop_table("crm_service_desk_policy")
    op.drop_table("crm_service_desk_calendar")
