"""Pure decisions about consents: what a party's words come to, in whatever order and however often they arrive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from crmkit.plugins.privacy.consents.model import ANY_CHANNEL, Consent, ConsentState
from crmkit.sdk import Criteria, InvalidValueError, f

__all__ = ["CLOCK_SKEW", "check_said", "consenting", "effective", "folded", "same_words", "state_for"]

CLOCK_SKEW: Final = timedelta(hours=1)
"""How far a clock elsewhere, such as that of a website, may be ahead of ours."""


def folded(ledger: Iterable[Consent]) -> tuple[ConsentState, ...]:
    """What words come to: of each purpose and channel the latest, and of two of the same instant the stricter.

    The greatest of a set is the same in whatever order it is looked at, and however often one element is in it.

    Args:
        ledger: of one party.

    Returns:
        By purpose and channel.
    """
    latest: dict[tuple[str, str], Consent] = {}
    for said in ledger:
        at = said.purpose, said.channel
        known = latest.get(at)
        if known is None or _rank(said) > _rank(known):
            latest[at] = said
    return tuple(_state(latest[at]) for at in sorted(latest))


def state_for(states: Iterable[ConsentState], purpose: str, channel: str) -> ConsentState | None:
    """What decides for a purpose and a channel: what was said of it or of any channel, whichever is later.

    Args:
        states: of one party.
        purpose: the key of the purpose.
        channel: the key of the channel.
    """
    fitting = [s for s in states if s.purpose == purpose and s.channel in {channel, ANY_CHANNEL}]
    return max(fitting, key=lambda s: (s.since, not s.given, s.channel != ANY_CHANNEL), default=None)


def effective(states: Iterable[ConsentState]) -> tuple[ConsentState, ...]:
    """The states as they are after words about any channel were taken into account for each that was spoken of."""
    every = tuple(states)
    return tuple(found for s in every if (found := _at_channel(every, s.purpose, s.channel)) is not None)


def _at_channel(states: tuple[ConsentState, ...], purpose: str, channel: str) -> ConsentState | None:
    found = state_for(states, purpose, channel)
    if found is None or found.channel == channel:
        return found
    return ConsentState(
        purpose=purpose,
        channel=channel,
        given=found.given,
        since=found.since,
        consent_id=found.consent_id,
        text_version=found.text_version,
        source=found.source,
    )


def consenting(purpose: str, channel: str) -> Criteria:
    """Parties that allow to be written to, as criteria for a segment or a list.

    It looks at consent only. Whether a message may really go out, `Privacy.may_contact` says when it does.

    Args:
        purpose: the key of the purpose.
        channel: the key of the channel.
    """
    here = (f.purpose == purpose) & (f.channel == channel)
    anywhere = (f.purpose == purpose) & (f.channel == ANY_CHANNEL) & (f.given == True)  # noqa: E712  # a criteria
    given = f.consent_states.exists(here & (f.given == True))  # noqa: E712  # a criteria
    return given | (~f.consent_states.exists(here) & f.consent_states.exists(anywhere))


def check_said(at: datetime, now: datetime) -> None:
    """Refuse words that nobody can have said yet, but for clocks that are a little ahead.

    Args:
        at: when they were said, UTC.
        now: the present, UTC.

    Raises:
        InvalidValueError: if that is more than `CLOCK_SKEW` in the future.
    """
    if at > now + CLOCK_SKEW:
        raise InvalidValueError("at", at.isoformat(), "has not come yet; leave it away for the present")


def same_words(one: Consent, other: Consent) -> bool:
    """Whether two records say the same, so that the second one is a repetition."""
    names = ("party_id", "purpose", "channel", "given", "text_version", "at")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _rank(said: Consent) -> tuple[datetime, bool, str]:
    return said.at, not said.given, str(said.id)


def _state(said: Consent) -> ConsentState:
    return ConsentState(
        purpose=said.purpose,
        channel=said.channel,
        given=said.given,
        since=said.at,
        consent_id=said.id,
        text_version=said.text_version,
        source=said.source,
    )
