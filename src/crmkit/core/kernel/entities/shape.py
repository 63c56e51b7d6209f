"""An entity as pure data: what the catalogue stores, and all that is needed where the entity's plugin is absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import frozen

from crmkit.core.kernel.entities.columns import LogicalType

__all__ = ["FieldShape", "OnDelete", "OnErase", "OnMerge", "Reference", "Shape", "TableKind"]

OnMerge = Literal["repoint", "keep_winner", "keep_newest", "union", "strictest"]
OnErase = Literal["keep", "clear", "delete"]
OnDelete = Literal["refuse", "clear", "delete"]
TableKind = Literal["entity", "derived", "fact"]


@frozen(kw_only=True)
class Reference:
    """A column that holds the id of another record.

    Attributes:
        column: the column's name.
        entity: the entity it refers to; None where ``entity_column`` names it per row.
        entity_column: the column that holds the entity's name, for references to any entity.
        name: the relation's name in criteria: the column's without ``_id``.
        inverse: the relation's name seen from the other end, such as ``deals``; None for none.
        on_merge: what happens when the record referred to is merged into another.
        on_erase: what happens when the person referred to is erased.
        on_delete: what happens when the record referred to is deleted.
        label: the column that keeps what the record referred to was called; erased together with that record.
    """

    column: str
    entity: str | None
    entity_column: str | None = None
    name: str
    inverse: str | None = None
    on_merge: OnMerge = "repoint"
    on_erase: OnErase = "keep"
    on_delete: OnDelete = "refuse"
    label: str | None = None


@frozen(kw_only=True)
class FieldShape:
    """One field of an entity as pure data.

    Attributes:
        name: the model's attribute.
        type: the logical type.
        columns: the columns that hold it: one, or amount and currency for money.
        nullable: whether it may be None.
        label: for people.
        data_class: see `Field`.
        searchable: see `Field`.
        reference: set if it refers to another record.
        scale: decimal places of a decimal or money.
        personal: whether erasing the person that the record is about takes its value; see `Field`.
    """

    name: str
    type: LogicalType
    columns: tuple[str, ...]
    nullable: bool
    label: str
    data_class: str | None = None
    searchable: bool = False
    reference: Reference | None = None
    scale: int | None = None
    personal: bool = False


@frozen(kw_only=True)
class Shape:
    """An entity as pure data: what the catalogue stores.

    Attributes:
        entity: its name.
        table: its table.
        kind: entity, derived or fact; see `EntityType`.
        fields: by name, in the model's order.
        references: every column that refers to another record.
        uniques: groups of columns that are unique together, all beginning with ``tenant_id``.
        part_of: the field that holds the id of the record that this one is part of.
        display: the field that names a record to people.
        visible_with: see `EntityType`.
    """

    entity: str
    table: str
    kind: TableKind
    fields: Mapping[str, FieldShape]
    references: tuple[Reference, ...]
    uniques: tuple[tuple[str, ...], ...]
    part_of: str | None
    display: str
    visible_with: tuple[str, ...] = ()
