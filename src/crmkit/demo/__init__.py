"""The demo: crmkit at work, told in chapters, in a folder that stays there to go on with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["run"]


def run(folder: Path | None, command_line: Callable[[Sequence[str]], int]) -> None:
    """Tell the whole story.

    Args:
        folder: where; it is made, and must be empty if it is there. By default the first free one of ``crmkit-demo``,
            ``crmkit-demo-2`` and so on.
        command_line: runs a command in this process, given what stands behind ``crmkit``; answers its status.

    Raises:
        ConfigError: if the folder is not empty.
    """
    from crmkit.demo.stage import Stage, free_folder
    from crmkit.demo.story import tell

    tell(Stage(free_folder(folder), command_line))
