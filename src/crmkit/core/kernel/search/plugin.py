"""What the kernel registers for search; an area, although it knows no CRM noun."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.plugins.plugin import Area
from crmkit.core.kernel.search.config import SearchSettings
from crmkit.core.kernel.search.projection import SearchProjection
from crmkit.core.kernel.search.service import Search

__all__ = ["SEARCH"]


class SearchArea(Area):
    """Search over all records, with the documents that it goes by."""

    id = "search"
    services = (Search,)
    settings = SearchSettings
    projections = (SearchProjection(),)


SEARCH: Final = SearchArea()
