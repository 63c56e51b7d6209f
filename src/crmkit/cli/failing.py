"""How commands fail: one clear line on stderr and a status that is not zero; with ``--debug`` the traceback too."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, Any

import click

from crmkit.errors import CrmkitError, StartupError, UnknownTenantError

__all__ = ["Failure", "failing_clearly"]


class Failure(click.ClickException):
    """Ends the command with status 1.

    Args:
        message: what is wrong and the way out, in one line.
    """

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line on stderr."""
        click.echo(f"Error: {self.format_message()}", file=file, err=True)


@contextmanager
def failing_clearly(*, debug: bool) -> Generator[None]:
    """Turn whatever is raised into a `Failure`; click's own ways to end a command pass.

    Args:
        debug: print the traceback first.

    Raises:
        Failure: in place of the error.
    """
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:
        if debug:
            click.echo(traceback.format_exc(), err=True, nl=False)
        raise Failure(_said(error)) from error


def _said(error: Exception) -> str:
    if isinstance(error, StartupError):  # as many lines as there are problems
        return error.message
    if isinstance(error, UnknownTenantError):
        if error.tenant is None:
            return "no tenant was named; use crmkit --tenant ID ..., CRMKIT_TENANT, or default_tenant in crmkit.toml"
        return f"no tenant {error.tenant!r}; create it: crmkit tenants create {error.tenant}"
    if isinstance(error, CrmkitError):
        return " ".join(error.message.split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = " ".join(str(error).split())
    return f"this should not have happened: {type(error).__name__}: {text}; crmkit --debug shows where"
