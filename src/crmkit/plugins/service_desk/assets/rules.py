"""What terms mean. Pure: the day comes in as an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from crmkit.plugins.service_desk.assets.errors import TermsOverlapError
from crmkit.plugins.service_desk.assets.model import Asset, Cover, Term
from crmkit.sdk import InvalidValueError

__all__ = ["check_apart", "cover", "covered_until", "day_of_fault", "owned"]

NAMES = {"warranty": "the warranty", "post_warranty": "the post-warranty cover"}


def check_apart(term: Term, others: Iterable[Term]) -> None:
    """See that a term shares no day with the others of its asset.

    Args:
        term: a new or changed one.
        others: those there are; the one of the same id is left out.

    Raises:
        TermsOverlapError: if it does; names the first of them.
    """
    for other in sorted(others, key=lambda one: one.starts_on):
        if other.id != term.id and term.starts_on <= other.ends_on and other.starts_on <= term.ends_on:
            raise TermsOverlapError(term.starts_on, term.ends_on, other=(other.starts_on, other.ends_on))


def owned(asset: Asset, party: UUID) -> Asset:
    """The asset, if it is the party's, so that a case of the party can be about it.

    Args:
        asset: which.
        party: who has the case.

    Raises:
        InvalidValueError: if somebody else has it.
    """
    if asset.party_id != party:
        raise InvalidValueError("asset", str(asset.id), "belongs to another party than the case")
    return asset


def covered_until(terms: Iterable[Term]) -> date | None:
    """The last day of the last term."""
    return max((term.ends_on for term in terms), default=None)


def cover(asset: Asset, terms: Iterable[Term], day: date) -> Cover:
    """Whether an asset is covered on a day, and why or why not.

    Args:
        asset: which.
        terms: its terms, which share no day.
        day: which.
    """
    if asset.retired_on is not None and asset.retired_on <= day:
        return Cover(covered=False, reason=f"{asset.name} is out of use since {asset.retired_on}")
    ordered = sorted(terms, key=lambda one: one.starts_on)
    for term in ordered:
        if term.starts_on <= day <= term.ends_on:
            reason = f"{NAMES[term.kind]} of {asset.name} runs from {term.starts_on} to {term.ends_on}"
            return Cover(covered=True, reason=reason, kind=term.kind, term_id=term.id, until=term.ends_on)
    return Cover(covered=False, reason=_gap(asset, ordered, day))


def _gap(asset: Asset, ordered: list[Term], day: date) -> str:
    """Why no term covers a day."""
    last = next((term for term in reversed(ordered) if term.ends_on < day), None)
    following = next((term for term in ordered if term.starts_on > day), None)
    ended = None if last is None else f"{NAMES[last.kind]} of {asset.name} ended on {last.ends_on}"
    if following is None:
        return ended or f"{asset.name} has no warranty and no other terms"
    name, begins = NAMES[following.kind], f"begins on {following.starts_on}"
    return f"{ended}, and {name} {begins}" if ended else f"{name} of {asset.name} {begins}"


def day_of_fault(details: Mapping[str, Any], opened_on: date) -> date:
    """The day that decides whether a case is covered: when the fault was found, if that is known, else the report's.

    Args:
        details: of the case.
        opened_on: the day on which the case was opened, UTC.
    """
    said = details.get("found_on") or details.get("occurred_on")
    return opened_on if said is None else date.fromisoformat(said)
