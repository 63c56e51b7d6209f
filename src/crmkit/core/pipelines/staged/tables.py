"""What a staged entity declares: its stage columns, and beside it the table and entity of its stage entries."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Column, MetaData, Table

from crmkit.core.kernel.entities.columns import Flag, Instant, Integer, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import entity_table, ref, table_name
from crmkit.core.pipelines.staged.model import StageEntry

__all__ = ["entries_name", "stage_entry_table", "stage_entry_type", "staged_columns"]

E = TypeVar("E", bound=StageEntry)


def entries_name(entity: str) -> str:
    """The name of the entity that logs the stays of ``entity``: ``deal_stage_entry`` for ``deal``."""
    return f"{entity}_stage_entry"


def staged_columns() -> tuple[Column[Any], ...]:
    """The columns of the attributes of `crmkit.core.pipelines.staged.model.Staged`, for `entity_table`."""
    return (
        Column("pipeline", Text(), nullable=False),
        Column("stage", Text(), nullable=False),
        Column("category", Text(), nullable=False),
        Column("stage_entered_at", Instant(), nullable=False),
        Column("closed_at", Instant()),
        Column("lost_reason", Text()),
    )


def stage_entry_table(entity: str, metadata: MetaData) -> Table:
    """The table of the stage entries of a staged entity.

    Args:
        entity: the staged entity's name, such as ``deal`` or ``recruiting.applicant``.
        metadata: that of the staged entity's own table.
    """
    return entity_table(
        table_name(entries_name(entity)),
        metadata,
        ref(entity, "record_id", inverse="stage_entries", on_delete="delete"),
        Column("pipeline", Text(), nullable=False),
        Column("stage", Text(), nullable=False),
        Column("entered_at", Instant(), nullable=False),
        Column("entered_by", Text(), nullable=False),
        Column("reason", Text()),
        Column("note", Text()),
        Column("first", Flag(), nullable=False),
        Column("went_on", Flag(), nullable=False),
        Column("left_at", Instant()),
        Column("left_to", Text()),
        Column("seconds", Integer()),
        indexes=[("pipeline", "entered_at")],
    )


def stage_entry_type(entity: str, model: type[E], table: Table) -> EntityType[E]:
    """The entity of the stage entries of a staged entity; register it beside that one.

    Args:
        entity: the staged entity's name.
        model: a subclass of `StageEntry` of its own, so that a record tells which entity it is of.
        table: made by `stage_entry_table`.
    """
    return EntityType(
        name=entries_name(entity),
        model=model,
        table=table,
        label="Stage entry",
        display="stage",
        orders=("entered_at",),
        part_of="record_id",
        fields={
            "note": Field(data_class="personal"),
            "reason": Field(data_class="personal"),
            **dict.fromkeys(("pipeline", "stage", "left_to"), Field(personal=False)),
        },
    )
