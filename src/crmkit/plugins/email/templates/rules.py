"""Filling in templates. There is no logic in them: a place names a value, and a value is only text. Pure.

``{{ party.given_name }}`` is a place. Anything else between ``{{`` and ``}}`` is refused; every other character, ``{%``
and ``${`` among them, is itself. What is filled in is not looked at again: a value that looks like a place stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Final, Literal

from attrs import frozen

from crmkit.plugins.email.errors import TemplateError

__all__ = ["Part", "Place", "filled", "places"]

Part = Literal["subject", "text", "html"]

_MARKUP: Final = re.compile(r"\{\{(.*?)(?:\}\}|\Z)", re.DOTALL)
_PATH: Final = re.compile(r"\s*([a-z][a-z0-9_]{0,62}(?:\.[a-z][a-z0-9_]{0,62}){1,3})\s*", re.ASCII)
_LINK: Final = re.compile(r"""\b(?:href|src|action|background|formaction)\s*=\s*["']?\s*\Z""", re.IGNORECASE)
_SAFE_LINK: Final = re.compile(r"(?:https?://|mailto:|tel:|cid:)", re.IGNORECASE)
_BEFORE: Final = 40
MOST_PLACES: Final = 500


@frozen
class Place:
    """A place in a template.

    Attributes:
        path: what is to be filled in, such as ``party.given_name``.
        line: where it is, from 1.
        said: as it stands there.
        start: its first character.
        end: the first one behind it.
    """

    path: str
    line: int
    said: str
    start: int
    end: int


def places(template: str, part: Part, source: str) -> Iterator[Place]:
    """The places of one part of a template.

    Args:
        template: its key, for errors.
        part: which part.
        source: what it says.

    Raises:
        TemplateError: if something between braces is no name of a value, or there are too many.
    """
    for number, found in enumerate(_MARKUP.finditer(source)):
        line = source.count("\n", 0, found.start()) + 1
        path = _PATH.fullmatch(found[1])
        if path is None or not found[0].endswith("}}"):
            reason = f"{found[0][:40]!r} is no place; write a name such as {{{{ party.given_name }}}}, and nothing else"
            raise TemplateError(template, part, line, found[0][:40], reason)
        if number >= MOST_PLACES:
            raise TemplateError(template, part, line, found[0], f"there are more than {MOST_PLACES} places")
        yield Place(path[1], line, found[0], found.start(), found.end())


def filled(template: str, part: Part, source: str, values: Mapping[str, str]) -> str:
    """A part with its places filled in; in HTML, values are escaped.

    Args:
        template: its key, for errors.
        part: which part.
        source: what it says.
        values: by path; those that may be named, and no others.

    Raises:
        TemplateError: if a place names no value; if a value would begin a link with a scheme that runs code; or if one
            in the subject has a line break.
    """
    done: list[str] = []
    end = 0
    for place in places(template, part, source):
        if place.path not in values:
            raise TemplateError(template, part, place.line, place.said, f"{place.path!r} is no value that it may name")
        done += [source[end : place.start], _fitting(template, part, source, place, values[place.path])]
        end = place.end
    return "".join((*done, source[end:]))


def _fitting(template: str, part: Part, source: str, place: Place, value: str) -> str:
    """A value as it fits into its place.

    Raises:
        TemplateError: if it does not.
    """
    if part == "subject" and any(c < " " or c in "\x7f\x85\u2028\u2029" for c in value):
        reason = f"the value of {place.path!r} has a line break, which a header must not have"
        raise TemplateError(template, part, place.line, place.said, reason)
    if part != "html":
        return value
    if _LINK.search(source, max(0, place.start - _BEFORE), place.start) and value and not _SAFE_LINK.match(value):
        reason = f"the value of {place.path!r} is no link; it must begin with https://, mailto: or tel:"
        raise TemplateError(template, part, place.line, place.said, reason)
    return escape(value, quote=True)
