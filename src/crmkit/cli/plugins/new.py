"""``crmkit plugins new``: a plugin project that passes its own tests at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

import click

from crmkit.api import Manifest
from crmkit.cli.failing import Failure
from crmkit.sdk import API_VERSION

__all__ = ["new"]

SUFFIX = ".txt"
"""Ends the names of template files, so that no tool takes them for code of crmkit's own."""


PARTS = ("Entry", "EntryAdded", "Settings")
"""The classes of every new plugin beside its service, which is called like the plugin."""


@click.command()
@click.argument("name")
@click.option("--folder", metavar="PATH", type=click.Path(path_type=Path), help="Where to; ./crmkit-NAME by default.")
def new(name: str, folder: Path | None) -> None:
    """Write the project of a new plugin.

    It is called NAME and has a table, a service, a hook, a command, a migration and tests that pass.

    Example: crmkit plugins new guest_book
    """
    id_ = name.strip().lower().replace("-", "_")
    distribution = f"crmkit-{id_.replace('_', '-')}"
    label = Manifest(id=id_, distribution=distribution, api=_api_range()).label
    target = folder or Path(distribution)
    if target.exists() and any(target.iterdir()):
        raise Failure(f"{target} is there already and is not empty; name another folder: --folder PATH")
    _write(target, _words(id_, distribution, label))
    click.echo(f"Wrote the plugin {id_} to {target}. Its tests pass:\n")
    click.echo(f"  cd {target}")
    click.echo('  python -m pip install --editable ".[tests]"')
    click.echo("  python -m pytest")


def _api_range() -> str:
    return f">={API_VERSION},<{int(API_VERSION.partition('.')[0]) + 1}"


def _words(id_: str, distribution: str, label: str) -> dict[str, str]:
    name = "".join(word.capitalize() for word in id_.split("_"))
    if name in PARTS:
        name += "Service"
    return {
        "__api__": _api_range(),
        "__crmkit__": _requirement(),
        "__distribution__": distribution,
        "__label__": label,
        "__Name__": name,
        "__option__": id_,
        "__package__": f"crmkit_{id_}",
        "__plugin__": id_,
        "__public__": json.dumps(sorted([*PARTS, name])),
    }


def _requirement() -> str:
    try:
        return f"crmkit>={version('crmkit')}"
    except PackageNotFoundError:  # run from its sources
        return "crmkit"


def _write(target: Path, words: Mapping[str, str]) -> None:
    for place, text in _templates(files("crmkit.cli.plugins").joinpath("template"), PurePosixPath()):
        path = target / _filled(place.as_posix().removesuffix(SUFFIX), words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(text, words), "utf-8")


def _templates(folder: Traversable, at: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for one in sorted(folder.iterdir(), key=lambda each: each.name):
        if one.is_dir():
            yield from _templates(one, at / one.name)
        elif one.name.endswith(SUFFIX):
            yield at / one.name, one.read_text("utf-8")


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text
