"""``crmkit fields``: the fields that a tenant has defined for itself, and their indexes."""

from __future__ import annotations

import sys
from typing import Any, Final, get_args

import click

from crmkit.api import CustomField, FieldKind
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table
from crmkit.errors import CrmkitError

__all__ = ["fields"]

KINDS: Final = get_args(FieldKind)


@click.group()
def fields() -> None:
    """Define fields of your own for parties, deals and any other entity.

    Fields belong to a tenant, and hold at once: no restart, no migration. ENTITY is what it is a field of, such as
    party; KEY is its name, such as size.

    Example: crmkit --actor ada fields define party size number --unit m2
    """


@fields.command("list")
@click.argument("entity", required=False)
@json_option
@pass_line
def list_(line: Line, entity: str | None, *, to_json: bool) -> None:
    """List the fields, how many records have them, and their indexes.

    A removed field is hidden and keeps its values, until they are purged or it is defined again.

    Example: crmkit --actor ada fields list party
    """
    with line.begin(read_only=True) as uow:
        found = uow.custom_fields.status(entity)
    if to_json:
        print_json([one.field for one in found])
        return
    indexes = {(index.table, index.key): index.state for index in line.crm.custom_fields.indexes()}
    rows = [
        (
            one.field.entity,
            one.field.key,
            one.field.kind,
            one.field.label,
            _said(one.field, indexes),
            one.values,
            one.without,
        )
        for one in found
    ]
    print_table(["entity", "key", "kind", "label", "is", "with a value", "without"], rows)


def _said(field: CustomField, indexes: dict[tuple[str, str], Any]) -> str:
    words = [word for word in ("required", "unique", "searchable") if getattr(field, word)]
    if field.indexed:
        state = indexes.get((f"crm_{field.entity.replace('.', '_')}", field.key), "missing")
        words.append("indexed" if state == "built" else f"index {state}")
    if field.removed_at is not None:
        words.append(f"removed {field.removed_at:%Y-%m-%d}")
    if field.plugin:
        words.append(f"of plugin {field.plugin}")
    return ", ".join(words)


@fields.command()
@click.argument("entity")
@click.argument("key")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--label", help="What people call it; made from KEY by default.")
@click.option("--explain", "explanation", help="What people are told who fill it in.")
@click.option("--unit", help="What a number counts or measures, such as m2.")
@click.option("--required", is_flag=True, help="New records must have a value.")
@click.option("--default", help="The value of new records that are given none.")
@click.option("--choice", "choices", multiple=True, metavar="KEY[=LABEL]", help="A choice; repeat it, in order.")
@click.option("--refers-to", metavar="ENTITY", help="Of a reference: whose records it names.")
@click.option("--class", "data_class", help="A class of data that rules can name, such as personal.")
@click.option("--unique", is_flag=True, help="No two records may have the same value.")
@click.option("--index", is_flag=True, help="An index is wanted; build it: crmkit fields index.")
@click.option("--searchable", is_flag=True, help="Full-text search covers it.")
@pass_line
def define(  # every option is a parameter
    line: Line,
    /,
    *,
    entity: str,
    key: str,
    kind: FieldKind,
    explanation: str | None,
    default: str | None,
    choices: tuple[str, ...],
    index: bool,
    **said: Any,
) -> None:
    """Define a field, or bring a removed one back with its values.

    Kinds: text, long_text, number, decimal, money, date, instant, boolean, choice, choices, reference, url, email and
    phone. Afterwards: record.custom["size"], f.custom.size in criteria, custom.size in rules and imports.

    Example: crmkit --actor ada fields define party colour choice --choice red --choice blue="Deep blue"
    """
    pairs = [(one.partition("=")[0], one.partition("=")[2]) if "=" in one else one for one in choices]
    with line.begin() as uow:
        made = uow.custom_fields.define(entity, key, kind, choices=pairs, help=explanation, index=index, **said)
        if default is not None:
            uow.custom_fields.set_default(entity, key, uow.custom_fields.read_texts(entity, {key: default}).get(key))
    click.echo(f"{entity} has the field {key!r} ({made.kind}): {made.label}.")
    if index:
        click.echo("Its index is not built yet: crmkit fields index")


@fields.command()
@click.argument("entity")
@click.argument("key")
@pass_line
def remove(line: Line, entity: str, key: str) -> None:
    """Hide a field and keep its values.

    Defining it again with the same kind brings them back.

    Example: crmkit --actor ada fields remove party size
    """
    with line.begin() as uow:
        uow.custom_fields.remove(entity, key)
    click.echo(f"{entity} has the field {key!r} no more. Its values are kept: crmkit fields purge {entity} {key}")


