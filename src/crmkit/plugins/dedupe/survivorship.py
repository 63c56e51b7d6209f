"""Which party stays when two are merged, and whose values: survivorship. Pure decisions.

Rules for a field, where both parties have a value and the values differ (a value that only one has is always kept):

======== ================================================================================================
fill     the winner's
loser    the other party's
newest   the one that was given last
oldest   the one that was given first
longest  the one with more characters, such as a full name over an initial
trusted  the one whose source comes first among ``trusted_sources``; the winner's if neither does
======== ================================================================================================

What somebody chooses by hand goes before any rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, get_args

import attrs
from attrs import Attribute

from crmkit.sdk import PARTY, Party, Provenance, Record, UnknownFieldError

__all__ = [
    "EVERY_OTHER",
    "WINNERS",
    "FieldRule",
    "Side",
    "WinnerRule",
    "check_choice",
    "check_rules",
    "choices",
    "winner_of",
]

WinnerRule = Literal["most_complete", "oldest", "newest"]
WINNERS: Final[tuple[WinnerRule, ...]] = get_args(WinnerRule)
FieldRule = Literal["fill", "loser", "newest", "oldest", "longest", "trusted"]
RULES: Final[tuple[FieldRule, ...]] = get_args(FieldRule)
EVERY_OTHER: Final = "*"
Side = Literal["winner", "loser", "fill"]

_FIXED: Final = frozenset({a.name for a in attrs.fields(Record)} | {"kind", "lifecycle", "merged_into", "sort_name"})
_TOGETHER: Final = {"birthday": "birth_date", "source_detail": "source", "sourced_at": "source", "name": "display_name"}
"""What goes with another field, since it follows from it or says more about it."""


def chosen_fields() -> frozenset[str]:
    """The fields of a party for which there may be a rule."""
    return frozenset(PARTY.shape.fields) - _FIXED


def check_rules(_: object, attribute: Attribute[Any], value: Mapping[str, str]) -> None:
    """Refuse rules for what is no field of a party, and rules that are none.

    Raises:
        ValueError: if so; says what there is.
    """
    known = chosen_fields()
    for name, rule in value.items():
        if name != EVERY_OTHER and name not in known:
            message = f"{attribute.name}: {name!r} is no field that is chosen; there are: {', '.join(sorted(known))}"
            raise ValueError(message)
        if rule not in RULES:
            raise ValueError(f"{attribute.name}: {rule!r} for {name!r} is no rule; there are: {', '.join(RULES)}")


def check_choice(choose: Mapping[str, Side]) -> None:
    """Refuse a choice by hand for what is not chosen.

    Raises:
        UnknownFieldError: if so.
    """
    for name in choose:
        if name not in chosen_fields() and not name.startswith("custom."):
            raise UnknownFieldError(PARTY.name, name)


def completeness(party: Party, parts: int) -> int:
    """How much is known of a party: fields with a value, and parts."""
    filled = sum(getattr(party, a.name) not in {None, ""} for a in attrs.fields(type(party)) if a.name not in _FIXED)
    return filled + parts


def winner_of(left: tuple[Party, int], right: tuple[Party, int], rule: WinnerRule) -> Party:
    """The party that stays.

    Args:
        left: one of them, and how many parts it has.
        right: the other, likewise.
        rule: most_complete, oldest or newest; of two that are equally complete, the older stays.
    """
    first, second = sorted((left, right), key=lambda one: (one[0].created_at is None, one[0].created_at, one[0].id))
    if rule == "newest":
        return second[0]
    if rule == "most_complete" and completeness(*second) > completeness(*first):
        return second[0]
    return first[0]


def choices(
    winner: Party,
    loser: Party,
    *,
    rules: Mapping[str, str],
    told: tuple[Mapping[str, Provenance], Mapping[str, Provenance]],
    trusted: Sequence[str] = (),
) -> dict[str, Side]:
    """Whose value each field has in the end, for those fields that differ.

    Args:
        winner: the party that stays.
        loser: the other.
        rules: by field; ``"*"`` for all others.
        told: where the winner's values come from, and the loser's.
        trusted: sources, the most trusted first.
    """
    made: dict[str, Side] = {}
    for name in sorted(chosen_fields()):
        mine, theirs = getattr(winner, name, None), getattr(loser, name, None)
        if mine in {None, ""} or theirs in {None, ""} or mine == theirs:
            continue
        ruling = _TOGETHER.get(name, name)
        rule = rules.get(name) or rules.get(ruling) or rules.get(EVERY_OTHER, "fill")
        if _loser_has_it(rule, (mine, theirs), (told[0].get(ruling), told[1].get(ruling)), trusted):
            made[name] = "loser"
    return made


def _loser_has_it(
    rule: str, values: tuple[Any, Any], told: tuple[Provenance | None, Provenance | None], trusted: Sequence[str]
) -> bool:
    mine, theirs = told
    match rule:
        case "loser":
            return True
        case "longest":
            return len(str(values[1])) > len(str(values[0]))
        case "newest":
            return theirs is not None and (mine is None or theirs.at > mine.at)
        case "oldest":
            return theirs is not None and (mine is None or theirs.at < mine.at)
        case "trusted":
            return _rank(theirs, trusted) < _rank(mine, trusted)
        case _:
            return False


def _rank(told: Provenance | None, trusted: Sequence[str]) -> int:
    source = told.source if told is not None and told.source is not None else ""
    return next((place for place, pattern in enumerate(trusted) if fnmatchcase(source, pattern)), len(trusted))
