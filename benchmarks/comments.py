"""What hangs on a record: what it costs to say something, to see what was said, and to keep files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.contacts import ADMIN, TEAMS
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.measuring import measure, typical
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Person, Ref

__all__ = ["comments"]

SELLER: Final = "s00"
COLLEAGUE: Final = f"s{TEAMS:02d}"
"""Of the same team."""
SAID: Final = 50
RECORDS: Final = {"full": 2_000, "smoke": 20}
"""Other parties with a comment each."""
MEGABYTE: Final = 1_000_000


def comments(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure comments, mentions, decisions and attachments of one party among many."""
    with database(dialect) as url, tempfile.TemporaryDirectory() as folder:
        prepare(url)
        with start(url, (), files=folder) as crm:
            talked, silent = _fill(crm, RECORDS[size.name])
            for title, ways in (
                (f"reading {SAID} comments", _reading(crm, talked)),
                ("the 360 view", _viewing(crm, talked, silent)),
                ("writing one", _writing(crm, silent)),
                ("a file of 1 MB", _filing(crm, silent)),
            ):
                yield _table(f"Comments on {dialect}: {title}", ways, size, dialect)


def _table(title: str, ways: dict[str, Callable[[], object]], size: Size, dialect: Dialect) -> Table:
    # Until PostgreSQL keeps a plan, a statement is planned every time; five times are enough.
    samples = measure(ways, repeat=max(2, int(20 * size.effort)), rounds=size.rounds, warm=6)
    rows = []
    for name in ways:
        one = typical(samples[name])
        figures = [
            Figure(label="wall", value=one.wall * 1e3, unit="ms"),
            Figure(label="CPU", value=one.cpu * 1e3, unit="ms"),
        ]
        rows.append((name, figures))
    return Table(title=title, rows=rows, place=dialect)


def _fill(crm: CRM, records: int) -> tuple[Ref, Ref]:
    """A party of whom much was said, and one of whom nothing was."""
    with crm.begin(ADMIN) as uow:
        uow.permissions.add_team("t0")
    with crm.begin(SELLER) as uow:
        for number in range(records):
            uow.comments.add(_party(uow.parties.add(Person(given_name="No.", family_name=str(number)))), "Hello")
        talked, silent = (
            _party(uow.parties.add(Person(given_name="Ida", family_name=name))) for name in ("Berg", "Dahl")
        )
        for number in range(SAID):
            uow.comments.add(talked, f"no. {number}")
        uow.decisions.record(talked, "Goodwill", basis="Loyal")
    return talked, silent


def _party(party: Person) -> Ref:
    return Ref("party", party.id)


def _reading(crm: CRM, talked: Ref) -> dict[str, Callable[[], object]]:
    def read(actor: str) -> None:
        with crm.begin(actor, read_only=True) as uow:
            assert len(uow.comments.of(talked)) == SAID

    return {"an administrator": lambda: read(ADMIN), "a seller": lambda: read(COLLEAGUE)}


def _viewing(crm: CRM, talked: Ref, silent: Ref) -> dict[str, Callable[[], object]]:
    def view(ref: Ref, sections: int) -> None:
        with crm.begin(COLLEAGUE, read_only=True) as uow:
            assert len(uow.parties.view(ref.id).sections) == sections

    return {"nothing was said": lambda: view(silent, 0), "with comments and a decision": lambda: view(talked, 2)}


def _writing(crm: CRM, silent: Ref) -> dict[str, Callable[[], object]]:
    def write(body: str) -> None:
        with crm.begin(SELLER) as uow:
            uow.comments.add(silent, body)

    def told() -> None:
        with crm.begin(COLLEAGUE, read_only=True) as uow:
            assert uow.notifications.mine(limit=20)

    return {
        "a comment": lambda: write("Hello"),
        "one that mentions a colleague": lambda: write(f"Hello @{COLLEAGUE}"),
        "reading 20 notifications": told,
    }


def _filing(crm: CRM, silent: Ref) -> dict[str, Callable[[], object]]:
    def attach() -> None:
        with crm.begin(SELLER) as uow:
            uow.attachments.attach(silent, name="plan.bin", content=os.urandom(MEGABYTE))

    with crm.begin(SELLER) as uow:
        kept = uow.attachments.attach(silent, name="kept.bin", content=os.urandom(MEGABYTE))

    def read() -> None:
        with crm.begin(COLLEAGUE, read_only=True) as uow, uow.attachments.open(kept.id) as stream:
            assert len(stream.read()) == MEGABYTE

    return {"attach": attach, "read": read}
