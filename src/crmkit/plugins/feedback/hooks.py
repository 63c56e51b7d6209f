"""What this plugin does when something was said, and what it shows before contact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from crmkit.plugins.feedback.drops.model import Drop
from crmkit.plugins.feedback.moods.events import MoodNoted
from crmkit.plugins.feedback.moods.model import Mood
from crmkit.plugins.feedback.service import Feedback
from crmkit.plugins.feedback.silences.model import Silence
from crmkit.plugins.feedback.silences.rules import heard
from crmkit.plugins.feedback.surveys.events import SurveyAnswered
from crmkit.plugins.feedback.surveys.model import Survey
from crmkit.plugins.feedback.surveys.rules import told
from crmkit.sdk import Context, Interaction, PartyViewing, Section, UnitOfWork, f, format_instant

__all__ = ["show_before_contact", "weigh_answer", "weigh_mood"]

ORDER: Final = 20
"""Above what other plugins say: how somebody feels is to be known before anything is said."""

SHOWN: Final = 3
"""How many moods and needs are shown."""


def weigh_answer(uow: UnitOfWork, said: SurveyAnswered) -> None:
    """See whether satisfaction has become worse, or better again, now that a party has answered."""
    uow.use(Feedback).assess_party(said.party)
    if said.agent is not None:
        uow.use(Feedback).assess_agent(said.agent)


def weigh_mood(uow: UnitOfWork, noted: MoodNoted) -> None:
    """The same, now that a mood was noted."""
    uow.use(Feedback).assess_party(noted.party)


def show_before_contact(context: Context, viewing: PartyViewing) -> Section | None:
    """Show how a party felt last and what it needs, what it has answered, and what was noticed."""
    said = [*_moods(context, viewing), *_answer(context, viewing), *_noticed(context, viewing)]
    if not said:
        return None
    return Section(
        key="before_contact",
        title="Before contact",
        items=tuple((label, text) for _, label, text, _ in said),
        data=_by_key(said),
        order=ORDER,
    )


Said = tuple[str, str, str, dict[str, Any]]
"""A key for programs; label and text of a line; the same as data."""


def _by_key(said: list[Said]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for key, _, _, data in said:
        found.setdefault(key, []).append(data)
    return found


def _moods(context: Context, viewing: PartyViewing) -> Iterator[Said]:
    """Its latest moods; the needs first."""
    moods = context.find(Mood, f.party_id == viewing.party.id, order="-felt_at", limit=SHOWN).items
    for mood in moods:
        if mood.need:
            yield "needs", "Needs", mood.need, {"need": mood.need, "at": format_instant(mood.felt_at)}
    for mood in moods[:1]:
        text = f"{mood.word} on {mood.felt_at:%Y-%m-%d}"
        yield "moods", "Mood", text, {"level": mood.level, "mood": mood.word, "at": format_instant(mood.felt_at)}


def _answer(context: Context, viewing: PartyViewing) -> Iterator[Said]:
    where = (f.party_id == viewing.party.id) & ~f.answered_at.is_empty()
    for survey in context.find(Survey, where, order="-answered_at", limit=1):
        if survey.answered_at is not None:
            comment = f": {survey.comment}" if survey.comment else ""
            data = {"kind": survey.kind, "score": survey.score, "comment": survey.comment}
            at = format_instant(survey.answered_at)
            yield (
                "answers",
                "Satisfaction",
                f"{told(survey)} on {survey.answered_at:%Y-%m-%d}{comment}",
                data | {"at": at},
            )


def _noticed(context: Context, viewing: PartyViewing) -> Iterator[Said]:
    party = viewing.party.id
    for drop in context.find(Drop, (f.party_id == party) & (f.open == True), limit=1):  # noqa: E712  # a field of criteria
        means = {"before": str(drop.before), "after": str(drop.after)}
        yield "drops", "Less satisfied", f"{drop.before:.0%} before, {drop.after:.0%} now", means
    for silence in context.find(Silence, f.party_id == party, order="-since", limit=1):
        later = heard(silence.since) & (f.party_id == party) & (f.occurred_at > silence.since)
        if not context.find(Interaction, later, order="-occurred_at", limit=1).items:
            text = f"since {silence.since:%Y-%m-%d}, usually heard of every {silence.usual_days} days"
            yield "silences", "Silent", text, {"since": format_instant(silence.since)}
