"""Where the demo plays: a folder, the commands that are run in it as a user would, and what is said about it."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Generator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from itertools import count
from pathlib import Path
from time import monotonic

import attrs

from crmkit.api import CRM, Config
from crmkit.errors import ConfigError, CrmkitError

__all__ = ["Stage", "free_folder"]

DEFAULT = "crmkit-demo"
WIDTH = 100


def free_folder(folder: Path | None) -> Path:
    """An empty folder: the one that was named, or one of the default name that is free.

    Raises:
        ConfigError: if the one that was named is not empty.
    """
    if folder is None:
        names = (Path(DEFAULT if n == 1 else f"{DEFAULT}-{n}") for n in count(1))
        folder = next(name for name in names if not name.exists())
    elif folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty; name another folder: crmkit demo FOLDER")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@attrs.define
class Stage:
    """One performance.

    Attributes:
        folder: where everything happens.
        run: the command line, in this process: what stands behind ``crmkit`` to the status that it ends with.
        chapters: how many there are, for the headings.
    """

    folder: Path
    run: Callable[[Sequence[str]], int]
    chapters: int = 0
    _chapter: int = 0
    _began: float = attrs.field(factory=monotonic)

    @property
    def config_file(self) -> Path:
        """The demo's own configuration."""
        return self.folder / "crmkit.toml"

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return monotonic() - self._began

    # -- saying -------------------------------------------------------------------------------------------------------

    def chapter(self, title: str) -> None:
        """Print a heading with how far the story is."""
        self._chapter += 1
        print(f"\n[{self._chapter}/{self.chapters}] {title}\n", flush=True)

    def say(self, text: str) -> None:
        """Print a paragraph."""
        print(textwrap.fill(" ".join(text.split()), WIDTH, break_on_hyphens=False), flush=True)

    def show(self, text: str) -> None:
        """Print output, indented."""
        print(textwrap.indent(text.rstrip(), "    "), flush=True)

    # -- doing --------------------------------------------------------------------------------------------------------

    def crmkit(self, *args: str, status: int = 0) -> None:
        """Run a command as the user would, and show it with what it prints.

        It runs in this process: one of its own would take longer to import crmkit than most commands take.

        Args:
            *args: what stands behind ``crmkit``.
            status: with which status it must end.

        Raises:
            ConfigError: if it ends otherwise than it should.
        """
        self.show(f"$ crmkit {' '.join(_quoted(arg) for arg in args)}")
        printed = StringIO()
        with chdir(self.folder), _environment(), redirect_stdout(printed), redirect_stderr(printed):
            ended = self.run(args)
        self.show(printed.getvalue())
        if ended != status:
            raise ConfigError(f"the demo stops here: the last command ended with status {ended}, not {status}")

    def refused(self, do: Callable[[], object]) -> None:
        """Do what must be refused, and show the error as a user would meet it.

        Raises:
            ConfigError: if it is not refused.
        """
        try:
            do()
        except CrmkitError as error:
            self.show(f"{type(error).__name__}: {error}")
        else:
            raise ConfigError("the demo stops here: this should have been refused")

    def crm(self) -> CRM:
        """The started CRM over the demo's database, as an application would have it inside."""
        database = {"database.url": f"sqlite:///{(self.folder / 'crm.db').resolve().as_posix()}"}
        return CRM(Config.load(self.config_file, environ={}, overrides=database)).start()


@contextmanager
def _environment() -> Generator[None]:
    """Let nothing but the demo's own configuration speak."""
    said = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith("CRMKIT_")}
    try:
        yield
    finally:
        os.environ.update(said)


def _quoted(arg: str) -> str:
    return f'"{arg}"' if " " in arg else arg
