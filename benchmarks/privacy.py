"""Privacy: who of many may be written to, and what the plugins that send cost whoever creates a party."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from typing import Final
from uuid import UUID

from benchmarks.contacts import ADMIN, Contact, batches, contact, contacts
from benchmarks.databases import Dialect, database
from benchmarks.deployment import prepare, start
from benchmarks.measuring import measure, median_ratio, typical
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Manifest, Person
from crmkit.plugins.privacy import Privacy
from crmkit.plugins.privacy.manifest import MANIFEST

__all__ = ["FOUR", "privacy"]

FOUR: Final = ("privacy", "email", "feedback", "service_desk")
GOAL: Final = 1.5
ASKED: Final = {"full": 10_000, "smoke": 100}
_NONE: Final = "no plugin"
_UNIT: Final = 500
_BLOCK: Final = 53


def privacy(size: Size, dialect: Dialect) -> Iterator[Table]:
    """Measure creating a party with no plugin, with `privacy`, and with all that send; and asking for many parties."""
    every = _installed()
    with database(dialect) as url:
        prepare(url, every)
        ways: dict[str, Sequence[Manifest]] = {_NONE: (), "privacy": (MANIFEST,), _named(every): every}
        crms = {name: start(url, manifests) for name, manifests in ways.items()}
        yield _creating(crms, size, dialect)
        yield _asking(crms["privacy"], ASKED[size.name], dialect)
        for crm in crms.values():
            crm.close()


def _installed() -> tuple[Manifest, ...]:
    """The manifests of those of the four that this version of crmkit has."""
    modules = (f"crmkit.plugins.{id_}.manifest" for id_ in FOUR if find_spec(f"crmkit.plugins.{id_}") is not None)
    return tuple(import_module(module).MANIFEST for module in modules)


def _named(manifests: Sequence[Manifest]) -> str:
    return "all of " + ", ".join(manifest.id for manifest in manifests)


def _creating(crms: dict[str, CRM], size: Size, dialect: Dialect) -> Table:
    numbers = count()

    def create(crm: CRM) -> None:
        with crm.begin(ADMIN) as uow:
            one = contact(next(numbers), block=_BLOCK)
            uow.parties.add(_person(one), emails=[one.email], phones=[one.phone])

    ways = {name: partial(create, crm) for name, crm in crms.items()}
    samples = measure(ways, repeat=max(2, int(100 * size.effort)), rounds=max(size.rounds, 5), warm=5)
    rows = []
    for name, found in samples.items():
        figures = [
            Figure(label="CPU", value=typical(found).cpu * 1e6, unit="us"),
            Figure(label="wall", value=typical(found).wall * 1e6, unit="us"),
            Figure(label="times without", value=median_ratio(found, samples[_NONE]), goal=GOAL),
        ]
        rows.append((name, figures))
    return Table(title=f"Creating a party with plugins that send on {dialect}", rows=rows, place=dialect)


def _person(one: Contact) -> Person:
    return Person(id=one.id, given_name=one.given_name, family_name=one.family_name, language="nb")


def _asking(crm: CRM, many: int, dialect: Dialect) -> Table:
    parties = _consenting(crm, many)
    with crm.begin(ADMIN, read_only=True) as uow:
        began, cpu = time.perf_counter(), time.process_time()
        answers = uow.use(Privacy).may_contact_many(parties, channel="email", purpose="marketing")
        took, spent = time.perf_counter() - began, time.process_time() - cpu
    assert sum(answer.allowed for answer in answers.values()) == many - many // 2
    figures = [
        Figure(label="wall", value=took, unit="s"),
        Figure(label="CPU", value=spent, unit="s"),
        Figure(label="rate", value=many / took, unit="/s"),
    ]
    return Table(title=f"Who may be written to on {dialect}", rows=[(f"{many:,} parties", figures)], place=dialect)


def _consenting(crm: CRM, many: int) -> list[UUID]:
    """Parties of which every other one has consented."""
    ids: list[UUID] = []
    for batch in batches(contacts(0, many, block=_BLOCK + 1), _UNIT):
        with crm.begin(ADMIN) as uow:
            for one in batch:
                uow.parties.add(_person(one), emails=[one.email])
                if len(ids) % 2 == 0:
                    said = {"purpose": "marketing", "channel": "email"}
                    uow.use(Privacy).record_consent(party=one.id, given=True, **said)
                ids.append(one.id)
    return ids
