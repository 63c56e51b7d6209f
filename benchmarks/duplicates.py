"""Finding duplicates: among many people at once, and for one who is added."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations
from statistics import median
from typing import Final
from uuid import UUID

from attrs import evolve, frozen

from benchmarks.contacts import ADMIN
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.plugins import OUTBOX
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Mechanism, Person
from crmkit.plugins.dedupe import Dedupe, DuplicateFinder, Linkage
from crmkit.plugins.dedupe.manifest import MANIFEST
from crmkit.sdk import address, mechanism

__all__ = ["duplicates"]

PEOPLE: Final = {"full": 100_000, "smoke": 1_000}
LATER: Final = {"full": 2_000, "smoke": 50}
COPIES: Final = 20
"""One in so many is a damaged copy of somebody."""
MANIFESTS: Final = (OUTBOX, MANIFEST)
BATCH: Final = 1_000
HALF: Final = 0.5
_LINKING: Final = """
import json, sys, time
from benchmarks.bulk import peak
from benchmarks.contacts import ADMIN
from benchmarks.deployment import start
from benchmarks.duplicates import MANIFESTS
from crmkit.plugins.dedupe import DuplicateFinder
crm = start({url!r}, MANIFESTS)
before, steps = peak(), {{}}
began = last = time.perf_counter()
def note(progress):
    global last
    now = time.perf_counter()
    steps[progress.step] = steps.get(progress.step, 0) + now - last
    last = now
report = DuplicateFinder(crm, actor=ADMIN).run(progress=note)
print(json.dumps([time.perf_counter() - began, before, peak(), report.pairs, steps]))
"""


@frozen
class _Made:
    """A made-up person, with how to reach them, and whom they are a copy of."""

    person: Person
    mechanisms: Sequence[Mechanism]
    original: UUID | None = None


def duplicates(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure the plugin `dedupe`, in a database of its own."""
    people = PEOPLE[size.name]
    made = list(_people(people + LATER[size.name]))
    with database(dialect) as url:
        prepare(url, MANIFESTS)
        crm = start(url, MANIFESTS)
        adding = [
            ("with the plugin", _adding(crm, made[:people])),
            ("without", _adding_without(dialect, made[:people])),
        ]
        yield _table(dialect, f"adding {people:,} people, each with an e-mail address and an address", adding)
        linked = _linking(url)
        linked += _found(crm, made[:people])
        yield _table(dialect, f"comparing all {people:,}", [("splink on DuckDB", linked)])
        later = [("compared when they were added", _later(crm, made[people:]))]
        yield _table(dialect, f"{LATER[size.name]:,} more", later)
        crm.close()


def _table(dialect: Dialect, title: str, rows: list[tuple[str, list[Figure]]]) -> Table:
    return Table(title=f"Duplicates on {dialect}: {title}", rows=rows, place=dialect)


def _adding(crm: CRM, made: Sequence[_Made]) -> list[Figure]:
    began = time.perf_counter()
    for first in range(0, len(made), BATCH):
        _add(crm, made[first : first + BATCH])
    took = time.perf_counter() - began
    crm.schema.analyze()
    return [Figure(label="rate", value=len(made) / took, unit="/s", better="more")]


def _adding_without(dialect: Dialect, made: Sequence[_Made]) -> list[Figure]:
    with database(dialect) as url:
        prepare(url)
        crm = start(url)
        figures = _adding(crm, made)
        crm.close()
    return figures


def _add(crm: CRM, made: Sequence[_Made]) -> None:
    with crm.begin(ADMIN) as uow:
        mechanisms = [mechanism for one in made for mechanism in one.mechanisms]
        uow.parties.add_many([one.person for one in made], mechanisms=mechanisms)


