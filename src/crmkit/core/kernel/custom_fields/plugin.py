"""What the kernel registers for custom fields; an area, although it knows no CRM noun."""

from __future__ import annotations

from collections.abc import Mapping
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
from crmkit.core.kernel.units.unit import UnitOfWork

__all__ = ["CUSTOM_FIELDS"]


class CustomFieldsArea(Area):
    """Fields that a tenant defines for any entity."""

    id = "custom_fields"
    entities = (CUSTOM_FIELD,)
    services = (CustomFields,)
    events = (CustomFieldChanged, CustomFieldDefined, CustomFieldPurged, CustomFieldRemoved)

    def held(self, uow: UnitOfWork, plugin: str) -> Mapping[str, int]:
        """Fields that the plugin owns."""
        many = sum(one.plugin == plugin for one in uow._work.definitions)  # noqa: SLF001  # the kernel's own unit
        return {"custom fields that it owns, with their values": many} if many else {}

    def forget(self, uow: UnitOfWork, plugin: str) -> None:
        """Give them up."""
        if self.held(uow, plugin):
            uow.use(CustomFields).purge_plugin(plugin)


CUSTOM_FIELDS: Final = CustomFieldsArea()
