"""What this plugin adds to the command line: ``crmkit dedupe``."""

from __future__ import annotations

from uuid import UUID

import click

from crmkit.plugins.dedupe.deciding import Merging
from crmkit.plugins.dedupe.linkage.running import DuplicateFinder, Progress
from crmkit.plugins.dedupe.model import Pair, PairStatus
from crmkit.plugins.dedupe.pairs import live
from crmkit.plugins.dedupe.service import Dedupe
from crmkit.plugins.dedupe.survivorship import Side
from crmkit.sdk import CommandLine, Party

__all__ = ["group"]

STATUS = click.Choice(["proposed", "approved", "rejected"])
SIDES: dict[str, Side] = {"winner": "winner", "loser": "loser", "fill": "fill"}


@click.group()
def group() -> None:
    """Find parties that may be one, and decide on them.

    First `crmkit dedupe run --all`, which compares all parties; after that, what is added or changed is compared by
    `crmkit worker`, every minute, or by `crmkit dedupe run`. Then `crmkit dedupe queue` shows the pairs that were
    found, and `approve` and `reject` decide on them. An approved pair is merged in one unit of work, which `crmkit
    undo` takes back.
    """


@group.command()
@click.option("--all", "everything", is_flag=True, help="Compare all parties, and learn how much each field says.")
@click.pass_obj
def run(line: CommandLine, /, *, everything: bool) -> None:
    """Compare parties, and put pairs that may be one into the queue.

    Without --all, those that were added or changed since they were compared; with it all of them, by splink.

    Example: crmkit --actor ada dedupe run --all
    """
    finder = DuplicateFinder(line.crm, actor=line.actor, tenant=line.tenant)
    if not everything:
        done = finder.update()
        click.echo(f"{done.parties} parties compared: {done.proposed} pairs proposed, {done.withdrawn} withdrawn")
        return
    with click.progressbar(length=1, label="Reading") as bar:

        def show(progress: Progress) -> None:
            bar.label = progress.step.capitalize()
            bar.length = progress.total or progress.done or 1
            bar.pos = 0
            bar.update(progress.done)

        report = finder.run(progress=show)
    click.echo(
        f"{report.parties} parties compared: {report.pairs} pairs found in {report.clusters} groups, "
        f"{report.proposed} of them new in the queue"
    )


@group.command()
@click.option("--status", type=STATUS, default="proposed", show_default=True, help="Which pairs.")
@click.option("--party", type=click.UUID, help="Only those of this party.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@click.pass_obj
def queue(line: CommandLine, /, *, status: str, party: UUID | None, limit: int) -> None:
    """Show pairs, the most probable first: id, probability, both names, and why.

    Example: crmkit --actor ada dedupe queue --limit 50
    """
    with line.begin(read_only=True) as uow:
        page = uow.use(Dedupe).pairs(status=_status(status), party=party, limit=limit)
        ends = [one for pair in page for one in (pair.left_id, pair.right_id) if one is not None]
        names = {id_: one.name for id_, one in live(uow, ends).items()}
    for pair in page:
        click.echo(_one_line(pair, names))
    if not page.items:
        click.echo(f"No pair is {status}")
    elif page.next is not None:
        click.echo("... and more; ask for them with --limit")


@group.command()
@click.argument("pair", type=click.UUID)
@click.option("--winner", type=click.UUID, help="The party that stays; by the configured rule by default.")
@click.option("--choose", metavar="FIELD=SIDE", multiple=True, help="Whose value a field has: winner, loser or fill.")
@click.option("--dry-run", is_flag=True, help="Show who would stay and whose values would be chosen; change nothing.")
@click.pass_obj
def approve(line: CommandLine, /, *, pair: UUID, winner: UUID | None, choose: tuple[str, ...], dry_run: bool) -> None:
    """Say that both parties of a pair are one, and merge them.

    Example: crmkit --actor ada dedupe approve 0192... --choose given_name=loser --dry-run
    """
    chosen = dict(map(_field_and_side, choose))
    if dry_run:
        with line.begin(read_only=True) as uow:
            _show_merging(uow.use(Dedupe).plan(pair, winner=winner), chosen)
        return
    with line.begin() as uow:
        party = uow.use(Dedupe).approve(pair, winner=winner, choose=chosen)
        unit = uow.id
    click.echo(f"merged into {party.name} ({party.id}); to take it back: crmkit undo {unit}")


@group.command()
@click.argument("pair", type=click.UUID)
@click.option("--remark", help="Why.")
@click.pass_obj
def reject(line: CommandLine, /, *, pair: UUID, remark: str | None) -> None:
    """Say that the parties of a pair are not one. They are proposed again only if something new speaks for it.

    Example: crmkit --actor ada dedupe reject 0192... --remark "mother and daughter"
    """
    with line.begin() as uow:
        uow.use(Dedupe).reject(pair, remark=remark)
    click.echo(f"pair {pair} is rejected")


@group.command()
@click.pass_obj
def stats(line: CommandLine, /) -> None:
    """Show how many pairs are proposed, approved and rejected, and how many parties are still to be compared."""
    with line.begin(read_only=True) as uow:
        said = uow.use(Dedupe).stats()
    for name in ("proposed", "approved", "rejected", "pending", "linkages"):
        click.echo(f"{name:9} {getattr(said, name)}")


# -- inside -----------------------------------------------------------------------------------------------------------


def _status(text: str) -> PairStatus:
    return "approved" if text == "approved" else "rejected" if text == "rejected" else "proposed"


def _field_and_side(text: str) -> tuple[str, Side]:
    field, _, said = text.partition("=")
    side = SIDES.get(said.strip())
    if side is None:
        raise click.BadParameter(f"{text!r} is not FIELD=SIDE, such as 'given_name=loser'", param_hint="--choose")
    return field.strip(), side


def _one_line(pair: Pair, names: dict[UUID, str]) -> str:
    ends = [names.get(one) or str(one) for one in (pair.left_id, pair.right_id or pair.merged_id) if one]
    why = ", ".join(map(str, pair.reasons))
    text = f"{pair.id}  {pair.probability:7.2%}  {' | '.join(ends)}  ({why})"
    return "".join(c if c.isprintable() else " " for c in text)


def _show_merging(merging: Merging, chosen: dict[str, Side]) -> None:
    for title, party in (("stays", merging.winner), ("becomes part of it", merging.loser)):
        click.echo(f"{party.name} ({party.id}) {title}")
    click.echo("of the values that differ, the winner's are kept, but for:")
    choose: dict[str, Side] = {**merging.choose, **chosen}
    for field, side in sorted(choose.items()):
        click.echo(f"  {field}: {side}, {_shown(merging, field, side)}")
    click.echo("nothing was changed")


def _shown(merging: Merging, field: str, side: Side) -> str:
    party: Party = merging.loser if side == "loser" else merging.winner
    return repr(getattr(party, field, None))
