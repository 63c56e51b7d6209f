"""What the kernel registers for data quality; an area, although it knows no CRM noun."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.plugins.plugin import Area
from crmkit.core.kernel.quality.projection import QualityProjection
from crmkit.core.kernel.quality.service import Quality
from crmkit.core.kernel.quality.tables import QUALITY_RULE

__all__ = ["QUALITY"]


class QualityArea(Area):
    """Rules of quality, of any entity, and scores by them."""

    id = "quality"
    entities = (QUALITY_RULE,)
    services = (Quality,)
    projections = (QualityProjection(),)


QUALITY: Final = QualityArea()
