"""When a talkative party has fallen silent: by its own rhythm. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from attrs import frozen

from crmkit.plugins.feedback.config import Settings
from crmkit.sdk import Criteria, f

__all__ = ["HORIZON", "Rhythm", "heard", "rhythm_of", "silent_from"]

HORIZON: Final = timedelta(days=365)
"""How far back a rhythm is looked for."""

LATEST: Final = 50
"""Of how many days of contact, the latest ones, a rhythm is made."""


@frozen(kw_only=True)
class Rhythm:
    """How often somebody talks with us.

    Attributes:
        last: when it was heard of last, UTC.
        days: on how many days.
        usual: how many days lie between two of them in the median.
        longest: how many days lay between two of them at most.
    """

    last: datetime
    days: int
    usual: int
    longest: int


def heard(since: datetime) -> Criteria:
    """The interactions in which a party talked with us: over a channel, and not from us to it alone.

    Args:
        since: from when on, UTC.
    """
    return (f.occurred_at >= since) & f.direction.in_(("in", "none")) & ~f.channel.is_empty()


def rhythm_of(contacts: Iterable[datetime]) -> Rhythm | None:
    """The rhythm of contacts; several on the same day (UTC) are one conversation.

    Args:
        contacts: when each was, UTC; in any order, and some perhaps twice.

    Returns:
        Nothing if they are on less than two days.
    """
    known = sorted(set(contacts))
    days = sorted({one.date() for one in known})[-LATEST:]
    gaps = sorted((later - earlier).days for earlier, later in pairwise(days))
    if not gaps:
        return None
    return Rhythm(last=known[-1], days=len(days), usual=gaps[len(gaps) // 2], longest=gaps[-1])


def silent_from(rhythm: Rhythm | None, settings: Settings) -> datetime | None:
    """From when on a party counts as silent if it is not heard of until then; UTC.

    Its own rhythm decides: several times its usual gap have to pass, more than it ever took, and some days at least.

    Returns:
        Nothing if it does not talk with us often enough to be missed.
    """
    if rhythm is None or rhythm.days < settings.silence_contacts or rhythm.usual > settings.silence_usual_days:
        return None
    patience = max(rhythm.usual * settings.silence_factor, rhythm.longest + 1, settings.silence_least_days)
    return rhythm.last + timedelta(days=patience)
