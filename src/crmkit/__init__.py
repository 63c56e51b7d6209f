"""A CRM inside any Python application: in its own database, its own transaction, with its own users.

Applications import from here; plugins import from `crmkit.sdk`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.api import *  # noqa: F403  # api.py lists what is public
    from crmkit.api import __all__ as __all__


def __getattr__(name: str) -> object:
    # pytest imports this package wherever crmkit is installed, and discovery wherever a manifest is read; neither needs
    # more of it before somebody asks for a name.
    if not name.startswith("__") or name == "__all__":
        api = import_module("crmkit.api")
        globals().update({"__all__": api.__all__, **{public: getattr(api, public) for public in api.__all__}})
        if name in globals():
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *import_module("crmkit.api").__all__})
