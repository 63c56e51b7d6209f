"""Purposes, texts and consents from another system: JSON Lines, one object a line, each by itself right or wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from attrs import frozen

from crmkit.plugins.privacy.purposes.model import Purpose
from crmkit.plugins.privacy.service import Privacy
from crmkit.sdk import CrmkitError, InvalidValueError, UnitOfWork, parse_instant

__all__ = ["FailedLine", "Imported", "import_lines"]

LONGEST: Final = 100_000
"""Characters in a line."""

_NAMES: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "purpose": (frozenset({"key", "label"}), frozenset({"kind", "description"})),
    "text": (frozenset({"purpose", "version", "body"}), frozenset({"language"})),
    "consent": (
        frozenset({"purpose", "channel", "given", "at"}),
        frozenset({"party", "email", "text_version", "proof", "source", "key"}),
    ),
}
"""What a line of each type must and may say."""


@frozen(kw_only=True)
class FailedLine:
    """A line that was left out.

    Attributes:
        number: its number, from 1 on.
        message: what is wrong with it.
    """

    number: int
    message: str


@frozen(kw_only=True)
class Imported:
    """What an import came to.

    Attributes:
        done: how many lines were taken in; what was there already counts, too.
        failed: the lines that were left out.
    """

    done: int
    failed: tuple[FailedLine, ...]


def import_lines(uow: UnitOfWork, lines: Iterable[tuple[int, str]]) -> Imported:
    """Take in purposes, texts and consents. A line that is wrong is left out, and the others are taken in.

    A line is an object with a ``type``: ``purpose`` (key, label, kind, description), ``text`` (purpose, version, body,
    language) or ``consent`` (party, an id, or email; purpose, channel, given, at, text_version, proof, source, key). A
    consent without a key gets one that follows from its line, so that an import may be repeated.

    Args:
        uow: where; the actor needs the rights to do each by hand.
        lines: each with its number; empty ones are passed over.
    """
    done, failed = 0, []
    for number, line in lines:
        if not line.strip():
            continue
        try:
            with uow.attempt():
                _take_in(uow, line.strip())
        except CrmkitError as error:
            failed.append(FailedLine(number=number, message=str(error)))
        else:
            done += 1
    return Imported(done=done, failed=tuple(failed))


def _take_in(uow: UnitOfWork, line: str) -> None:
    said = _object(line)
    type_ = said.pop("type", None)
    if type_ not in _NAMES:
        raise InvalidValueError("type", type_, f"is none of: {', '.join(_NAMES)}")
    needed, allowed = _NAMES[type_]
    for name in sorted(needed - said.keys()):
        raise InvalidValueError(name, None, f"is missing; a line of the type {type_!r} needs it")
    for name in sorted(said.keys() - needed - allowed):
        raise InvalidValueError(name, said[name], f"is nothing that a line of the type {type_!r} may say")
    for name in sorted(said.keys() - {"given"}):
        if said[name] is not None and not isinstance(said[name], str):
            raise InvalidValueError(name, said[name], "is not a text")
    _TAKERS[type_](uow, said, line)


def _object(line: str) -> dict[str, Any]:
    """What a line says.

    Raises:
        InvalidValueError: if it is no JSON object, or too long.
    """
    if len(line) > LONGEST:
        raise InvalidValueError("line", f"{line[:20]}...", f"has more than {LONGEST:,} characters")
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise InvalidValueError("line", line[:80], "is no JSON object")
    return said


def _purpose(uow: UnitOfWork, said: dict[str, Any], _: str) -> None:
    uow.use(Privacy).define_purposes([Purpose(**said)])


def _text(uow: UnitOfWork, said: dict[str, Any], _: str) -> None:
    uow.use(Privacy).add_text(**said)


def _consent(uow: UnitOfWork, said: dict[str, Any], line: str) -> None:
    party, at = _party(uow, said.pop("party", None), said.pop("email", None)), parse_instant(said.pop("at"))
    key = said.pop("key", None) or f"import:{hashlib.sha256(line.encode()).hexdigest()}"
    uow.use(Privacy).record_consent(party=party, at=at, key=key, **said)


def _party(uow: UnitOfWork, id_: str | None, email: str | None) -> UUID:
    """The party that a line names.

    Raises:
        InvalidValueError: if it names none, or nobody knows which one.
    """
    if id_ is not None:
        try:
            return UUID(id_)
        except ValueError:
            raise InvalidValueError("party", id_, "is no id") from None
    if email is None:
        raise InvalidValueError("party", None, "is missing; name the party by its id or its email")
    found = [party for party in uow.parties.find_by(email, kind="email", limit=2) if party.merged_into is None]
    if len(found) != 1:
        reason = "belongs to nobody" if not found else "belongs to several parties; name one by its id"
        raise InvalidValueError("email", email, reason)
    return found[0].id


_TAKERS: Final[Mapping[str, Callable[[UnitOfWork, dict[str, Any], str], None]]] = {
    "purpose": _purpose,
    "text": _text,
    "consent": _consent,
}
