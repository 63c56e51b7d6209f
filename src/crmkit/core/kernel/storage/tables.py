"""The kernel's own tables: tenants, actors, units, changes, jobs, idempotency keys, denials, catalogue, plugin state.

All of them but ``crm_tenant``, ``crm_catalog`` and ``crm_plugin_state`` are facts of one tenant: append-only and never
undone. The areas declare their entities on the same `metadata`, since the core is one migration unit.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table

from crmkit.core.kernel.entities.columns import Flag, Id, Instant, Integer, Json, Text
from crmkit.core.kernel.entities.table import NAMES_ENTITY, new_metadata

__all__ = [
    "actor_table",
    "catalog_table",
    "change_table",
    "counter_table",
    "denial_table",
    "job_table",
    "metadata",
    "once_table",
    "plugin_state_table",
    "tenant_table",
    "unique_table",
    "unit_table",
]

metadata = new_metadata()

tenant_table = Table(
    "crm_tenant",
    metadata,
    Column("tenant_id", Text(), primary_key=True),
    Column("name", Text(), nullable=False),
    Column("active", Flag(), nullable=False),
    Column("created_at", Instant(), nullable=False),
    # Raised by every change of roles, teams, memberships and grants, so that each process drops what it has cached.
    Column("policy_generation", Integer(), nullable=False),
    # Raised when a plugin is enabled or disabled, for this tenant or for all.
    Column("plugin_generation", Integer(), nullable=False),
)

actor_table = Table(
    "crm_actor",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("id", Text(), nullable=False),
    Column("kind", Text(), nullable=False),
    Column("name", Text(), nullable=False),
    Column("seen_at", Instant(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
)

# The last number that records of an entity were given; who takes the next one holds the row until its unit has ended.
counter_table = Table(
    "crm_counter",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("entity", Text(), nullable=False, info=dict(NAMES_ENTITY)),
    Column("value", Integer(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "entity"),
)

unit_table = Table(
    "crm_unit",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("id", Id(), nullable=False),
    Column("actor_id", Text(), nullable=False),
    Column("on_behalf_of", Text()),
    Column("commands", Json(), nullable=False),
    Column("reason", Text()),
    Column("source", Text()),
    Column("at", Instant(), nullable=False),
    Column("undoes", Id()),
    Column("caused_by", Id()),
    Column("reversible", Flag(), nullable=False),
    # Ids of plugins, with commas between, that were purged together with what this unit had changed of theirs.
    Column("purged", Text()),
    PrimaryKeyConstraint("tenant_id", "id"),
)
Index("ix_crm_unit_caused_by", unit_table.c.tenant_id, unit_table.c.caused_by)

change_table = Table(
    "crm_change",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("unit_id", Id(), nullable=False),
    Column("seq", Integer(), nullable=False),
    Column("entity", Text(), nullable=False),
    Column("record_id", Id(), nullable=False),
    Column("version", Integer(), nullable=False),
    Column("op", Text(), nullable=False),
    Column("diff", Json(), nullable=False),
    Column("root_id", Id(), nullable=False),
    Column("root_version", Integer(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "unit_id", "seq"),
)
# A record's own history, and that of a record with its parts; both in version order.
Index("ix_crm_change_record", change_table.c.tenant_id, change_table.c.record_id, change_table.c.version)
Index("ix_crm_change_root", change_table.c.tenant_id, change_table.c.root_id, change_table.c.root_version)

job_table = Table(
    "crm_job",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("id", Id(), nullable=False),
    # Of a durable subscriber (event) or of a schedule; and the event's class or the schedule's name.
    Column("kind", Text(), nullable=False),
    Column("name", Text(), nullable=False),
    Column("plugin", Text(), nullable=False),
    Column("handler", Text(), nullable=False),
    Column("payload", Json(), nullable=False),
    # The unit that told the event, and its actor, none if that was crmkit itself.
    Column("unit_id", Id()),
    Column("actor_id", Text()),
    Column("on_behalf_of", Text()),
    # The record that the event is about, its version after the unit, and the event's place in the unit: the order.
    Column("record_id", Id()),
    Column("record_version", Integer()),
    Column("seq", Integer(), nullable=False),
    # How many jobs came before it, each the cause of the next.
    Column("chain", Integer(), nullable=False),
    Column("state", Text(), nullable=False),
    # When a worker has to look at it: when it is due, or when the lease of who runs it ends. None once it is over.
    Column("due_at", Instant()),
    # How often it has failed, or its worker was lost.
    Column("attempts", Integer(), nullable=False),
    # Raised by every claim; an effect may be acknowledged only with the token under which it was claimed.
    Column("fencing_token", Integer(), nullable=False),
    Column("last_error", Text()),
    Column("created_at", Instant(), nullable=False),
    Column("finished_at", Instant()),
    # The last undo that has dropped it, or queued it again.
    Column("undo_id", Id()),
    PrimaryKeyConstraint("tenant_id", "id"),
)
Index("ix_crm_job_due", job_table.c.tenant_id, job_table.c.due_at, job_table.c.id)
Index(
    "ix_crm_job_record",
    job_table.c.tenant_id,
    job_table.c.record_id,
    job_table.c.state,
    job_table.c.record_version,
)
Index("ix_crm_job_state", job_table.c.tenant_id, job_table.c.state, job_table.c.finished_at)
# An undo looks for the jobs of the unit that it undoes; few jobs were ever touched by one.
Index("ix_crm_job_unit", job_table.c.tenant_id, job_table.c.unit_id)
_undone = job_table.c.undo_id.is_not(None)
Index("ix_crm_job_undo", job_table.c.tenant_id, job_table.c.undo_id, postgresql_where=_undone, sqlite_where=_undone)

once_table = Table(
    "crm_once",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("key", Text(), nullable=False),
    Column("body_hash", Text(), nullable=False),
    Column("answer", Json(), nullable=False),
    Column("unit_id", Id(), nullable=False),
    Column("at", Instant(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "key"),
)

denial_table = Table(
    "crm_denial",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("id", Id(), nullable=False),
    Column("actor_id", Text(), nullable=False),
    Column("on_behalf_of", Text()),
    Column("command", Text()),
    Column("permission", Text(), nullable=False),
    Column("entity", Text()),
    Column("record_id", Id()),
    Column("at", Instant(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
)

# Values of custom fields of which no two records may have the same; of each, the record that has it.
unique_table = Table(
    "crm_unique",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("entity", Text(), nullable=False, info=dict(NAMES_ENTITY)),
    Column("key", Text(), nullable=False),
    Column("value", Text(), nullable=False),
    Column("record_id", Id(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "entity", "key", "value"),
)

catalog_table = Table(
    "crm_catalog",
    metadata,
    Column("entity", Text(), primary_key=True),
    Column("plugin", Text(), nullable=False),
    Column("shape", Json(), nullable=False),
)

plugin_state_table = Table(
    "crm_plugin_state",
    metadata,
    # A tenant's id, or "*" for all of them.
    Column("tenant_id", Text(), nullable=False),
    Column("plugin", Text(), nullable=False),
    Column("enabled", Flag(), nullable=False),
    Column("at", Instant(), nullable=False),
    Column("actor_id", Text(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "plugin"),
)
