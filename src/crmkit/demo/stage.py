"""Where the demo plays: a folder, the commands that are run in it as a user would, and what is said about it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from itertools import count
from pathlib import Path
from time import monotonic

import attrs

from crmkit.api import CRM, Config, Manifest
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
        chapters: how many there are, for the headings.
    """

    folder: Path
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

        Args:
            *args: what stands behind ``crmkit``.
            status: with which status it must end.

        Raises:
            ConfigError: if it ends otherwise than it should.
        """
        self.show(f"$ crmkit {' '.join(_quoted(arg) for arg in args)}")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CRMKIT_")}
        ran = subprocess.run(  # noqa: S603  # our own command line, with the demo's own arguments
            [sys.executable, "-m", "crmkit.cli", *args],
            cwd=self.folder,
            env={**environment, "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        self.show(ran.stdout)
        if ran.returncode != status:
            raise ConfigError(f"the demo stops here: the last command ended with status {ran.returncode}, not {status}")

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

    def crm(self, *manifests: Manifest) -> CRM:
        """The started CRM over the demo's database, as an application would have it inside."""
        database = {"database.url": f"sqlite:///{(self.folder / 'crm.db').resolve().as_posix()}"}
        return CRM(Config.load(self.config_file, environ={}, overrides=database), manifests=manifests).start()


def _quoted(arg: str) -> str:
    return f'"{arg}"' if " " in arg else arg
