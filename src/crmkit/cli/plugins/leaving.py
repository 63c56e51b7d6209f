"""``crmkit plugins impact``, ``export`` and ``purge``: what a plugin has stored, a copy of it, and an end of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from crmkit.api import Impact, ReferenceCount
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json

__all__ = ["export", "impact", "purge"]

FATES = {"gone": "purged with it", "kept": "kept, with the labels they took", "refused": "in the way of purging"}


@click.command()
@click.argument("plugin")
@json_option
@pass_line
def impact(line: Line, plugin: str, *, to_json: bool) -> None:
    """Show what a plugin has stored.

    And who depends on it: what disabling PLUGIN would silence and what purging it would remove. Its package need
    not be installed any more.

    Example: crmkit plugins impact membership
    """
    found = line.unstarted.plugins.impact(plugin)
    if to_json:
        print_json(found)
    else:
        _print(found)


@click.command()
@click.argument("plugin")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="A folder that is not there yet.")
@pass_line
def export(line: Line, plugin: str, folder: Path) -> None:
    """Copy what a plugin has stored.

    Records, what is attached to them, history and jobs of PLUGIN become files of JSON lines in a folder, with a
    manifest that says how many there are; of all tenants, or with --tenant of that one. Its package need not be
    installed any more.

    Example: crmkit plugins export membership --to membership-2026
    """
    _export(line, plugin, folder)


@click.command()
@click.argument("plugin")
@click.option("--yes", is_flag=True, help="Do it; without it, only the plan is printed.")
@click.option("--export", "folder", type=click.Path(path_type=Path), help="Copy everything there first.")
@pass_line
def purge(line: Line, plugin: str, folder: Path | None, *, yes: bool) -> None:
    """Remove what a plugin has stored, for good.

    In all tenants. Prints what goes and what stays, and does nothing without --yes. PLUGIN must not be loaded;
    its package need not be installed any more.

    Example: crmkit plugins purge membership --export membership-2026 --yes
    """
    found = line.unstarted.plugins.impact(plugin)
    _print(found)
    click.echo()
    if found.hindrances:
        raise Failure(f"nothing is purged: {'; '.join(found.hindrances)}")
    if not yes:
        copied = f" --export {folder}" if folder else ""
        click.echo(f"Nothing was changed. To purge it: crmkit plugins purge {plugin}{copied} --yes")
        return
    purging = line.crm.plugins
    if folder:
        _export(line, plugin, folder)
    purging.purge(plugin, actor=line.operator, progress=lambda step: _progress(f"Purging: {step}"))
    _progress("")
    click.echo(f"Purged {plugin}. Processes that have it loaded see it as disabled; start them anew.")


def _export(line: Line, plugin: str, folder: Path) -> None:
    copied = line.unstarted.plugins.export(
        plugin, folder, tenant=line.tenant, progress=lambda name, many: _progress(f"{name}: {many:,}")
    )
    _progress("")
    for name, many in copied.files.items():
        click.echo(f"{name}: {many:,} {'line' if many == 1 else 'lines'}")
    click.echo(f"Copied to {copied.folder}.")


# -- printing ---------------------------------------------------------------------------------------------------------


def _print(found: Impact) -> None:
    click.echo(f"{found.plugin}: {found.state}")
    for title, lines in _parts(found):
        if shown := list(lines):
            click.echo(f"\n{title}")
            for one in shown:
                click.echo(f"  {one}")


def _parts(found: Impact) -> Iterator[tuple[str, Iterator[str]]]:
    said = {True: "enabled", False: "disabled"}
    yield "Tenants that say so themselves", (f"{tenant}: {said[is_on]}" for tenant, is_on in found.tenants.items())
    loaded = {True: "loaded", False: "not loaded"}
    yield "Plugins that need it", (f"{other}: {loaded[is_on]}" for other, is_on in found.dependants.items())
    yield "Silent while it is disabled, and gone when it is purged", _silenced(found)
    yield "Gone when it is purged", _going(found)
    yield "Records that name records", (f"{_reference(one)}, {FATES[one.fate]}" for one in found.references)
    yield "In the way of purging it", iter(found.hindrances)


def _silenced(found: Impact) -> Iterator[str]:
    yield from (f"schedule {one}" for one in found.schedules)
    yield from (f"durable subscriber to {one}" for one in found.handlers)
    yield from (f"permission {one}" for one in found.permissions)
    yield from (f"jobs {state}: {many:,}" for state, many in found.jobs.items())


def _going(found: Impact) -> Iterator[str]:
    for one in found.tables:
        yield f"table {one.table}{f' ({one.entity})' if one.entity else ''}: {one.rows:,} rows"
    if found.changes:
        yield f"history of its records: {found.changes:,} changes"
    yield from (f"{what}: {many:,}" for what, many in found.held.items())


def _reference(one: ReferenceCount) -> str:
    return f"{one.records:,} of {one.entity} name {one.to} in {one.field}"


def _progress(step: str) -> None:
    """One line that each step overwrites; nothing where nobody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{step[:78]:<78}" + ("" if step else "\r"), err=True, nl=False)
