"""What an extra brings, imported where it is first needed, so that a plugin loads without it."""

from __future__ import annotations

import importlib
from typing import Any

from crmkit.errors import ConfigError

__all__ = ["required_module"]


def required_module(name: str, *, what: str, install: str) -> Any:
    """A module that an extra brings.

    Args:
        name: of the module.
        what: is done through it, for people, such as ``"incoming HTML is made safe"``.
        install: what pip is to install, such as ``"crm-mail[html]"``.

    Raises:
        ConfigError: if it is not installed; says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        way = f"python -m pip install '{install}'"
        raise ConfigError(f"{what} through {name.partition('.')[0]}, which is not installed; run: {way}") from None
