"""Pure decisions about parties: how a person is called, where a name sorts, and what an update must leave alone."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.parties.text import MAX_LINE, fold
from crmkit.errors import InvalidValueError, Refusal

if TYPE_CHECKING:
    from crmkit.core.kernel.access.actors import Actor
    from crmkit.core.parties.model import Party

__all__ = [
    "UNNAMED",
    "altered",
    "check_new",
    "check_period",
    "check_update",
    "default_owner",
    "first_sourced",
    "is_current",
    "kept_source",
    "month_and_day",
    "person_name",
    "person_sort_name",
    "sort_name",
    "time_zone",
]

P = TypeVar("P", bound="Party")
R = TypeVar("R", bound=Record)

UNNAMED: Final = "(no name)"
"""The name of a person of whom we know none: somebody who called, or wrote from an address that says nothing."""

_MONTH_AND_DAY: Final = re.compile(r"(?:--)?(\d\d)-?(\d\d)", re.ASCII)
_OFFSET: Final = re.compile(r"(?:UTC)?([+-])(\d\d):?(\d\d)", re.ASCII)


# -- names ------------------------------------------------------------------------------------------------------------


def person_name(
    *,
    given: str | None = None,
    additional: str | None = None,
    family: str | None = None,
    prefix: str | None = None,
    nickname: str | None = None,
) -> str:
    """What a person is called, from whichever parts of the name are known.

    Given, additional and family names in this order; family name first and without space where all are written in Han
    or Hangul. The prefix is part of it only where the given name is missing (``Mr Berg``); a nickname stands in where
    there is neither name.
    """
    if not (given or family):
        return additional or nickname or UNNAMED
    if given and family and _is_east_asian(given) and _is_east_asian(family):
        return family + given
    return " ".join(part for part in (prefix if not given else None, given, additional, family) if part)


def person_sort_name(
    *, name: str, given: str | None = None, additional: str | None = None, family: str | None = None
) -> str:
    """Where a person sorts: by family name, then given names, folded; by ``name`` where neither is known.

    A person of whom no name is known sorts first, under the empty text.
    """
    parts = [part for part in (family, given, additional) if part]
    if parts:
        return sort_name(" ".join(parts))
    return "" if name == UNNAMED else sort_name(name)


def sort_name(name: str) -> str:
    """``name`` folded (see `crmkit.core.parties.text.fold`), at most 200 characters, since it is a key of indexes."""
    return fold(name)[:MAX_LINE].rstrip()


def _is_east_asian(name: str) -> bool:
    return not name.isascii() and all(unicodedata.name(c, "").startswith(("CJK UNIFIED", "HANGUL")) for c in name)


# -- dates ------------------------------------------------------------------------------------------------------------


def month_and_day(value: str) -> str:
    """A birthday without a year in the form ``MM-DD``; also read from ``--MMDD`` (RFC 6350) and ``--MM-DD``.

    Raises:
        InvalidValueError: if there is no such day in any year.
    """
    found = _MONTH_AND_DAY.fullmatch(value)
    day = f"{found[1]}-{found[2]}" if found else ""
    try:
        date.fromisoformat(f"2000-{day}")  # a leap year
    except ValueError:
        raise InvalidValueError("birthday", value, "is not a month and a day, such as '02-29'") from None
    return day


def check_period(valid_from: date | None, valid_until: date | None) -> None:
    """Refuse dates that are the wrong way round.

    Raises:
        InvalidValueError: if the last day lies before the first one.
    """
    if valid_from is not None and valid_until is not None and valid_until < valid_from:
        reason = f"lies before valid_from, {valid_from}; a period ends on the day it began, or later"
        raise InvalidValueError("valid_until", valid_until.isoformat(), reason)


def is_current(valid_from: date | None, valid_until: date | None, *, on: date) -> bool:
    """Whether the day ``on`` lies between the two days, both included; None leaves that end open."""
    return (valid_from is None or valid_from <= on) and (valid_until is None or on <= valid_until)


def time_zone(value: str) -> str:
    """A time zone as an IANA name (``Europe/Oslo``) or an offset from UTC in the form ``+HH:MM``.

    Raises:
        InvalidValueError: if it is neither.
    """
    offset = _OFFSET.fullmatch(value)
    if offset is not None:
        return f"{offset[1]}{offset[2]}:{offset[3]}"
    if value not in _zones():
        raise InvalidValueError("time_zone", value, "is neither an IANA name, such as 'Europe/Oslo', nor an offset")
    return value


@cache
def _zones() -> frozenset[str]:
    """The names of all time zones; read from many files, so once, and not before one is needed."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


