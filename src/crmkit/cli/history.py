"""``crmkit history`` and ``crmkit undo``: what was changed, and changing it back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

import click

from crmkit.api import Ref, Reversal, UnitEntry, UnitOfWork
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table

__all__ = ["history", "undo"]

Changed = Iterable[tuple[str, str, UUID, str, Mapping[str, Any]]]
"""Operation, entity, id, label and diff of each record."""


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
    if to_json:
        print_json({"unit": None if dry_run else uow.id, "done": done})
    else:
        click.echo("\n".join(_reversal(done)))
        if not dry_run:
            click.echo(f"Undone by unit {uow.id}")
        elif not done.conflicts or partial:
            click.echo("Nothing was changed; leave out --dry-run to do it")
    if dry_run and done.conflicts and not partial:
        raise Failure(f"{len(done.conflicts)} in the way; undo what came since first, or use --partial")


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
    click.echo("\n".join(_changes((c.op, c.entity, c.id, f"version {c.version}", c.diff) for c in unit.changes)))


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


def _reversal(done: Reversal) -> Iterator[str]:
    yield from _changes((c.op, c.entity, c.id, c.label, c.diff) for c in done.changes)
    yield from (f"! {conflict}" for conflict in done.conflicts)
    for name in done.unknown:
        yield f"! {name} is a field that there is no more; it is not brought back"
    if done.jobs:
        yield f"{done.jobs} queued jobs are cancelled"
    if done.keys:
        yield f"{done.keys} idempotency keys are released"
    for unit in done.caused:
        yield f"stays: unit {unit}, which was caused by what is undone"
    yield f"{len(done.changes)} changes, {len(done.conflicts)} in the way"


def _changes(changes: Changed) -> Iterator[str]:
    for op, entity, id_, label, diff in changes:
        yield f"{op} {entity} {id_}" + (f" ({label})" if label else "")
        for name, (before, after) in diff.items():
            yield f"    {name}: {_value(before)} -> {_value(after)}"


def _value(value: Any) -> str:
    """One value on one line, whatever is in it."""
    return "-" if value is None else json.dumps(value, ensure_ascii=True, default=_plain)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
