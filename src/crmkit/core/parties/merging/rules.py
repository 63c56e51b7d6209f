"""Pure decisions about merging: which values the winner has in the end, and what two of a kind become.

Images are records in JSON form, as history has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from crmkit.errors import InvalidValueError, UnknownFieldError

__all__ = ["Choice", "chosen", "closed", "secondary"]

Choice = Literal["winner", "loser", "fill"]
Image = Mapping[str, Any]

FIXED: Final = frozenset({"created_at", "custom", "id", "kind", "lifecycle", "merged_into", "updated_at", "version"})
"""What is not chosen: the winner stands where it stands, and of custom values each is chosen by itself."""


def chosen(winner: Image, loser: Image, *, by: Choice, by_hand: Mapping[str, Choice], known: frozenset[str]) -> Image:
    """The winner's image in the end.

    Args:
        winner: its image.
        loser: the other's.
        by: winner (keep its values), loser (take the other's) or fill (take those that it lacks), for all fields.
        by_hand: the same for single fields.
        known: the fields that may be chosen.

    Raises:
        UnknownFieldError: if a field is chosen that there is not, or that is not chosen.
        InvalidValueError: if a choice is none of the three.
    """
    _check(by, by_hand, known)
    image = dict(winner)
    for name in {**winner, **loser}:
        choice = by_hand.get(name, by)
        if name in FIXED or choice == "winner" or (choice == "fill" and name in winner):
            continue
        if name in loser:
            image[name] = loser[name]
        elif name in by_hand:
            image.pop(name)
    if "lifecycle" not in winner and "lifecycle" in loser:
        image["lifecycle"] = loser["lifecycle"]
    return image


def _check(by: Choice, by_hand: Mapping[str, Choice], known: frozenset[str]) -> None:
    for name, choice in {"choose": by, **by_hand}.items():
        if choice not in {"winner", "loser", "fill"}:
            raise InvalidValueError(name, choice, "is none of winner, loser, fill")
    for name in by_hand:
        if name not in known - FIXED and not name.startswith("custom."):
            raise UnknownFieldError("party", name)


def secondary(mechanism: Image, taken: frozenset[str]) -> Image:
    """A mechanism of the loser: no longer primary, if the winner has a primary one of its kind."""
    if mechanism.get("is_primary") and mechanism["kind"] in taken:
        return {**mechanism, "is_primary": False}
    return mechanism


def closed(entry: Image, *, now: str) -> Image:
    """A stay of the loser in a stage of the lifecycle: over, since the winner stands in one."""
    return entry if "left_at" in entry else {**entry, "left_at": now}