# -- new parties ------------------------------------------------------------------------------------------------------


def check_new(party: P, *, owner: str | None, team: str | None = None, now: datetime) -> P:
    """``party`` as it is first stored: with owner, team, and the time it came to us if its source is known.

    Args:
        party: the new one.
        owner: who is responsible where the party does not say.
        team: that of ``owner``; the party's, if that is its owner and it names no team.
        now: the present instant, UTC.

    Raises:
        InvalidValueError: if it is stored already, or merged into another one.
    """
    if party.version:
        raise InvalidValueError(
            "version", party.version, "is that of a stored party; use update, or construct a new one"
        )
    if party.merged_into is not None:
        raise InvalidValueError("merged_into", str(party.merged_into), "is set by a merge only")
    if party.owner_id is None and owner is not None:
        party = altered(party, owner_id=owner)
    if party.team_id is None and team is not None and party.owner_id == owner:
        party = altered(party, team_id=team)
    return first_sourced(party, now=now)


def first_sourced(party: P, *, now: datetime) -> P:
    """``party`` with the time at which it came to us, if its source is known and that time is not."""
    return altered(party, sourced_at=now) if party.source is not None and party.sourced_at is None else party


def default_owner(actor: Actor, on_behalf_of: str | None) -> str | None:
    """Who owns what ``actor`` adds: whoever it acts for, itself if it is a user or key; nobody for machinery."""
    return on_behalf_of or (actor.id if actor.kind in {"user", "api_key"} else None)


# -- updates ----------------------------------------------------------------------------------------------------------

_OWN_COMMANDS: Final = {
    "kind": "a person does not become an organisation; add another party",
    "owner_id": "use assign",
    "team_id": "use assign",
    "lifecycle": "use move_lifecycle",
    "archived_at": "use archive or unarchive",
    "merged_into": "parties are merged by the dedupe plugin",
}


def check_update(before: Party, after: Party) -> None:
    """Refuse to change by a plain update what has a command of its own, with its own checks and its own event.

    Raises:
        InvalidValueError: if such a field differs; the error names the way.
    """
    for name, way in _OWN_COMMANDS.items():
        if getattr(before, name) != getattr(after, name):
            raise InvalidValueError(name, getattr(after, name), f"is not changed by an update; {way}")


def kept_source(before: Party, after: Party) -> Refusal | None:
    """The refusal to change where a party came from, once that is known; what is empty may still be filled in."""
    for name in ("source", "source_detail", "sourced_at"):
        was, is_ = getattr(before, name), getattr(after, name)
        if was is not None and is_ != was:
            return Refusal("source_kept", f"where a party came from is kept for ever; it is {was!r}", field=name)
    return None


# -- stored records ---------------------------------------------------------------------------------------------------


def altered(record: R, **values: object) -> R:
    """A copy of ``record`` with some fields set, each converted and validated; the others stay as they are.

    Unlike `attrs.evolve` it does not build the record anew, so it also takes one whose names the actor may not read:
    they are None there, even where the model would refuse that.
    """
    model: Any = type(record)
    attributes, slots = _fields(model)
    copied: R = object.__new__(model)
    for read, write in slots:
        write(copied, read(record))
    for name, value in values.items():
        attribute = attributes[name]
        convert: Any = attribute.converter
        new = value if convert is None else convert(value)
        if attribute.validator is not None:
            attribute.validator(copied, attribute, new)
        object.__setattr__(copied, name, new)
    return copied


@cache
def _fields(model: type[Record]) -> tuple[dict[str, attrs.Attribute[Any]], list[tuple[Any, Any]]]:
    """A model's attributes by name, and how the slot of each is read and written, which is the fastest way to copy."""
    attributes = attrs.fields_dict(model)
    slots = [next(cls.__dict__[name] for cls in model.__mro__ if name in cls.__dict__) for name in attributes]
    return attributes, [(slot.__get__, slot.__set__) for slot in slots]
