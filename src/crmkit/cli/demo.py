"""``crmkit demo``: crmkit at work, in a folder of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

__all__ = ["demo", "status_of"]


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
def demo(folder: Path | None) -> None:
    """Show crmkit at work, and leave you something to go on with.

    Everything happens in FOLDER, ./crmkit-demo by default, on a SQLite database. Imports contacts, logs
    interactions, moves deals as two users, and adds a plugin. Needs crmkit[exchange].

    Example: crmkit demo
    """
    from crmkit.demo import run

    run(folder, status_of)


def status_of(args: Sequence[str]) -> int:
    """Run a command in this process; the status with which it ends."""
    from crmkit.cli.root import root  # which finds this command by its name

    try:
        root.main(args, prog_name="crmkit")  # click ends every command so
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
