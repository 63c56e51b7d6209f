"""The command line ``crmkit``: one noun, one file. Commands are imported when they are called."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line and end the process."""
    from crmkit.cli.root import root

    root.main(prog_name="crmkit")
