"""What the extra `email` brings; imported where it is first needed, so that the plugin loads without it."""

from __future__ import annotations

import importlib
from typing import Any, Final

from crmkit.sdk import ConfigError

__all__ = ["required"]

WAY: Final = "python -m pip install 'crmkit[email]'"


def required(name: str, what: str) -> Any:
    """A module of the extra.

    Args:
        name: of the module.
        what: is done through it, for people.

    Raises:
        ConfigError: if it is not installed; says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigError(f"{what} through {name}, which is not installed; run: {WAY}") from None
