"""The pure decision whether somebody may be written to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, tzinfo

from attrs import frozen

from crmkit.plugins.privacy.consents.model import ConsentState
from crmkit.plugins.privacy.consents.rules import state_for
from crmkit.plugins.privacy.contacting.model import Contactable, Reason
from crmkit.plugins.privacy.contacting.quiet import quiet_end
from crmkit.plugins.privacy.preferences.model import Preference
from crmkit.plugins.privacy.purposes.model import Purpose
from crmkit.plugins.privacy.suppressions.model import SuppressionReason

__all__ = ["Known", "judged"]


@frozen(kw_only=True)
class Known:
    """What is known of a party when it is to be written to.

    Attributes:
        archived: whether it is out of use.
        states: what its words come to.
        preferences: for the channel, and for any.
        suppressed: of each address by which it is reached, the reasons for which that is suppressed.
        zones: where it may live by the clock.
        quiet: the hours in which nobody is disturbed over the channel, as configured; None for none.
    """

    archived: bool = False
    states: Sequence[ConsentState] = ()
    preferences: Sequence[Preference] = ()
    suppressed: Sequence[Sequence[SuppressionReason]] = ()
    zones: Sequence[tzinfo] = ()
    quiet: tuple[time, time] | None = None


def judged(known: Known, *, purpose: Purpose, channel: str, at: datetime) -> Contactable:
    """Whether a party may be written to.

    What needs no consent is hindered only by addresses that do not work, that complained or that belonged to somebody
    who was erased. Everything else needs consent, and leaves in peace who is archived, refuses the channel, or sleeps.

    Args:
        known: what is known of the party.
        purpose: what for.
        channel: the key of the channel.
        at: when it is to be done, UTC.
    """
    if purpose.kind == "transactional":
        hindrances = tuple(_suppressed(known, but="withdrawn"))
        said = Reason(code="transactional", text=f"{purpose.label} needs no consent", hinders=False)
        return Contactable(allowed=not hindrances, reasons=hindrances or (said,))
    hindrances = tuple(_hindrances(known, purpose, channel))
    if hindrances:
        return Contactable(allowed=False, reasons=hindrances)
    end = _quiet(known, channel, at)
    if end is not None:
        sleeping = Reason(code="quiet_hours", text=f"it is quiet until {end:%Y-%m-%d %H:%M} UTC")
        return Contactable(allowed=True, reasons=(sleeping,), not_before=end)
    said = Reason(code="given", text=f"consented to {purpose.label}", hinders=False)
    return Contactable(allowed=True, reasons=(said,))


def _hindrances(known: Known, purpose: Purpose, channel: str) -> Iterator[Reason]:
    state = state_for(known.states, purpose.key, channel)
    if state is None:
        yield Reason(code="no_consent", text=f"no consent to {purpose.label} over {channel}")
    elif not state.given:
        yield Reason(code="withdrawn", text=f"objects to {purpose.label} since {state.since:%Y-%m-%d}")
    yield from _suppressed(known)
    if any(one.refused for one in known.preferences):
        yield Reason(code="preference", text=f"prefers not to be reached over {channel}")
    if known.archived:
        yield Reason(code="archived", text="is archived")


def _suppressed(known: Known, *, but: SuppressionReason | None = None) -> Iterator[Reason]:
    """Why no address is left by which the party may be reached."""
    reasons = [[reason for reason in each if reason != but] for each in known.suppressed]
    if not all(reasons):
        return
    for reason in sorted({reason for each in reasons for reason in each}):
        if reason == "erased":
            yield Reason(code="erased", text="the address belonged to a person who was erased")
        else:
            yield Reason(code="suppressed", text=f"the address is suppressed: {reason}")


def _quiet(known: Known, channel: str, at: datetime) -> datetime | None:
    """The end of quiet hours: the party's own for the channel, else its own for any, else those configured."""
    own = sorted((p for p in known.preferences if p.hours is not None), key=lambda p: p.channel != channel)
    hours = own[0].hours if own else known.quiet
    return None if hours is None else quiet_end(at, hours=hours, zones=known.zones)
