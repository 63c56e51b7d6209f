"""The operations that all three variants do, with the goals that crmkit set itself for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from typing import Final
from uuid import UUID

from attrs import frozen

from benchmarks.contacts import ACTOR, SELLERS, Contact, contact, made_id
from benchmarks.databases import Dialect
from benchmarks.dataset import DEAL, PARTY, SEARCHED, STAGES
from benchmarks.measuring import Samples, measure, median_ratio, typical
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from benchmarks.variants import Variant

__all__ = ["OPERATIONS", "Inputs", "Operation", "compare"]

MADE: Final = 21
"""The block of the people that are made while measuring."""
_SELLER: Final = int(ACTOR[1:])
_CREATED: Final = 5_000  # more than any size needs


class Inputs:
    """What operations are fed with, made up beforehand; no two calls of a command get the same."""

    def __init__(self, size: Size) -> None:
        own = range(_SELLER, size.people, SELLERS)
        self._contacts = iter([contact(number, block=MADE) for number in range(_CREATED)])
        self._parties = cycle([made_id(PARTY, number) for number in own])
        self._emails = cycle([contact(number, block=PARTY).email for number in own])
        leads = range(_SELLER, size.deals, 2 * SELLERS)
        self._moves = [
            iter([(made_id(DEAL, number), stage) for stage in STAGES[1:] for number in leads[place::3]])
            for place in range(3)
        ]

    def contact(self) -> Contact:
        """Somebody new."""
        return next(self._contacts)

    def party(self) -> UUID:
        """A party of the seller's."""
        return next(self._parties)

    def email(self) -> str:
        """The e-mail address of one of them."""
        return next(self._emails)

    def move(self, place: int) -> tuple[UUID, str]:
        """A deal of the seller's and a later stage, for the variant of that place."""
        return next(self._moves[place])


@frozen(kw_only=True)
class Operation:
    """One line of the table.

    Attributes:
        name: on the command line.
        label: for people.
        call: does it once, through a variant, with new input; takes the variant's place among the variants.
        repeat: how often per round at full size.
        goals: the most that crmkit's CPU may be, in times the raw driver's, on SQLite and PostgreSQL.
        writes: whether it writes.
    """

    name: str
    label: str
    call: Callable[[Variant, Inputs, int], object]
    repeat: int
    goals: tuple[float, float] | None = None
    writes: bool = False


def _create(variant: Variant, inputs: Inputs, _place: int) -> None:
    variant.create(inputs.contact())


def _record(variant: Variant, inputs: Inputs, _place: int) -> None:
    variant.record(inputs.party(), "asked for a quote")


def _move(variant: Variant, inputs: Inputs, place: int) -> None:
    variant.move(*inputs.move(place))


def _view(variant: Variant, inputs: Inputs, _place: int) -> object:
    return variant.view(inputs.party())


def _page(variant: Variant, _inputs: Inputs, _place: int) -> object:
    return variant.page()


def _funnel(variant: Variant, _inputs: Inputs, _place: int) -> object:
    return variant.funnel()


def _find(variant: Variant, inputs: Inputs, _place: int) -> object:
    return variant.find(inputs.email())


def _search(variant: Variant, _inputs: Inputs, _place: int) -> object:
    return variant.search(SEARCHED)


OPERATIONS: Final = (
    Operation(
        name="create",
        label="create a party with e-mail and phone",
        call=_create,
        repeat=40,
        goals=(5, 3.5),
        writes=True,
    ),
    Operation(name="record", label="record an interaction", call=_record, repeat=40, goals=(6, 3.5), writes=True),
    Operation(name="move", label="move a deal", call=_move, repeat=30, goals=(6, 3.5), writes=True),
    Operation(name="view", label="360 view", call=_view, repeat=40, goals=(4, 3)),
    Operation(name="page", label="filtered page of 50 deals", call=_page, repeat=60, goals=(4, 2.5)),
    Operation(name="find", label="find by e-mail", call=_find, repeat=60, goals=(6, 2)),
    Operation(name="funnel", label="funnel of all deals", call=_funnel, repeat=1),
    Operation(name="substring", label="substring search (a scan)", call=_search, repeat=1),
)
AT_LEAST: Final = 2.0
"""How many times crmkit's CPU the ORM's should be."""


def compare(
    operations: Sequence[Operation], variants: dict[str, Variant], inputs: Inputs, size: Size, dialect: Dialect
) -> Table:
    """Measure the operations, all three ways each."""
    rows = []
    for operation in operations:
        ways = {
            name: partial(operation.call, variant, inputs, place)
            for place, (name, variant) in enumerate(variants.items())
        }
        samples = measure(ways, repeat=max(1, int(operation.repeat * size.effort)), rounds=size.rounds)
        rows.append((operation.label, _figures(operation, samples, dialect)))
    note = "CPU of the client per operation, medians; ratios are medians of each round's ratio."
    return Table(title=f"Operations on {dialect}, {size.name} size", rows=rows, note=note, place=dialect)


def _figures(operation: Operation, samples: Samples, dialect: Dialect) -> list[Figure]:
    goal = None if operation.goals is None else operation.goals[dialect == "postgresql"]
    cpu = [
        Figure(label=f"{name} CPU", value=typical(samples[name]).cpu * 1e6, unit="us")
        for name in ("raw", "orm", "crmkit")
    ]
    return [
        *cpu,
        Figure(label="crmkit wall", value=typical(samples["crmkit"]).wall * 1e6, unit="us"),
        Figure(label="crmkit / raw", value=median_ratio(samples["crmkit"], samples["raw"]), goal=goal),
        Figure(
            label="ORM / crmkit",
            value=median_ratio(samples["orm"], samples["crmkit"]),
            goal=AT_LEAST if goal is not None else None,
            better="more",
        ),
    ]
