"""What this plugin adds to the command line: ``crmkit import``, ``crmkit take-back`` and ``crmkit export``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from crmkit.plugins.exchange.exporting import FORMATS, Exporter
from crmkit.plugins.exchange.failures import RowError
from crmkit.plugins.exchange.form import ImportedParty
from crmkit.plugins.exchange.importing import Importer
from crmkit.plugins.exchange.model import Import
from crmkit.plugins.exchange.reports import ImportOptions, ImportReport, Preview, Progress
from crmkit.plugins.exchange.service import Exchange
from crmkit.sdk import ALWAYS, CommandLine, Criteria, Party, criteria_from_json, f

__all__ = ["group"]

PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def group() -> None:
    """Import and export parties."""


# -- import -----------------------------------------------------------------------------------------------------------


@group.command("import")
@click.argument("file", type=PATH)
@click.option("--preview", is_flag=True, help="Show what would happen, and write nothing.")
@click.option("--mapping", metavar="NAME", help="A kept mapping; by default that kept for files with these headers.")
@click.option("--map", "targets", metavar="COLUMN=TARGET", multiple=True, help="Map one column; '-' leaves it out.")
@click.option("--save-mapping", metavar="NAME", help="Keep what the columns are, for the next file with these headers.")
@click.option(
    "--match", metavar="KEY", multiple=True, help="Recognise rows by: id, identifier[.SCHEME], email[+name] ..."
)
@click.option("--format", "format_", type=click.Choice(FORMATS), help="By default what the file looks like.")
@click.option("--encoding", metavar="NAME", help="Of a CSV file, such as utf-8 or cp1252; found out by default.")
@click.option("--delimiter", metavar="CHAR", help="Of a CSV file; found out by default.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy"]), help="Where dates leave open which is the month.")
@click.option("--region", metavar="CODE", help="Where phone numbers without a country code are dialled, such as NO.")
@click.option("--allow-invalid", is_flag=True, help="Keep malformed e-mails, numbers and URLs as unverified text.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the rows that fail.")
@click.option("--restart", is_flag=True, help="Begin anew, instead of going on with an interrupted import.")
@click.pass_obj
def import_(line: CommandLine, /, file: Path, **given: Any) -> None:
    """Import people and organisations from FILE, CSV or vCard.

    Rows are added, or recognised and updated; rows with errors are written to a file of their own (FILE.errors.csv or
    .vcf by default), to be mended and imported; the status is then 3. An import that was interrupted goes on when it is
    run again.

    Example: crmkit --actor ada import contacts.csv --preview
    """  # noqa: DOC501  # click shows it to users, whom Exit is no matter of
    options = _options(given)
    importer = Importer(line.crm, actor=line.actor, tenant=line.tenant)
    if given["preview"]:
        _show_preview(importer.preview(file, options))
        return
    if given["save_mapping"]:
        _keep_mapping(line, importer.preview(file, options), given["save_mapping"])
    errors = given["errors"] or file.with_suffix(f".errors{file.suffix}")
    with click.progressbar(length=file.stat().st_size, label=f"Importing {file.name}") as bar:

        def show(progress: Progress) -> None:
            bar.update(progress.position - bar.pos)

        report = importer.run(file, options, errors=errors, progress=show, restart=given["restart"])
        bar.update(bar.length - bar.pos if bar.length else 0)
    _show_report(report)
    if report.failed:
        raise click.exceptions.Exit(3)


def _options(given: dict[str, Any]) -> ImportOptions:
    return ImportOptions(
        format=given["format_"],
        encoding=given["encoding"],
        delimiter="\t" if given["delimiter"] == "\\t" else given["delimiter"],
        mapping=given["mapping"],
        targets=dict(map(_column_and_target, given["targets"])),
        date_order=given["date_order"],
        match=given["match"] or None,
        region=given["region"],
        allow_invalid=given["allow_invalid"],
    )


def _column_and_target(text: str) -> tuple[str, str]:
    column, equals, target = text.rpartition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not COLUMN=TARGET, such as 'Mobile=phone:mobile'", param_hint="--map")
    return column, target


def _keep_mapping(line: CommandLine, preview: Preview, name: str) -> None:
    if preview.signature is None:
        raise click.UsageError("only CSV files have columns to be mapped; leave out --save-mapping")
    targets = {header: target or "-" for header, target in preview.targets.items() if header}
    with line.begin() as uow:
        uow.use(Exchange).save_mapping(
            name, signature=preview.signature, targets=targets, date_order=preview.reading.get("date_order")
        )


def _show_preview(preview: Preview) -> None:
    reading = ", ".join(f"{name} {value!r}" for name, value in preview.reading.items() if value)
    click.echo(f"{preview.name}: {preview.format}{', ' + reading if reading else ''}")
    if preview.mapping:
        click.echo(f"Columns as kept in the mapping {preview.mapping!r}:")
    for header, target in preview.targets.items():
        click.echo(f"  {header or '(no header)'}  ->  {target or '(left out)'}")
    for party in preview.first:
        click.echo(f"  {_one_line(party)}")
    click.echo(f"{preview.rows} rows: {_numbers(preview)}; nothing was written")
    if preview.repeated:
        click.echo(f"{preview.repeated} of the rows to add are about the same party as a row before them")
    _show_errors(preview.errors, preview.failed)
    _show_left_out(preview.left_out)


def _show_report(report: ImportReport) -> None:
    if report.resumed_after:
        click.echo(f"Went on after row {report.resumed_after}, where the import was interrupted")
    click.echo(f"{report.rows} rows: {_numbers(report)}")
    if report.employers:
        click.echo(f"{report.employers} organisations were added as employers")
    _show_errors(report.errors, report.failed)
    if report.errors_file is not None:
        click.echo(f"Rows that failed are in {report.errors_file}; mend them there, and import that file")
    _show_left_out(report.left_out)


def _numbers(report: Preview | ImportReport) -> str:
    return ", ".join(f"{getattr(report, name)} {name}" for name in ("added", "updated", "unchanged", "failed"))


def _show_errors(errors: Iterable[RowError], failed: int) -> None:
    shown = 0
    for shown, error in enumerate(errors, 1):  # noqa: B007  # how many there were
        click.echo(f"  {error}", err=True)
    if failed > shown:
        click.echo(f"  ... and {failed - shown} more", err=True)


def _show_left_out(left_out: Any) -> None:
    if left_out:
        click.echo("Not imported: " + ", ".join(f"{name} ({count})" for name, count in sorted(left_out.items())))


def _one_line(party: ImportedParty) -> str:
    named = (party.prefix, party.given_name, party.family_name, party.display_name, party.name)
    name = " ".join(part for part in named if part) or "(no name)"
    reached = [one.raw or ", ".join(filter(None, (one.street, one.locality))) for one in party.mechanisms]
    text = " | ".join([f"{party.kind} {name}", *filter(None, (party.organisation, *reached))])
    return _printable(text)[:160]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


# -- take back --------------------------------------------------------------------------------------------------------


@group.command("take-back")
@click.argument("import_", metavar="[IMPORT]", type=click.UUID, required=False)
@click.option("--partial", is_flag=True, help="Leave what has moved on since as it is, and take back the rest.")
@click.option("--dry-run", is_flag=True, help="Print exactly what would be changed, and change nothing.")
@click.pass_obj
def take_back(line: CommandLine, /, import_: UUID | None, *, partial: bool, dry_run: bool) -> None:
    """Undo all that an IMPORT did: parties that it added go, those that it changed are what they were before.

    Without an id, the last imports are listed. All of it or nothing, unless --partial is given. Taking back is a unit
    of work itself, so it can be undone.

    Example: crmkit --actor ada take-back --dry-run 01927c8e-...
    """  # noqa: DOC501  # click shows it to users, whom Exit is no matter of
    if import_ is None:
        _show_imports(line)
        return
    with line.begin(read_only=dry_run) as uow:
        exchange = uow.use(Exchange)
        done = (exchange.plan_take_back if dry_run else exchange.take_back)(import_, partial=partial)
    for text in done.lines():
        click.echo(text)
    if not dry_run:
        click.echo(f"Taken back by unit {uow.id}")
    elif partial or not done.conflicts:
        click.echo("Nothing was changed; leave out --dry-run to do it")
    else:
        click.echo("What is in the way stays as it is with --partial", err=True)
        raise click.exceptions.Exit(1)


def _show_imports(line: CommandLine) -> None:
    with line.begin(read_only=True) as uow:
        for one in uow.find(Import, limit=20):
            at = f"{one.created_at:%Y-%m-%d %H:%M:%S}"
            numbers = ", ".join(f"{getattr(one, name) or 0} {name}" for name in ("added", "updated", "failed"))
            click.echo(f"{one.id}  {at} UTC  {_printable(one.name)}  {one.state.replace('_', ' ')}  {numbers}")


# -- export -----------------------------------------------------------------------------------------------------------


@group.command("export")
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write."
)
@click.option("--format", "format_", type=click.Choice(FORMATS), help="By the ending of the file, or csv, by default.")
@click.option(
    "--where", metavar="FIELD=VALUE", multiple=True, help="Which parties; or criteria as JSON. All by default."
)
@click.option("--order", metavar="FIELD", help="A field to sort by, with '-' in front for descending.")
@click.option("--delimiter", metavar="CHAR", default=",", show_default=True, help="Between the cells of a CSV file.")
@click.pass_obj
def export(line: CommandLine, /, output: Path, **given: Any) -> None:
    """Export the parties that the actor may see, with the fields that the actor may see.

    Importing the file again changes nothing, unless something was changed in it.

    Example: crmkit --actor ada export --where kind=person -o people.vcf
    """
    where = _where(given["where"])
    exporter = Exporter(line.crm, actor=line.actor, tenant=line.tenant)
    with line.begin(read_only=True) as uow:
        total = uow.count(Party, where)
    with click.progressbar(length=total, label=f"Exporting to {output.name}") as bar:
        report = exporter.run(
            output,
            where,
            format=given["format_"],
            order=given["order"],
            delimiter="\t" if given["delimiter"] == "\\t" else given["delimiter"],
            progress=lambda count: bar.update(count - bar.pos),
        )
        bar.update(total - bar.pos)
    click.echo(f"{report.parties} parties written to {output}")


def _where(texts: Iterable[str]) -> Criteria:
    where = ALWAYS
    for text in texts:
        field, equals, value = text.partition("=")
        if text.lstrip().startswith("{"):
            where &= _from_json(text)
        elif equals:
            where &= getattr(f, field.strip()) == value.strip()
        else:
            raise click.BadParameter(f"{text!r} is neither FIELD=VALUE nor criteria as JSON", param_hint="--where")
    return where


def _from_json(text: str) -> Criteria:
    try:
        return criteria_from_json(json.loads(text))
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"is no JSON: {error}", param_hint="--where") from None
