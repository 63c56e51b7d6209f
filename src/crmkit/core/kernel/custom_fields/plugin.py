"""What the kernel registers for custom fields; an area, although it knows no CRM noun."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.custom_fields.events import (
    CustomFieldChanged,
    CustomFieldDefined,
    CustomFieldPurged,
    CustomFieldRemoved,
)
from crmkit.core.kernel.custom_fields.service import CustomFields
from crmkit.core.kernel.custom_fields.tables import CUSTOM_FIELD
from crmkit.core.kernel.plugins.plugin import Area

__all__ = ["CUSTOM_FIELDS"]


class CustomFieldsArea(Area):
    """Fields that a tenant defines for any entity."""

    id = "custom_fields"
    entities = (CUSTOM_FIELD,)
    services = (CustomFields,)
    events = (CustomFieldChanged, CustomFieldDefined, CustomFieldPurged, CustomFieldRemoved)


CUSTOM_FIELDS: Final = CustomFieldsArea()
