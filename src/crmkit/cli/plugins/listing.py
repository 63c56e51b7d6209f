"""``crmkit plugins list``."""

from __future__ import annotations

import click

from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table
from crmkit.errors import StartupError, StorageError

__all__ = ["list_"]

COLUMNS = ("id", "state", "version", "distribution", "summary")


@click.command("list")
@json_option
@pass_line
def list_(line: Line, *, to_json: bool) -> None:
    """List the installed plugins, and how they stand.

    Enabled, disabled, only installed, or quarantined because it failed to load; with --tenant, for that tenant.

    Example: crmkit plugins list
    """
    try:
        found = [{c: getattr(s, c) or "" for c in COLUMNS} for s in line.crm.plugins.list(tenant=line.tenant)]
    except (StartupError, StorageError) as error:
        found = _as_configured(line)
        click.echo(f"Note: {str(error).splitlines()[0].rstrip(':')}, so this is what the files say.", err=True)
    if to_json:
        print_json(found)
    else:
        print_table(COLUMNS, [tuple(row.values()) for row in found])


def _as_configured(line: Line) -> list[dict[str, str]]:
    assembly = line.unstarted.assemble()
    rows = []
    for manifest in assembly.found.manifests:
        state = "loaded" if manifest.id in assembly.runtime.manifests else "installed"
        state = "quarantined" if manifest.id in assembly.runtime.quarantined else state
        values = (manifest.id, state, manifest.version or "", manifest.distribution, manifest.summary)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows
