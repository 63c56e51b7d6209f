"""``crmkit show``: the 360 view of a party."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

import click

from crmkit.api import Party, PartyView, UnitOfWork, f
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table

__all__ = ["party_view", "show"]

MOST = 20
"""How many parties that fit are listed."""

Lines = list[tuple[str, str]]


@click.command()
@click.argument("party")
@json_option
@pass_line
def show(line: Line, party: str, *, to_json: bool) -> None:
    """Show the 360 view of a party.

    All that is known of PARTY and that the actor may see; PARTY is an id, e-mail address, phone number or name.
    Of several that fit, nothing is shown but their ids and names.

    Example: crmkit --actor ada show "+47 22 12 34 56"
    """
    with line.begin(read_only=True) as uow:
        found = _found(uow, party)
        view = uow.parties.view(found[0].id) if len(found) == 1 else None
    if view is None:
        if found:
            print_table(["id", "name", "kind"], [(p.id, p.name, p.kind) for p in found])
        raise Failure(
            f"{len(found)} parties fit {party!r}; name one by its id" if found else f"no party fits {party!r}"
        )
    if to_json:
        print_json(view)
    else:
        click.echo(party_view(view))


def _found(uow: UnitOfWork, text: str) -> Sequence[Party]:
    """The parties that ``text`` means: by id if it is one, else by mechanism, else by name."""
    try:
        return [uow.get(Party, UUID(text))]
    except ValueError:
        pass
    found: Sequence[Party] = uow.parties.find_by(text, limit=MOST)
    if found:
        return found
    named = uow.find(Party, f.name.contains(text) | (f.sort_name == text.casefold()), order="sort_name", limit=MOST)
    exact = [party for party in named if party.name.casefold() == text.casefold()]
    return exact or list(named)


# -- the view as text -------------------------------------------------------------------------------------------------


def party_view(view: PartyView) -> str:
    """The view as lines for people: the party, then a titled block for each kind of part and each plugin's section."""
    party = view.party
    lines = [f"{party.name}  ({party.kind}, {party.id})"]
    for title, items in _blocks(view):
        if items:
            width = max(len(label) for label, _ in items)
            lines += ["", title, *(f"  {label:<{width}}  {text}".rstrip() for label, text in items)]
    return "\n".join(lines)


def _blocks(view: PartyView) -> Iterator[tuple[str, Lines]]:
    yield "About", _about(view.party)
    yield (
        "To be reached by",
        [(m.kind, _joined(m.raw, m.label, "primary" if m.is_primary else None)) for m in view.mechanisms],
    )
    yield "Identifiers", [(i.scheme, i.value) for i in view.identifiers]
    yield "Relationships", [(r.label, _joined(r.name, r.relationship.position)) for r in view.relationships]
    yield "Roles", [(r.role, _period(r.valid_from, r.valid_until)) for r in view.roles]
    yield "Lifecycle", [(e.stage, f"since {e.entered_at:%Y-%m-%d}") for e in view.lifecycle if e.left_at is None]
    for section in view.sections:
        title = section.title if section.plugin == "core" else f"{section.title} (plugin {section.plugin})"
        yield title, list(section.items)


def _about(party: Party) -> Lines:
    said = {
        "owner": party.owner_id,
        "team": party.team_id,
        "language": party.language,
        "born": getattr(party, "birth_date", None),
        "source": _joined(party.source, party.source_detail),
        "archived": party.archived_at and f"{party.archived_at:%Y-%m-%d}",
    }
    return [(label, str(value)) for label, value in said.items() if value]


def _joined(*parts: str | None) -> str:
    return ", ".join(part.replace("\n", ", ") for part in parts if part)


def _period(since: object, until: object) -> str:
    return " ".join(
        str(part) for part in ("since" if since else "", since or "", "until" if until else "", until or "") if part
    )
