"""What is measured of crmkit alone: normalising, and plugins that do nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from statistics import median

from benchmarks.contacts import ACTOR, Contact, contact
from benchmarks.databases import Dialect
from benchmarks.deployment import start
from benchmarks.library import Library
from benchmarks.measuring import Samples, measure, median_ratio, typical
from benchmarks.plugins import no_ops
from benchmarks.raw import IMPORT_TENANT
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit import CRM, Person
from crmkit.core.parties.mechanisms.rules import normalise

__all__ = ["idle_plugins", "normalising"]

PLUGINS_GOAL = 10.0
PLUGINS = 30
_BLOCK, _REPEAT, _PEOPLE = 45, 60, 500


def normalising(size: Size) -> Table:
    """Measure bringing names, addresses and numbers into their one form."""
    numbers = count()
    people: list[Contact] = []

    def ready(_name: str) -> None:  # each time others, since numbers that were seen before are known
        people[:] = [contact(next(numbers)) for _ in range(_PEOPLE)]

    ways = {name: partial(_each, normal, people) for name, normal in _NORMAL.items()}
    samples = measure(ways, repeat=1, rounds=size.rounds, warm=1, ready=ready)
    rows = []
    for name in ways:
        cpu = typical(samples[name]).cpu / _PEOPLE
        figures = [Figure(label="CPU", value=cpu * 1e6, unit="us"), Figure(label="rate", value=1 / cpu, unit="/s")]
        rows.append((name, figures))
    return Table(title="Normalising", rows=rows)


def _each(normal: Callable[[Contact], object], people: Iterable[Contact]) -> None:
    for one in people:
        normal(one)


_NORMAL: dict[str, Callable[[Contact], object]] = {
    "e-mail": lambda one: normalise("email", one.email.title()),
    "phone": lambda one: normalise("phone", f"{one.phone[3:5]} {one.phone[5:8]} {one.phone[8:]}", region="NO"),
    "person with names": lambda one: Person(given_name=one.given_name, family_name=one.family_name),
}


def idle_plugins(url: str, size: Size, dialect: Dialect) -> Table:
    """Measure creating a party with no plugin and with thirty that do nothing."""
    numbers = count()
    crms = {"none": start(url, (), tenant=IMPORT_TENANT), "thirty": start(url, no_ops(PLUGINS), tenant=IMPORT_TENANT)}
    libraries = {name: Library(crm, crm) for name, crm in crms.items()}

    def create(name: str) -> None:
        libraries[name].create(contact(next(numbers), block=_BLOCK))

    def create_from_texts(crm: CRM) -> None:
        one = contact(next(numbers), block=_BLOCK)
        with crm.begin(ACTOR) as uow:
            person = Person(id=one.id, given_name=one.given_name, family_name=one.family_name)
            uow.parties.add(person, emails=[one.email], phones=[one.phone])

    ways = {
        "none": lambda: create("none"),
        "thirty": lambda: create("thirty"),
        "texts": lambda: create_from_texts(crms["none"]),
    }
    repeat = max(2, int(_REPEAT * size.effort))
    samples = measure(ways, repeat=repeat, rounds=max(size.rounds, 5), warm=5)
    for crm in crms.values():
        crm.close()
    slower = median_ratio(samples["thirty"], samples["none"])
    figures = [
        Figure(label="no plugin CPU", value=typical(samples["none"]).cpu * 1e6, unit="us"),
        Figure(label="thirty CPU", value=typical(samples["thirty"]).cpu * 1e6, unit="us"),
        Figure(label="more with thirty", value=(slower - 1) * 100, unit="%", goal=PLUGINS_GOAL),
        Figure(label="no plugin, from texts", value=typical(samples["texts"]).cpu * 1e6, unit="us"),
    ]
    note = f"Without the outbox row. Normalising adds {median(_extra(samples)):.0f} us where texts are given."
    return Table(
        title=f"Creating a party with idle plugins on {dialect}", rows=[("create", figures)], note=note, place=dialect
    )


def _extra(samples: Samples) -> list[float]:
    pairs = zip(samples["texts"], samples["none"], strict=True)
    return [(texts.cpu - ready.cpu) * 1e6 for texts, ready in pairs]
