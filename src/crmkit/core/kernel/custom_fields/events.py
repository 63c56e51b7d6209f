"""What happened to the definitions of custom fields."""

from __future__ import annotations

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["CustomFieldChanged", "CustomFieldDefined", "CustomFieldPurged", "CustomFieldRemoved"]


@frozen(kw_only=True)
class CustomFieldDefined(Event):
    """A custom field was defined, or one that had been removed was brought back with its values.

    Attributes:
        entity: of whose records.
        key: its name.
    """

    entity: str
    key: str


@frozen(kw_only=True)
class CustomFieldChanged(Event):
    """The definition of a custom field was changed; its kind and all its values, perhaps.

    Attributes:
        entity: of whose records.
        key: its name.
    """

    entity: str
    key: str


@frozen(kw_only=True)
class CustomFieldRemoved(Event):
    """A custom field was removed: it is hidden, and its values are kept.

    Attributes:
        entity: of whose records.
        key: its name.
    """

    entity: str
    key: str


@frozen(kw_only=True)
class CustomFieldPurged(Event):
    """The values of a removed custom field are gone, and so is its definition.

    Attributes:
        entity: of whose records.
        key: its name.
        values: how many records had a value.
    """

    entity: str
    key: str
    values: int
