"""What a mail with the link of a survey says, where no template does. Pure."""

from __future__ import annotations

from attrs import frozen

from crmkit.plugins.feedback.surveys.model import Survey

__all__ = ["Letter", "letter", "values_of"]


@frozen(kw_only=True)
class Letter:
    """Subject and plain text of a mail."""

    subject: str
    text: str


def letter(survey: Survey, link: str) -> Letter:
    """The mail that asks; its subject says the question, so that a topic may be told in the text alone.

    Args:
        survey: what is asked.
        link: where the party answers.
    """
    about = (f"It is about: {survey.topic}",) if survey.topic else ()
    scale = f"From {survey.scale.lowest} (worst) to {survey.scale.highest} (best), answer here:"
    until = f"The link works until {survey.expires_at:%Y-%m-%d %H:%M} UTC."
    return Letter(
        subject=survey.scale.question,
        text="\n\n".join((survey.scale.question, *about, f"{scale}\n{link}", until)) + "\n",
    )


def values_of(survey: Survey, link: str) -> dict[str, object]:
    """What a template may name, as ``values.link`` and so on."""
    return {
        "link": link,
        "question": survey.scale.question,
        "topic": survey.topic,
        "lowest": survey.scale.lowest,
        "highest": survey.scale.highest,
        "expires_at": survey.expires_at,
    }
