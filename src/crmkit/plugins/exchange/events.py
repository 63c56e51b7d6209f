"""What happened to imports and exports."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["ImportFinished", "ImportStarted", "ImportTakenBack"]


@frozen(kw_only=True)
class ImportStarted(Event):
    """A file is being imported.

    Attributes:
        import_id: the import.
        name: of the file.
    """

    import_id: UUID
    name: str


@frozen(kw_only=True)
class ImportFinished(Event):
    """Every row of a file was applied or has failed.

    Attributes:
        import_id: the import.
        name: of the file.
        rows: how many there are.
        added: rows that became new parties.
        updated: rows that changed parties that were there.
        unchanged: rows that said nothing new.
        failed: rows with an error.
    """

    import_id: UUID
    name: str
    rows: int
    added: int
    updated: int
    unchanged: int
    failed: int


@frozen(kw_only=True)
class ImportTakenBack(Event):
    """What an import had added and changed was undone.

    Attributes:
        import_id: the import.
        name: of the file.
        whole: whether all of it was; False if something that has moved on since was left as it is.
    """

    import_id: UUID
    name: str
    whole: bool
