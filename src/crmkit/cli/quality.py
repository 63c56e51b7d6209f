"""``crmkit quality``: what is expected of records, which ones do not fulfil it, and scoring them anew."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from attrs import evolve

from crmkit.api import QualityRule, UnitOfWork
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table

__all__ = ["quality"]

WIDTH = 78


@click.group()
def quality() -> None:
    """See what is expected of records, and what does not fulfil it.

    Example: crmkit --actor ada quality report party
    """


@quality.command()
@click.argument("entity", required=False)
@json_option
@pass_line
def rules(line: Line, entity: str | None, *, to_json: bool) -> None:
    """List the rules, those of ENTITY such as party only, active or not.

    Example: crmkit --actor ada quality rules party
    """
    with line.begin(read_only=True) as uow:
        found = uow.quality.rules(entity)
        told = [(rule, _words(uow, rule)) for rule in found]
    if to_json:
        print_json([{"rule": rule, "words": words} for rule, words in told])
        return
    rows = [
        (r.entity, r.key, "active" if r.active else "-", r.level, r.dimension, r.weight, r.label, words)
        for r, words in told
    ]
    print_table(["entity", "rule", "state", "level", "about", "weight", "label", "asks for"], rows)


@quality.command()
@click.argument("entity", default="party")
@click.option("--rule", "key", help="List the records that do not fulfil this one.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many records at most.")
@json_option
@pass_line
def report(line: Line, entity: str, key: str | None, *, limit: int, to_json: bool) -> None:
    """Say how many records do not fulfil each active rule, the worst first.

    With --rule, which ones. ENTITY is party unless another one is named.

    Example: crmkit --actor ada quality report party --rule reachable
    """
    with line.begin(read_only=True) as uow:
        if key is not None:
            of = uow.entity(entity)
            page = uow.quality.violations(entity, key, limit=limit)
            records = [(record.id, getattr(record, of.display)) for record in page]
            _show_records(records, more=page.next is not None, to_json=to_json)
            return
        found = uow.quality.report(entity)
    if to_json:
        print_json(found)
        return
    rows = [(r.rule.key, r.rule.level, r.problem or r.violations, r.rule.label) for r in found]
    print_table(["rule", "level", "violations", "label"], rows)


def _show_records(records: Sequence[tuple[object, object]], *, more: bool, to_json: bool) -> None:
    if to_json:
        print_json([{"id": id_, "label": label} for id_, label in records])
        return
    print_table(["id", "record"], records)
    if more:
        click.echo("There are more; ask for them with --limit.")


@quality.command()
@click.argument("entity")
@click.argument("key", metavar="RULE")
@click.option("--off", is_flag=True, help="Switch it off instead.")
@pass_line
def activate(line: Line, entity: str, key: str, *, off: bool) -> None:
    """Switch a RULE of an ENTITY on.

    Scores follow as records are written, or at once with: crmkit quality rebuild

    Example: crmkit --actor ada quality activate party reachable
    """
    with line.begin() as uow:
        rule = next((r for r in uow.quality.rules(entity) if r.key == key), None)
        if rule is None:
            raise Failure(f"{entity} has no rule {key!r}; list them with: crmkit quality rules {entity}")
        uow.quality.change_rule(evolve(rule, active=not off))
    click.echo(f"{entity} {key} is {'off' if off else 'active'}.")


@quality.command()
@pass_line
def rebuild(line: Line) -> None:
    """Score all records anew, after rules were changed.

    It works page by page, beside everything else. With --tenant, only for that tenant.

    Example: crmkit quality rebuild
    """
    count = line.crm.rebuild_quality(tenant=line.tenant, progress=_progress)
    _progress("")
    click.echo(f"{count:,} records were scored.")


def _words(uow: UnitOfWork, rule: QualityRule) -> str:
    asked = uow.saved_criteria.explain(rule.entity, rule.where)
    return asked if rule.applies is None else f"{asked}, if {uow.saved_criteria.explain(rule.entity, rule.when)}"


def _progress(step: str) -> None:
    """One line that each step overwrites; nothing where nobody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{step[:WIDTH]:<{WIDTH}}" + ("" if step else "\r"), err=True, nl=False)
