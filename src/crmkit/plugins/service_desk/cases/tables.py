"""The tables of cases and of their stays in a status, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.cases.model import Case, CaseStay
from crmkit.plugins.service_desk.schema import metadata
from crmkit.sdk import EntityType, Field, Flag, Instant, Integer, Json, Text, entity_table, party_ref, ref

__all__ = ["CASE", "STAY", "case_table", "stay_table"]

case_table = entity_table(
    "crm_service_desk_case",
    metadata,
    Column("number", Integer(), nullable=False),
    party_ref(inverse="cases", on_merge="repoint", on_erase="keep", on_delete="refuse"),
    Column("kind", Text(), nullable=False),
    Column("subject", Text(), nullable=False),
    Column("body", Text(), nullable=False),
    Column("details", Json(), nullable=False),
    Column("channel", Text()),
    Column("status", Text(), nullable=False),
    Column("priority", Text(), nullable=False),
    Column("tier", Text()),
    Column("skill", Text()),
    ref("service_desk.queue", inverse="cases", nullable=True, on_delete="refuse"),
    Column("team_id", Text()),
    Column("assignee_id", Text()),
    ref("service_desk.case", "parent_id", inverse="children", nullable=True, on_delete="clear"),
    # What a merge leaves behind has no life of its own: it goes when the case that it became part of goes.
    ref("service_desk.case", "merged_into", nullable=True, on_delete="delete"),
    ref("thread", inverse="cases", nullable=True, on_delete="clear"),
    ref("service_desk.problem", inverse="cases", nullable=True, on_delete="clear"),
    ref("service_desk.solution", inverse="cases", nullable=True, on_delete="clear"),
    Column("deadline_at", Instant()),
    Column("outcome", Text()),
    Column("opened_at", Instant(), nullable=False),
    ref("service_desk.asset", inverse="cases", nullable=True, on_delete="clear"),
    Column("product", Text()),
    Column("reason", Text()),
    ref("service_desk.policy", inverse="cases", nullable=True, on_delete="clear"),
    Column("first_response_due_at", Instant()),
    Column("resolution_due_at", Instant()),
    Column("first_response_seconds", Integer()),
    Column("first_response_met", Flag()),
    Column("resolution_seconds", Integer()),
    Column("resolution_met", Flag()),
    Column("alerts", Json(), nullable=False),
    Column("alert_at", Instant()),
    Column("first_responded_at", Instant()),
    Column("paused_since", Instant()),
    Column("resolved_at", Instant()),
    Column("closed_at", Instant()),
    Column("next_due_at", Instant()),
    Column("reopened", Integer(), nullable=False),
    unique=[("number",)],
    # What is assigned to somebody or waits in a queue; what is to be closed; how many come over time.
    indexes=[("assignee_id", "status"), ("status", "resolved_at"), ("opened_at",), ("alert_at",)],
)

stay_table = entity_table(
    "crm_service_desk_stay",
    metadata,
    ref("service_desk.case", "case_id", inverse="stays", on_delete="delete"),
    Column("status", Text(), nullable=False),
    Column("entered_at", Instant(), nullable=False),
    Column("entered_by", Text(), nullable=False),
    Column("reason", Text()),
    Column("left_at", Instant()),
)

_PERSONAL: Final = Field(data_class="personal")
_FOUND: Final = Field(data_class="personal", searchable=True)

CASE: Final = EntityType(
    name="service_desk.case",
    model=Case,
    table=case_table,
    label="Case",
    display="subject",
    owner="assignee_id",
    team="team_id",
    orders=("-number", "next_due_at"),
    fields={
        "subject": _FOUND,
        "body": _FOUND,
        "details": _PERSONAL,
        "outcome": _FOUND,
        # What reports count, and when somebody was warned, says nothing of a person, so erasure leaves it.
        "product": Field(personal=False),
        "alerts": Field(personal=False),
    },
)

STAY: Final = EntityType(
    name="service_desk.stay",
    model=CaseStay,
    table=stay_table,
    label="Stay of a case in a status",
    display="status",
    part_of="case_id",
    orders=("id",),
    fields={"reason": _PERSONAL},
)
