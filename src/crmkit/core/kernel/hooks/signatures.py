"""What the type checkers cannot see in a function that somebody hands over, checked when it is handed over."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from types import CodeType

from crmkit.errors import HookDefinitionError

__all__ = ["check_callable", "code_of", "module_of", "name_of"]


def check_callable(fn: object, *, hook: str, takes: Sequence[str]) -> None:
    """Refuse what could never serve as an implementation of ``hook``.

    Args:
        fn: what was handed over.
        hook: the hook or event that it is for.
        takes: the names of the arguments that it will be called with, by position.

    Raises:
        HookDefinitionError: if ``fn`` is not callable, is asynchronous or a generator, or takes other arguments.
    """
    reason = _unfit(fn, takes)
    if reason:
        raise HookDefinitionError(hook, module_of(fn), f"{name_of(fn)} cannot implement {hook!r}: {reason}")


def _unfit(fn: object, takes: Sequence[str]) -> str | None:
    wanted = f"it is called with ({', '.join(takes)})"
    if isinstance(fn, type):
        return f"it is a class; {wanted} and a plain function answers"
    if not callable(fn):
        return f"a {type(fn).__name__} is not callable; {wanted}"
    if any(_is_lazy(part) for part in (fn, getattr(fn, "__call__", None))):  # noqa: B004  # an object whose __call__ is asynchronous
        return "hooks are synchronous, and nobody would await or iterate it; write def, not async def or yield"
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):
        return f"its signature cannot be read; write a function around it; {wanted}"
    try:
        signature.bind(*takes)
    except TypeError:
        return f"it takes {signature}, and {wanted}"
    return None


def _is_lazy(fn: object) -> bool:
    return inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn) or inspect.isgeneratorfunction(fn)


def name_of(fn: object) -> str:
    """The name of ``fn`` for people: ``check_budget``, ``Budget.check``."""
    return str(getattr(fn, "__qualname__", None) or repr(fn))


def module_of(fn: object) -> str:
    """The module that ``fn`` is from; until plugins are registered, that is the best name for its plugin."""
    return str(getattr(fn, "__module__", None) or "an unknown module")


def code_of(fn: object) -> CodeType | None:
    """The code of ``fn``, where it has any: says in which file it is."""
    if isinstance(fn, functools.partial):
        fn = fn.func
    fn = inspect.unwrap(fn) if inspect.isroutine(fn) else getattr(fn, "__call__", None)  # noqa: B004  # its code is wanted, not whether it has one
    code = getattr(fn, "__code__", None)
    return code if isinstance(code, CodeType) else None