@fields.command()
@click.argument("entity")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do it; without it, only say what would go.")
@pass_line
def purge(line: Line, entity: str, key: str, *, yes: bool) -> None:
    """Give up the values of a removed field for good.

    History keeps what they were.

    Example: crmkit --actor ada fields purge party size --yes
    """
    if not yes:
        with line.begin(read_only=True) as uow:
            found = [one for one in uow.custom_fields.status(entity) if one.field.key == key]
        count = found[0].values if found else 0
        click.echo(
            f"{count} records have a value in {entity}.{key}. Purge them: crmkit fields purge {entity} {key} --yes"
        )
        return
    with line.begin() as uow:
        count = uow.custom_fields.purge_values(entity, key)
    click.echo(f"{count} records have lost their value in {entity}.{key}.")


@fields.command()
@click.argument("entity")
@click.argument("key")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--choice", "choices", multiple=True, metavar="KEY[=LABEL]", help="A choice; repeat it, in order.")
@click.option("--refers-to", metavar="ENTITY", help="Of a reference: whose records it names.")
@click.option("--lose", is_flag=True, help="Go on although values cannot be converted; history keeps them.")
@click.option("--yes", is_flag=True, help="Do it; without it, only say what it would do.")
@pass_line
def convert(  # every option is a parameter
    line: Line,
    *,
    entity: str,
    key: str,
    kind: FieldKind,
    choices: tuple[str, ...],
    refers_to: str | None,
    lose: bool,
    yes: bool,
) -> None:
    """Give a field another kind, and convert its values exactly.

    Says first how many records have a value, and lists those that would be lost.

    Example: crmkit --actor ada fields convert party size decimal
    """
    pairs = [(one.partition("=")[0], one.partition("=")[2]) if "=" in one else one for one in choices]
    with line.begin(read_only=not yes) as uow:
        if yes:
            told = uow.custom_fields.change_kind(entity, key, kind, choices=pairs, refers_to=refers_to, lose=lose)
        else:
            told = uow.custom_fields.plan_kind_change(entity, key, kind, choices=pairs, refers_to=refers_to)
    verb = "were" if told.applied else "would be"
    click.echo(
        f"{told.values - told.lost} of {told.values} values {verb} converted from {told.before} to {told.after}."
    )
    if told.losses:
        click.echo(f"{told.lost} {'are' if told.applied else 'would be'} lost:")
        print_table(["record", "value"], told.losses)
    if not told.applied:
        click.echo(f"Do it: crmkit fields convert {entity} {key} {kind} --yes{' --lose' if told.lost else ''}")


@fields.command()
@click.argument("entity", required=False)
@click.argument("key", required=False)
@click.option("--prune", is_flag=True, help="Also drop the indexes that no tenant wants any more.")
@click.option("--check", is_flag=True, help="Build nothing; exit non-zero if an index is missing.")
@json_option
@pass_line
def index(line: Line, entity: str | None, key: str | None, *, prune: bool, check: bool, to_json: bool) -> None:
    """Build the indexes that fields want and lack, on live tables.

    One index serves all tenants. On PostgreSQL nobody waits while it is built; on SQLite, whoever writes does. If that
    is interrupted, call it again.

    Example: crmkit fields index party size
    """
    office = line.crm.custom_fields
    try:
        if not check:
            for one in office.index(entity, key):
                click.echo(f"Built {one.name}.", err=to_json)
            for one in office.prune() if prune else ():
                click.echo(f"Dropped {one.name}.", err=to_json)
    except CrmkitError as error:
        raise Failure(error.message) from None
    found = office.indexes()
    if to_json:
        print_json(found)
    else:
        print_table(["index", "table", "field", "state", "tenants"], [_row(one) for one in found])
    if check and any(one.state in {"missing", "broken"} for one in found):
        raise Failure("indexes are missing; build them: crmkit fields index")


@fields.command()
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written.")
@json_option
@pass_line
def rebuild(line: Line, *, dry_run: bool, to_json: bool) -> None:
    """Note anew which values of unique fields are taken, from the records.

    That is needed if crmkit verify finds that a value is not noted as it is. No value of a record is touched: where two
    records have the same one, both are listed, and the exit code is 1. It may be stopped and called again, and others
    may work meanwhile. With --tenant, only for that tenant.

    Example: crmkit fields rebuild --dry-run
    """
    found = line.crm.unique_values.rebuild(tenant=line.tenant, dry_run=dry_run, progress=_progress)
    if sys.stderr.isatty():
        click.echo("", err=True)
    if to_json:
        print_json(found)
    else:
        would = "would be" if dry_run else "were"
        click.echo(f"{found.noted:,} values {would} noted as taken, and {found.released:,} {would} released.")
        if found.clashes:
            print_table(
                ["tenant", "entity", "field", "value", "noted for", "and had by"],
                [(one.tenant, one.entity, one.field, one.value, one.holder, one.record) for one in found.clashes],
            )
    if found.clashing:
        way = "give the records different ones, or merge them"
        raise Failure(f"{found.clashing:,} values that should be unique are those of two records; {way}")


def _progress(tenant: str, entity: str, count: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{f'{tenant}: {count:,} of {entity}':<78}", err=True, nl=False)


def _row(one: Any) -> tuple[Any, ...]:
    return one.name, one.table, one.key, one.state, len(one.tenants)
