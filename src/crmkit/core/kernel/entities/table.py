"""Declaring the table of an entity: columns that refer to other records, money, keys and indexes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint

from crmkit.core.kernel.entities.columns import Exact, Id, Instant, Integer, Json, Text
from crmkit.core.kernel.entities.shape import OnDelete, OnErase, OnMerge, Reference

__all__ = ["NAMES_ENTITY", "any_ref", "entity_table", "money", "new_metadata", "ref", "table_name"]

NAMES_ENTITY: Mapping[str, Any] = MappingProxyType({"names": "entity"})
"""The ``info`` of a column with the name of an entity, in rows about its records that go when the entity is purged."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


def new_metadata() -> MetaData:
    """A MetaData with crmkit's naming convention; each plugin's ``tables`` module has one, named ``metadata``."""
    return MetaData(naming_convention=NAMING)


def table_name(entity: str) -> str:
    """The table of an entity: ``crm_`` and its name, dots turned into underscores."""
    return "crm_" + entity.replace(".", "_")


def ref(  # the keywords are the declaration
    entity: str,
    column: str | None = None,
    *,
    inverse: str | None = None,
    nullable: bool = False,
    on_merge: OnMerge = "repoint",
    on_erase: OnErase = "keep",
    on_delete: OnDelete = "refuse",
) -> Column[UUID]:
    """A column that holds the id of a record of ``entity``, with a composite foreign key and an index.

    Args:
        entity: the entity's name, such as ``party``.
        column: the column's name; the entity's last word and ``_id`` by default.
        inverse: the relation's name in criteria over the other entity, such as ``deals``.
        nullable: whether it may be empty.
        on_merge: what happens when the record referred to is merged into another.
        on_erase: what happens when the person referred to is erased.
        on_delete: what happens when the record referred to is deleted.
    """
    name = column or entity.rsplit(".", 1)[-1] + "_id"
    reference = Reference(
        column=name,
        entity=entity,
        name=name.removesuffix("_id"),
        inverse=inverse,
        on_merge=on_merge,
        on_erase=on_erase,
        on_delete=on_delete,
    )
    return Column(name, Id(), nullable=nullable, info={"reference": reference})


def any_ref(
    column: str = "subject_id",
    entity_column: str = "subject",
    *,
    inverse: str | None = None,
    nullable: bool = False,
    on_merge: OnMerge = "repoint",
    on_erase: OnErase = "keep",
    on_delete: OnDelete = "delete",
    label: str | None = None,
) -> tuple[Column[Any], Column[Any]]:
    """Two columns that hold the entity's name and the id of a record of any entity; indexed, without a foreign key.

    They name whole records only: whoever means a part names what it is part of.

    Args:
        column: the column that holds the id.
        entity_column: the column that holds the entity's name.
        inverse: the relation's name in criteria over whatever entity is referred to, such as ``activities``.
        nullable: whether both may be empty.
        on_merge: what happens when the record referred to is merged into another.
        on_erase: what happens when the person referred to is erased.
        on_delete: what happens when the record referred to is deleted.
        label: the column that keeps what the record referred to was called.
    """
    reference = Reference(
        column=column,
        entity=None,
        entity_column=entity_column,
        name=column.removesuffix("_id"),
        inverse=inverse,
        on_merge=on_merge,
        on_erase=on_erase,
        on_delete=on_delete,
        label=label,
    )
    return (
        Column(entity_column, Text(), nullable=nullable),
        Column(column, Id(), nullable=nullable, info={"reference": reference}),
    )


def money(name: str = "amount", *, nullable: bool = False) -> tuple[Column[Any], Column[Any]]:
    """Two columns, ``name`` and ``name_currency``, that hold one field of type `Money`."""
    return (
        Column(name, Exact(4), nullable=nullable, info={"money": f"{name}_currency"}),
        Column(f"{name}_currency", Text(), nullable=nullable),
    )


def entity_table(
    name: str,
    metadata: MetaData,
    *columns: Column[Any] | tuple[Column[Any], ...],
    unique: Iterable[tuple[str, ...]] = (),
    indexes: Iterable[tuple[str, ...]] = (),
) -> Table:
    """The table of an entity.

    Adds ``tenant_id``, ``id`` (together the primary key), ``version``, ``created_at``, ``updated_at`` and ``custom``; a
    composite foreign key and an index for each `ref`; ``tenant_id`` in front of every unique key and index.

    Args:
        name: the table's name, ``crm_<noun>`` or ``crm_<plugin>_<noun>``.
        metadata: the plugin's (see `new_metadata`).
        columns: the entity's own columns; `money` and `any_ref` give two at once.
        unique: groups of columns that are unique together within a tenant.
        indexes: groups of columns to index, beside those of references and orders.
    """
    own = [c for given in columns for c in (given if isinstance(given, tuple) else (given,))]
    table = Table(
        name,
        metadata,
        Column("tenant_id", Text(), nullable=False),
        Column("id", Id(), nullable=False),
        *own,
        Column("version", Integer(), nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("updated_at", Instant(), nullable=False),
        Column("custom", Json(), nullable=False, server_default="{}"),
        PrimaryKeyConstraint("tenant_id", "id"),
        *(UniqueConstraint("tenant_id", *group) for group in unique),
    )
    for column in own:
        reference: Reference | None = column.info.get("reference")
        if reference is None:
            continue
        if reference.entity is not None:
            target = table_name(reference.entity)
            table.append_constraint(
                ForeignKeyConstraint(["tenant_id", column.name], [f"{target}.tenant_id", f"{target}.id"])
            )
        # With the id, since an unanalysed SQLite would otherwise walk the primary key for pages in the order of ids.
        Index(None, table.c.tenant_id, column, table.c.id)
    for group in indexes:
        Index(None, table.c.tenant_id, *(table.c[c] for c in group))
    return table
