"""``crmkit explain``: why an actor may do something, or may not."""

from __future__ import annotations

from difflib import get_close_matches
from uuid import UUID

import click

from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json
from crmkit.errors import ForbiddenError

__all__ = ["explain"]


@click.command()
@click.argument("permission")
@click.argument("entity", required=False)
@click.argument("id_", metavar="[ID]", type=click.UUID, required=False)
@click.option("--of", "other", metavar="ACTOR", help="Whose rights; one's own by default.")
@json_option
@pass_line
def explain(
    line: Line, permission: str, entity: str | None, id_: UUID | None, other: str | None, *, to_json: bool
) -> None:
    """Say what an actor may do, and why.

    Whether the actor has PERMISSION, in general or on the record of ENTITY with that ID, and every rule that counts.
    Ends with status 0 whatever the answer is.

    Example: crmkit --actor sam explain deal.update deal 01890000-0000-7000-8000-000000000001
    """
    known = line.crm.runtime.permissions
    if permission not in known:
        close = get_close_matches(permission, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise click.UsageError(f"there is no permission {permission!r}{hint}")
    try:
        with line.begin(read_only=True) as uow:
            found = uow.permissions.explain(permission, entity, id_, actor=other)
    except ForbiddenError as error:
        ask = f"crmkit --actor ADMINISTRATOR explain {permission} --of {other or line.actor}"
        message = f"{line.actor} lacks the permission {error.permission!r} to ask; let somebody ask who has it: {ask}"
        raise Failure(message) from error
    if to_json:
        print_json(found)
    else:
        click.echo(str(found))
