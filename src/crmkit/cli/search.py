"""``crmkit search``: find records by what is in them, and make what they are found by anew."""

from __future__ import annotations

import sys

import click

from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table

__all__ = ["search"]


@click.group()
def search() -> None:
    """Find records by what is in them.

    Example: crmkit --actor ada search find ida berg
    """


@search.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--entity", "entities", multiple=True, metavar="NAME", help="Only these, such as party; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many at most.")
@json_option
@pass_line
def find(line: Line, text: tuple[str, ...], entities: tuple[str, ...], limit: int, *, to_json: bool) -> None:
    """Find the records that contain all words of TEXT, the best first.

    Case, accents and punctuation do not matter, nor how a phone number is written.

    Example: crmkit --actor ada search find "+47 22 12 34 56"
    """
    with line.begin(read_only=True) as uow:
        found = uow.search.find(" ".join(text), entities=entities, limit=limit)
    if to_json:
        print_json(found.items)
        return
    print_table(
        ("entity", "id", "record", "found in", "text"),
        [(hit.ref.entity, hit.ref.id, hit.label, hit.field, hit.snippet) for hit in found],
    )
    if found.next is not None:
        click.echo(f"There are more than {limit}; add a word, or raise --limit")


@search.command()
@click.option("--entity", "entities", multiple=True, metavar="NAME", help="Only these, such as party; may be repeated.")
@pass_line
def rebuild(line: Line, entities: tuple[str, ...]) -> None:
    """Make the texts that are searched anew from the records.

    That is needed after an upgrade from a version without search, and after search was switched off. It may be stopped
    and called again, and others may work meanwhile. With --tenant, only for that tenant.

    Example: crmkit search rebuild
    """
    written = line.crm.search.rebuild(tenant=line.tenant, entities=entities, progress=_progress)
    if sys.stderr.isatty():
        click.echo("", err=True)
    click.echo("1 text was not as its record is" if written == 1 else f"{written:,} texts were not as the records are")


def _progress(tenant: str, entity: str, count: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{f'{tenant}: {count:,} of {entity}':<78}", err=True, nl=False)
