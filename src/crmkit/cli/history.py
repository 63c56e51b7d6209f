"""``crmkit history``, ``crmkit undo`` and ``crmkit restore``: what was changed, and changing it back."""

from __future__ import annotations

from uuid import UUID

import click

from crmkit.api import PlannedChange, Ref, Reversal, UnitEntry, UnitOfWork
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table

__all__ = ["history", "restore", "undo"]


@click.command()
@click.argument("what", metavar="[UNIT | ENTITY ID]", nargs=-1)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many units to look at.")
@json_option
@pass_line
def history(line: Line, what: tuple[str, ...], *, limit: int, to_json: bool) -> None:
    """Show what was changed, when and by whom.

    Without arguments, the last units of work: one's own, and with the right history.undo those of others. With the id
    of a UNIT, what it changed, field by field. With ENTITY and ID, such as party 0192..., the versions of a record,
    live or deleted.

    Example: crmkit --actor ada history
    """
    if len(what) > 2:  # noqa: PLR2004  # an entity and an id
        raise click.UsageError("give the id of a unit of work, or an entity and the id of a record")
    with line.begin(read_only=True) as uow:
        if not what:
            _show_units(uow, limit, to_json=to_json)
        elif len(what) == 1:
            _show_unit(uow, uow.history.unit(_id(what[0])), to_json=to_json)
        else:
            _show_versions(uow, Ref(what[0], _id(what[1])), to_json=to_json)


@click.command()
@click.argument("units", metavar="UNIT...", nargs=-1, required=True)
@click.option("--partial", is_flag=True, help="Leave what has moved on since as it is, and undo the rest.")
@click.option("--dry-run", is_flag=True, help="Print exactly what would be changed, and change nothing.")
@json_option
@pass_line
def undo(line: Line, units: tuple[str, ...], *, partial: bool, dry_run: bool, to_json: bool) -> None:
    """Change back what units of work have changed.

    All of it or nothing, unless --partial is given. An undo is a unit of work itself, so it can be undone. Several
    units are undone as one, the newest first.

    Example: crmkit --actor ada undo --dry-run 01927c8e-...
    """
    ids = [_id(unit) for unit in units]
    with line.begin(read_only=dry_run) as uow:
        done = uow.history.plan(ids, partial=partial) if dry_run else uow.history.undo_all(ids, partial=partial)
    _show(done, None if dry_run else uow.id, "undone", to_json=to_json)
    if dry_run and done.conflicts and not partial:
        raise Failure(f"{len(done.conflicts)} in the way; undo what came since first, or use --partial")


@click.command()
@click.argument("entity")
@click.argument("id_", metavar="ID")
@click.argument("version", type=click.INT)
@click.option("--dry-run", is_flag=True, help="Print exactly what would be changed, and change nothing.")
@json_option
@pass_line
def restore(line: Line, entity: str, id_: str, version: int, *, dry_run: bool, to_json: bool) -> None:
    """Make a record again what it was at a VERSION, with its parts.

    The record may be live or deleted.

    What it was at which version tells: crmkit history ENTITY ID. A restore is a version of its own, and a unit of work
    that can be undone.

    Example: crmkit --actor ada restore --dry-run party 01927c8e-... 3
    """
    ref = Ref(entity, _id(id_))
    with line.begin(read_only=dry_run) as uow:
        done = uow.history.plan_restore(ref, version) if dry_run else uow.history.restore(ref, version)
    _show(done, None if dry_run else uow.id, "restored", to_json=to_json)
    if done.conflicts:
        raise Failure(f"{len(done.conflicts)} in the way; undo what came since first")


def _show(done: Reversal, unit: UUID | None, word: str, *, to_json: bool) -> None:
    if to_json:
        print_json({"unit": unit, "done": done})
        return
    click.echo("\n".join(done.lines()))
    if unit is not None:
        click.echo(f"{word.capitalize()} by unit {unit}")
    elif done.changes or not done.conflicts:
        click.echo("Nothing was changed; leave out --dry-run to do it")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no id") from None


# -- as text ----------------------------------------------------------------------------------------------------------


def _show_units(uow: UnitOfWork, limit: int, *, to_json: bool) -> None:
    units = uow.history.units(limit=limit)
    if to_json:
        print_json(units)
        return
    names = uow.names(unit.actor for unit in units)
    rows = [
        (unit.id, f"{unit.at:%Y-%m-%d %H:%M:%S}", names[unit.actor], _what(unit), len(unit.changes), unit.source)
        for unit in units
    ]
    print_table(["unit", "at (UTC)", "actor", "what", "changes", "source"], rows)


def _what(unit: UnitEntry) -> str:
    names = list(dict.fromkeys(unit.commands))
    return ", ".join(names) + (f" of {unit.undoes}" if unit.undoes else "") or "-"


def _show_unit(uow: UnitOfWork, unit: UnitEntry, *, to_json: bool) -> None:
    if to_json:
        print_json(unit)
        return
    names = uow.names(id_ for id_ in (unit.actor, unit.on_behalf_of) if id_)
    behalf = f" on behalf of {names[unit.on_behalf_of]}" if unit.on_behalf_of else ""
    click.echo(f"{unit.id}: {_what(unit)}, by {names[unit.actor]}{behalf} at {unit.at:%Y-%m-%d %H:%M:%S} UTC")
    for said, text in (("reason", unit.reason), ("source", unit.source), ("caused by", unit.caused_by)):
        if text:
            click.echo(f"{said}: {text}")
    if not unit.reversible:
        click.echo("cannot be undone")
    for one in unit.changes:
        change = PlannedChange(entity=one.entity, id=one.id, op=one.op, diff=one.diff, label=f"version {one.version}")
        click.echo("\n".join(change.lines()))


def _show_versions(uow: UnitOfWork, ref: Ref, *, to_json: bool) -> None:
    versions = uow.history.versions(ref)
    if to_json:
        print_json(versions)
        return
    names = uow.names(v.actor for v in versions)
    rows = [
        (
            v.version,
            f"{v.at:%Y-%m-%d %H:%M:%S}",
            names[v.actor],
            v.op,
            ", ".join([*v.fields, *([f"{v.parts} parts" if v.parts > 1 else "1 part"] if v.parts else [])]),
            v.source,
            v.unit,
        )
        for v in versions
    ]
    print_table(["version", "at (UTC)", "actor", "what", "changed", "source", "unit"], rows)
