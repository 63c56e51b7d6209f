"""What this plugin adds to the command line: ``crmkit feedback``."""

from __future__ import annotations

from uuid import UUID

import click

from crmkit.plugins.feedback.moods.model import LEVELS, Level
from crmkit.plugins.feedback.service import Feedback
from crmkit.plugins.feedback.surveys.model import KINDS, Survey, SurveyKind
from crmkit.plugins.feedback.surveys.rules import told
from crmkit.plugins.feedback.trends.model import TrendPoint
from crmkit.sdk import CommandLine, format_instant

__all__ = ["group"]

KIND_OF: dict[str, SurveyKind] = {kind: kind for kind in KINDS}
LEVEL_OF: dict[str, Level] = {level: level for level in LEVELS}


@click.group()
def group() -> None:
    """How satisfied parties are: ask, take answers, note moods, see trends.

    Answers come by links with a signed token, which your application serves; see the guide about feedback.
    """


@group.command()
@click.argument("party", type=click.UUID)
@click.option("--kind", type=click.Choice(KINDS), default="csat", show_default=True, help="What is asked.")
@click.option("--channel", default="email", show_default=True, help="Over which channel it is asked.")
@click.option("--topic", help="What it is asked about, in one line.")
@click.option("--agent", help="Whose work it is asked about.")
@click.option("--key", help="Asked again with the same key, it is the same survey.")
@click.pass_obj
def ask(  # the options of the command
    line: CommandLine,
    /,
    *,
    party: UUID,
    kind: str,
    channel: str,
    topic: str | None,
    agent: str | None,
    key: str | None,
) -> None:
    """Ask the party with the id PARTY how satisfied it is, and print the link, or the token that belongs into one.

    Example: crmkit --actor ada feedback ask 01890000-0000-7000-8000-000000000001 --kind nps
    """
    with line.begin() as uow:
        asked = uow.use(Feedback).ask(party, kind=KIND_OF[kind], channel=channel, topic=topic, agent=agent, key=key)
    click.echo(f"survey {asked.survey.id}, to be answered until {format_instant(asked.survey.expires_at)}")
    click.echo(asked.link or asked.token)


@group.command()
@click.argument("token")
@click.argument("score", type=int)
@click.option("--comment", help="What the party has to say.")
@click.pass_obj
def answer(line: CommandLine, /, *, token: str, score: int, comment: str | None) -> None:
    """Take the answer SCORE of whoever has the TOKEN of a link.

    Example: crmkit --actor ada feedback answer WyIwMTk... 4 --comment "quick and friendly"
    """
    with line.begin() as uow:
        form = uow.use(Feedback).answer(token, score, comment)
    click.echo(f"{form.score} of {form.highest}, thank you; it may be changed until {format_instant(form.expires_at)}")


@group.command()
@click.argument("interaction", type=click.UUID)
@click.argument("level", type=click.Choice(LEVELS))
@click.option("--need", help="What the party needs from whoever deals with it next.")
@click.pass_obj
def mood(line: CommandLine, /, *, interaction: UUID, level: str, need: str | None) -> None:
    """Note how the party felt in the interaction with the id INTERACTION.

    Example: crmkit --actor ada feedback mood 01890000-0000-7000-8000-000000000002 unhappy --need "a call, no mail"
    """
    with line.begin() as uow:
        noted = uow.use(Feedback).note_mood(interaction, LEVEL_OF[level], need=need)
    click.echo(f"{noted.id}  {noted.word}" + (f", needs: {noted.need}" if noted.need else ""))


@group.command()
@click.argument("party", type=click.UUID)
@click.pass_obj
def surveys(line: CommandLine, /, *, party: UUID) -> None:
    """List what the party with the id PARTY was asked, and what it has answered.

    Example: crmkit --actor ada feedback surveys 01890000-0000-7000-8000-000000000001
    """
    with line.begin(read_only=True) as uow:
        for survey in uow.use(Feedback).surveys(party):
            click.echo(_asked(survey))


@group.command()
@click.option("--party", type=click.UUID, help="Of the party with this id.")
@click.option("--agent", help="With the work of this actor.")
@click.option("--months", type=click.IntRange(1, 120), default=12, show_default=True, help="How many months.")
@click.pass_obj
def trend(line: CommandLine, /, *, party: UUID | None, agent: str | None, months: int) -> None:
    """Show how satisfaction goes, month by month: of a party, or with an agent's work.

    Example: crmkit --actor ada feedback trend --agent sam --months 6
    """
    _check_one(party, agent)
    with line.begin(read_only=True) as uow:
        feedback = uow.use(Feedback)
        points = (
            feedback.trend(party, months=months)
            if party is not None
            else feedback.agent_trend(agent or "", months=months)
        )
    for point in points:
        click.echo(_point(point))


@group.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many of each at most.")
@click.pass_obj
def noticed(line: CommandLine, /, *, limit: int) -> None:
    """Show whose satisfaction has become worse, and who has fallen silent.

    Example: crmkit --actor ada feedback noticed
    """
    with line.begin(read_only=True) as uow:
        feedback = uow.use(Feedback)
        for drop in feedback.drops(limit=limit):
            whose = f"party {drop.party_id}" if drop.party_id else f"work of {drop.agent_id}"
            click.echo(f"{drop.since:%Y-%m-%d}  dropped from {drop.before:.0%} to {drop.after:.0%}  {whose}")
        for silence in feedback.silences(limit=limit):
            usual = f"usually every {silence.usual_days} days"
            click.echo(f"{silence.since:%Y-%m-%d}  last heard of, {usual}  party {silence.party_id}")


def _check_one(party: UUID | None, agent: str | None) -> None:
    """See that a trend is asked for of one of the two.

    Raises:
        UsageError: if it is not.
    """
    if (party is None) == (agent is None):
        raise click.UsageError("give one of --party and --agent")


def _asked(survey: Survey) -> str:
    topic = f"  {survey.topic}" if survey.topic else ""
    return f"{survey.id}  {survey.asked_at:%Y-%m-%d}  {survey.kind}  {told(survey)}{topic}"


def _point(point: TrendPoint) -> str:
    said = [f"{point.month:%Y-%m}"]
    if point.satisfaction is not None:
        said.append(f"{point.satisfaction:.0%}")
    if point.csat_mean is not None:
        said.append(f"csat {point.csat_mean:.1f} of 5 ({point.csat_count})")
    if point.nps is not None:
        said.append(f"nps {point.nps:+.0f} ({point.nps_count})")
    if point.mood_mean is not None:
        said.append(f"mood {point.mood_mean:.1f} of 5 ({point.mood_count})")
    return "  ".join(said)
