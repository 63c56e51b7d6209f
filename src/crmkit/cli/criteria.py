"""``crmkit criteria``: the saved criteria that the actor may see, in words, and what they find."""

from __future__ import annotations

import json
from uuid import UUID

import click

from crmkit.api import SavedCriteria, UnitOfWork, errors, f
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table

__all__ = ["criteria"]

MOST = 1000
"""How many saved criteria are listed, and records of one at once."""


@click.group()
def criteria() -> None:
    """List, explain and run saved criteria.

    Example: crmkit --actor ada criteria list
    """


@criteria.command("list")
@click.option("--entity", help="Only those about this, such as party.")
@json_option
@pass_line
def list_(line: Line, entity: str | None, *, to_json: bool) -> None:
    """List saved criteria: one's own, and those shared with one.

    Example: crmkit --actor ada criteria list --entity party
    """
    with line.begin(read_only=True) as uow:
        found = uow.saved_criteria.saved(entity=entity, limit=MOST).items
        told = [(s, _words(uow, s)) for s in found]
    if to_json:
        print_json([_told(saved, words) for saved, words in told])
    else:
        rows = [(s.id, s.name, s.owner_id or "-", s.team_id or "-", words) for s, words in told]
        print_table(["id", "name", "owner", "team", "asks for"], rows)


@criteria.command()
@click.argument("saved", metavar="NAME")
@json_option
@pass_line
def show(line: Line, saved: str, *, to_json: bool) -> None:
    """Say in words what saved criteria ask for.

    NAME is their name or id.

    Example: crmkit --actor ada criteria show "Gone quiet"
    """
    with line.begin(read_only=True) as uow:
        found = _found(uow, saved)
        words = _words(uow, found)
    if to_json:
        print_json(_told(found, words))
        return
    shared = f", shared with team {found.team_id}" if found.team_id else ""
    click.echo(f"{found.name}  ({found.id}, of {found.owner_id or 'nobody'}{shared})")
    if found.description:
        click.echo(found.description)
    click.echo(words)


@criteria.command()
@click.argument("saved", metavar="NAME")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many records at most.")
@click.option("--count", "only_count", is_flag=True, help="Print how many there are, and nothing else.")
@json_option
@pass_line
def run(line: Line, saved: str, *, limit: int, only_count: bool, to_json: bool) -> None:
    """Find what saved criteria ask for, with the rights of the actor.

    NAME is their name or id.

    Example: crmkit --actor ada criteria run "Gone quiet" --limit 10
    """
    with line.begin(read_only=True) as uow:
        found = _found(uow, saved)
        if only_count:
            click.echo(str(uow.saved_criteria.count(found.id)))
            return
        page = uow.saved_criteria.find(found.id, limit=limit)
        display = uow.entity(found.entity).display
    if to_json:
        print_json(page.items)
        return
    print_table(["id", display], [(record.id, getattr(record, display, None) or "-") for record in page.items])
    if page.next is not None:
        click.echo(f"There are more; these are the first {limit}")


def _found(uow: UnitOfWork, text: str) -> SavedCriteria:
    """The one saved criteria of that id or name.

    Raises:
        Failure: if there is none, or several have that name.
    """
    try:
        return uow.get(SavedCriteria, UUID(text))
    except ValueError:
        pass
    named = uow.find(SavedCriteria, f.name == text, order="name", limit=MOST).items
    if len(named) == 1:
        return named[0]
    if not named:
        raise Failure(f"there is no saved criteria {text!r}; see: crmkit criteria list")
    ids = ", ".join(str(s.id) for s in named[:5])
    raise Failure(f"{len(named)} saved criteria are called {text!r}; name one by its id: {ids}")


def _words(uow: UnitOfWork, saved: SavedCriteria) -> str:
    try:
        return uow.saved_criteria.in_words(saved.id)
    except errors.UnusableCriteriaError as error:
        return f"nothing: {error.reason}"


def _told(saved: SavedCriteria, words: str) -> dict[str, object]:
    try:
        stored: object = json.loads(saved.criteria)
    except ValueError:
        stored = saved.criteria
    return {
        "id": saved.id,
        "name": saved.name,
        "entity": saved.entity,
        "words": words,
        "criteria": stored,
        "order": saved.order,
        "description": saved.description,
        "owner": saved.owner_id,
        "team": saved.team_id,
    }
