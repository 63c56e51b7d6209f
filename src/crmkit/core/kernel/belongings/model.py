"""What is told of a plugin's belongings: the plan of removing them, and where a copy of them went."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import field, frozen

__all__ = ["Copied", "Impact", "PluginState", "ReferenceCount", "TableCount"]

PluginState = Literal["enabled", "disabled", "installed", "quarantined", "gone"]


@frozen(kw_only=True)
class TableCount:
    """One table of the plugin.

    Attributes:
        table: its name.
        entity: the entity that is kept in it; None if the catalogue knows none.
        rows: how many there are.
    """

    table: str
    entity: str | None
    rows: int


@frozen(kw_only=True)
class ReferenceCount:
    """Records that name records of another owner.

    Attributes:
        entity: of the records that name others.
        field: where they do.
        to: the entity that is named.
        records: how many there are.
        fate: what purging does with them: ``gone`` (they are the plugin's, or are about nothing but its records),
            ``kept`` (with the label that they took of what they name), or ``refused`` (nothing is purged while they
            are there).
    """

    entity: str
    field: str
    to: str
    records: int
    fate: Literal["gone", "kept", "refused"]


@frozen(kw_only=True)
class Impact:
    """What disabling a plugin silences, and what purging it removes.

    Attributes:
        plugin: its id.
        state: ``enabled`` or ``disabled`` (for all tenants that say nothing else), ``installed`` (not loaded),
            ``quarantined`` (failed to load) or ``gone`` (its package is not installed).
        tenants: of tenants that have said so themselves, whether they use it.
        dependants: the installed plugins that need it; True for those that are loaded.
        tables: its tables.
        changes: how many rows of history tell of its records.
        references: records of its own that name others', and of others that name its own.
        jobs: how many there are, by state.
        schedules: what it does again and again, each with when.
        handlers: the events that it hears of durably.
        permissions: those that it brings, as far as it is loaded.
        held: what else is kept for it, in words, each with how many.
        hindrances: why it cannot be purged as things are; empty if it can.
    """

    plugin: str
    state: PluginState
    tenants: Mapping[str, bool] = field(factory=dict)
    dependants: Mapping[str, bool] = field(factory=dict)
    tables: tuple[TableCount, ...] = ()
    changes: int = 0
    references: tuple[ReferenceCount, ...] = ()
    jobs: Mapping[str, int] = field(factory=dict)
    schedules: tuple[str, ...] = ()
    handlers: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    held: Mapping[str, int] = field(factory=dict)
    hindrances: tuple[str, ...] = ()


@frozen(kw_only=True)
class Copied:
    """A copy of what a plugin has stored.

    Attributes:
        folder: where it is.
        files: lines in each file, by its name.
    """

    folder: Path
    files: Mapping[str, int]
