"""Faults: how a plugin failed to load, and where inside it."""

from __future__ import annotations

import traceback as tracebacks
from collections.abc import Collection, Iterator
from types import TracebackType

from attrs import field, frozen

from crmkit.errors import PluginQuarantinedError, Problem

__all__ = ["Fault"]


@frozen(kw_only=True)
class Fault:
    """One failure of one plugin; what quarantine keeps of it.

    Attributes:
        plugin: its id.
        distribution: what installs it.
        part: what was being loaded: ``manifest``, ``tables``, ``hooks``, ``settings``, ``services``,
            ``implementation``, ``bridge`` or ``cli``.
        reason: the error's type and text, in one line.
        file: the plugin's file that failed; None if the failure has no place in it.
        line: the line in that file.
        missing: the module whose absence is the reason, if that is it.
        abort: whether the plugin's manifest asks that the start be aborted.
        traceback: the whole traceback, for ``--debug``.
    """

    plugin: str
    distribution: str
    part: str
    reason: str
    file: str | None = None
    line: int | None = None
    missing: str | None = None
    abort: bool = False
    traceback: str = field(default="", repr=False, eq=False)

    @classmethod
    def of(
        cls,
        error: BaseException,
        *,
        plugin: str,
        distribution: str,
        part: str,
        packages: Collection[str],
        abort: bool = False,
    ) -> Fault:
        """The fault that ``error`` is.

        Args:
            error: what was raised while the plugin was being loaded.
            plugin: the plugin's id.
            distribution: what installs it.
            part: what was being loaded.
            packages: the plugin's packages; the last frame in one of them is where the fault lies.
            abort: whether the start is to be aborted.
        """
        file, line = _place(error, packages)
        text = " ".join(str(error).split())
        return cls(
            plugin=plugin,
            distribution=distribution,
            part=part,
            reason=f"{type(error).__name__}: {text}" if text else type(error).__name__,
            file=file,
            line=line,
            missing=_missing_module(error, packages),
            abort=abort,
            traceback="".join(tracebacks.format_exception(error)),
        )

    @property
    def place(self) -> str | None:
        """``file:line``, if the fault has a place."""
        return f"{self.file}:{self.line}" if self.file else None

    @property
    def problem(self) -> Problem:
        """The fault as a problem, with the way out."""
        where = f" ({self.place})" if self.place else ""
        message = f"its {self.part} failed to load: {self.reason}{where}"
        return Problem("plugin_failed", self.plugin, message, self._fix())

    @property
    def error(self) -> PluginQuarantinedError:
        """The fault as the error for whoever uses the plugin nevertheless."""
        return PluginQuarantinedError(self.plugin, f"{self.reason} ({self.place})" if self.place else self.reason)

    def _fix(self) -> str:
        if self.missing is None:
            return f"Mend or upgrade {self.distribution!r}, or disable it: crmkit plugins disable {self.plugin}"
        # The bundled plugins name their extra after themselves; another distribution says itself what it requires.
        what = f"crmkit[{self.plugin}]" if self.distribution == "crmkit" else self.distribution
        return f"Install what it imports ({self.missing}): python -m pip install '{what}'"


def _inside(module: str, packages: Collection[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _frames(trace: TracebackType | None) -> Iterator[tuple[str, str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_globals.get("__name__", ""), trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def _place(error: BaseException, packages: Collection[str]) -> tuple[str | None, int | None]:
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno
    own = [(file, line) for module, file, line in _frames(error.__traceback__) if _inside(module, packages)]
    return own[-1] if own else (None, None)


def _missing_module(error: BaseException, packages: Collection[str]) -> str | None:
    """The module that is not installed; None if the missing one would be the plugin's own."""
    if not isinstance(error, ModuleNotFoundError) or not error.name or _inside(error.name, packages):
        return None
    return error.name
