"""``crmkit config``: what is configured, and where it comes from."""

from __future__ import annotations

import pkgutil
from typing import Any

import click

from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table

__all__ = ["config"]


@click.group()
def config() -> None:
    """See the configuration.

    Example: crmkit config show
    """


@config.command()
@json_option
@pass_line
def show(line: Line, *, to_json: bool) -> None:
    """Show every effective value and where it comes from. Secrets are masked.

    Example: crmkit config show
    """
    assembly = line.unstarted.assemble()
    plugins: dict[str, type[Any] | None] = {
        id_: pkgutil.resolve_name(manifest.settings) if manifest.settings else None
        for id_, manifest in assembly.runtime.manifests.items()
    }
    areas = {area.id: area.settings for area in assembly.areas}
    shown = line.config.show(plugins=plugins, areas=areas)
    if to_json:
        print_json([{"key": s.key, "value": s.value, "origin": s.origin} for s in shown])
    else:
        print_table(["key", "value", "origin"], shown)