def _linking(url: str) -> list[Figure]:
    """A linkage in a process of its own."""
    command = [sys.executable, "-c", _LINKING.format(url=url)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # our own program
    took, before, most, pairs, steps = json.loads(done.stdout.splitlines()[-1])
    return [
        Figure(label="wall", value=took, unit="s"),
        Figure(label="of it reading", value=steps["reading"], unit="s"),
        Figure(label="of it noting", value=steps["noting"], unit="s"),
        Figure(label="peak memory", value=most, unit="MB"),
        Figure(label="more than before", value=most - before, unit="MB"),
        Figure(label="pairs", value=pairs, unit=""),
    ]


def _found(crm: CRM, made: Sequence[_Made]) -> list[Figure]:
    alike: dict[UUID, list[UUID]] = {}
    for one in made:
        alike.setdefault(one.original or one.person.id, []).append(one.person.id)
    true = {frozenset(pair) for ids in alike.values() for pair in combinations(ids, 2)}
    found, after = set(), None
    with crm.begin(ADMIN, read_only=True) as uow:
        assert uow.count(Linkage) == 1
        while True:
            page = uow.use(Dedupe).pairs(limit=1_000, after=after)
            found |= {frozenset((pair.left_id, pair.right_id)) for pair in page}
            after = page.next
            if after is None:
                break
    return [
        Figure(label="precision", value=len(found & true) / max(len(found), 1), unit=""),
        Figure(label="recall", value=len(found & true) / len(true), unit=""),
    ]


def _later(crm: CRM, made: Sequence[_Made]) -> list[Figure]:
    """People who are added later: recognised beforehand, and compared with all who are there."""
    took: list[float] = []
    with crm.begin(ADMIN, read_only=True) as uow:
        for one in made[:50]:
            began = time.perf_counter()
            uow.use(Dedupe).suggest(one.person, mechanisms=one.mechanisms)
            took.append(time.perf_counter() - began)
    _add(crm, made)
    began = time.perf_counter()
    done = DuplicateFinder(crm, actor=ADMIN).update()
    assert done.parties == len(made)
    return [
        Figure(label="suggesting, one", value=median(took) * 1e3, unit="ms"),
        Figure(label="comparing", value=len(made) / (time.perf_counter() - began), unit="/s", better="more"),
        Figure(label="pairs", value=done.proposed, unit=""),
    ]


# -- made-up people ---------------------------------------------------------------------------------------------------


def _people(count: int) -> Iterator[_Made]:
    """People with names as unevenly distributed as those of real people, the same in every run."""
    chance = random.Random(4)
    given, family = _words(chance, 800, 2), _words(chance, 12_000, 3)
    streets, places = _words(chance, 3_000, 3), _words(chance, 900, 3)
    before: list[_Made] = []
    for number in range(count):
        if before and chance.random() < 1 / COPIES:
            yield _damaged(chance, chance.choice(before), number)
            continue
        person = Person(
            given_name=given[_often_early(chance, len(given))],
            family_name=family[_often_early(chance, len(family))],
            birth_date=date(1940, 1, 1) + timedelta(days=chance.randrange(25_000)),
        )
        place = _often_early(chance, len(places))
        street = f"{chance.choice(streets)} street {chance.randrange(1, 120)}"
        made = _Made(person, _reached(person, f"p{number}@mail.example", street, places[place], f"{1000 + place * 7}"))
        before.append(made)
        yield made


def _damaged(chance: random.Random, original: _Made, number: int) -> _Made:
    """Somebody again, with an error in the name, and with another e-mail address or another home."""
    old = original.person
    person = Person(
        given_name=old.given_name, family_name=_typo(chance, old.family_name or ""), birth_date=old.birth_date
    )
    email, home = original.mechanisms
    if chance.random() < HALF:
        return _Made(
            person, _reached(person, f"p{number}@mail.example", home.street, home.locality, home.postal_code), old.id
        )
    moved = _reached(person, email.raw, f"new street {number % 90 + 1}", home.locality, home.postal_code)
    return _Made(person, moved, old.id)


def _reached(
    person: Person, email: str, street: str | None, place: str | None, code: str | None
) -> tuple[Mechanism, Mechanism]:
    home = address(person.id, street=street, locality=place, postal_code=code, country="NO")
    return mechanism(person.id, "email", email), evolve(home, is_primary=True)


def _typo(chance: random.Random, word: str) -> str:
    place = chance.randrange(1, len(word))
    return word[:place] + chance.choice("aeinrst") + word[place + chance.randrange(2) :]


def _often_early(chance: random.Random, count: int) -> int:
    """A place in a list, the early ones more often, as with names (about Zipf's law)."""
    return int(count ** chance.random()) - 1


def _words(chance: random.Random, count: int, syllables: int) -> list[str]:
    made: dict[str, None] = {}
    while len(made) < count:
        word = "".join(chance.choice("bdfghklmnprstv") + chance.choice("aeiouy") for _ in range(syllables))
        made[word.title() + chance.choice(("", "n", "r", "s", "l"))] = None
    return list(made)
