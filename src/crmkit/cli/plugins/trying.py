"""Assembling a deployment with other plugins than the configured ones, without changing anything."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from crmkit.api import CRM, Manifest
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line

__all__ = ["found_manifest", "with_plugins"]


def with_plugins(line: Line, plugins: Sequence[str]) -> CRM:
    """A CRM, not started, that would load ``plugins``."""
    return CRM(line.config, plugins=list(dict.fromkeys(plugins)))


def found_manifest(line: Line, plugin: str) -> Manifest:
    """The manifest of an installed plugin.

    Raises:
        Failure: if there is none; names the nearest one, or says what is wrong with the one there is.
    """
    found = line.unstarted.assemble().found
    for manifest in found.manifests:
        if manifest.id == plugin:
            return manifest
    for problem in found.problems:
        if problem.subject == plugin:
            raise Failure(str(problem))
    ids = [m.id for m in found.manifests]
    close = get_close_matches(plugin, ids, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"installed: {', '.join(ids) or 'none'}"
    raise Failure(f"no installed distribution offers the plugin {plugin!r}; {hint}")
