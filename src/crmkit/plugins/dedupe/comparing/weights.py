"""How parties are compared, as data: each comparison with its levels, and how much each level says.

This is the model of Fellegi and Sunter ("A Theory for Record Linkage", 1969): a level has the probability ``m`` to be
found among two records of one party, and ``u`` among records of two. Both ways of comparing read it: pair by pair in
Python when a party is added or changed (`crmkit.plugins.dedupe.comparing.scoring`), and all at once through splink
(`crmkit.plugins.dedupe.linkage.settings`), which learns ``m`` and ``u`` from the parties that are there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import evolve, field, frozen
from attrs.validators import gt, lt

from crmkit.sdk import InvalidValueError, PartyKind

__all__ = ["COMPARISONS", "DIFFERS", "Comparison", "Level", "Weights"]

Test = Literal["same", "swapped", "near", "edits", "shared", "differs"]
DIFFERS: Final = "differs"


@frozen
class Level:
    """One outcome of a comparison.

    Attributes:
        name: for people and for reasons.
        test: same (all columns are equal), swapped (two columns are each other's), near (the Jaro-Winkler similarity of
            each column is at least ``at``), edits (at most ``at`` edits, by Damerau-Levenshtein), shared (two lists
            have an element in common), differs (none of the levels before).
        m: how probable it is among two records of one party.
        u: how probable it is among records of two parties.
        at: see ``test``.
        columns: which traits; those of the comparison by default.
    """

    name: str
    test: Test
    m: float = field(validator=[gt(0.0), lt(1.0)])
    u: float = field(validator=[gt(0.0), lt(1.0)])
    at: float = 0
    columns: tuple[str, ...] = ()

    @property
    def weight(self) -> float:
        """How much it says: log2 of the factor by which it raises the odds that both are one."""
        return math.log2(self.m / self.u)


@frozen
class Comparison:
    """Traits that are compared together. Of its levels, the first whose test passes is the outcome.

    Nothing is said where one of the two parties lacks all of the traits that the other has.

    Attributes:
        name: for people and for reasons.
        columns: the traits.
        levels: from the strongest to ``differs``.
    """

    name: str
    columns: tuple[str, ...]
    levels: tuple[Level, ...]


_PLACE: Final = (
    Comparison(
        "street",
        ("street_key",),
        (
            Level("same", "same", 0.45, 0.0002),
            Level("near", "near", 0.3, 0.0005, at=0.9),
            Level("alike", "near", 0.1, 0.001, at=0.8),
            Level(DIFFERS, "differs", 0.15, 0.9983),
        ),
    ),
    Comparison(
        "place",
        ("place",),
        (
            Level("same", "same", 0.75, 0.02),
            Level("near", "near", 0.1, 0.002, at=0.9),
            Level(DIFFERS, "differs", 0.15, 0.978),
        ),
    ),
    Comparison(
        "postcode",
        ("postcode",),
        (
            Level("same", "same", 0.75, 0.005),
            Level("one edit", "edits", 0.1, 0.015, at=1),
            Level(DIFFERS, "differs", 0.15, 0.98),
        ),
    ),
)
_REACHED: Final = (
    Comparison(
        "email", ("emails",), (Level("shared", "shared", 0.6, 0.000001), Level(DIFFERS, "differs", 0.4, 0.999999))
    ),
    Comparison("phone", ("phones",), (Level("shared", "shared", 0.5, 0.0001), Level(DIFFERS, "differs", 0.5, 0.9999))),
    Comparison(
        "identifier",
        ("identifiers",),
        (Level("shared", "shared", 0.9, 0.000001), Level(DIFFERS, "differs", 0.1, 0.999999)),
    ),
)

COMPARISONS: Final[Mapping[PartyKind, tuple[Comparison, ...]]] = {
    "person": (
        Comparison(
            "name",
            ("given", "family"),
            (
                Level("same", "same", 0.6, 0.0001),
                Level("swapped", "swapped", 0.03, 0.00001),
                Level("near", "near", 0.19, 0.0001, at=0.85),
                Level("near in any order", "near", 0.05, 0.0002, at=0.92, columns=("name_key",)),
                Level("same family name", "near", 0.06, 0.004, at=0.92, columns=("family",)),
                Level("same given name", "near", 0.04, 0.006, at=0.92, columns=("given",)),
                Level(DIFFERS, "differs", 0.03, 0.98959),
            ),
        ),
        Comparison(
            "birth date",
            ("birth_key",),
            (
                Level("same", "same", 0.9, 0.0001),
                Level("one edit", "edits", 0.04, 0.001, at=1),
                Level("two edits", "edits", 0.01, 0.014, at=2),
                Level(DIFFERS, "differs", 0.05, 0.9849),
            ),
        ),
        *_PLACE,
        *_REACHED,
    ),
    "organisation": (
        Comparison(
            "name",
            ("family",),
            (
                Level("same", "same", 0.6, 0.00002),
                Level("same words", "same", 0.03, 0.00001, columns=("name_key",)),
                Level("near", "near", 0.17, 0.0001, at=0.93),
                Level("alike", "near", 0.1, 0.002, at=0.86),
                Level(DIFFERS, "differs", 0.1, 0.99787),
            ),
        ),
        *_PLACE,
        *_REACHED,
    ),
}
"""How parties of a kind are compared, with what is believed before any were looked at.

The probabilities follow what splink learned from FEBRL and what such data has in common; see
``docs/howto/duplicates.md``.
"""


@frozen(kw_only=True)
class Weights:
    """The comparisons of a kind with the probabilities that hold in one tenant.

    Attributes:
        kind: of parties.
        prior: how probable it is that two parties, picked by chance, are one.
        comparisons: with their levels.
    """

    kind: PartyKind
    prior: float = field(default=0.0001, validator=[gt(0.0), lt(1.0)])
    comparisons: tuple[Comparison, ...]

    @classmethod
    def before_any_data(cls, kind: PartyKind) -> Weights:
        """What is believed before any parties were looked at."""
        return cls(kind=kind, comparisons=COMPARISONS[kind])

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        learned = {c.name: {level.name: [level.m, level.u] for level in c.levels} for c in self.comparisons}
        return {"kind": self.kind, "prior": self.prior, "levels": learned}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Weights:
        """Weights that were stored. Levels that have come since are weighed as before any data.

        Raises:
            InvalidValueError: if they are of no kind.
        """
        kind: PartyKind | None = next((one for one in COMPARISONS if one == data.get("kind")), None)
        if kind is None:
            raise InvalidValueError("kind", data.get("kind"), "is no kind of party")
        learned: Mapping[str, Mapping[str, Any]] = data.get("levels", {})

        def level(comparison: Comparison, one: Level) -> Level:
            m, u = learned.get(comparison.name, {}).get(one.name, (one.m, one.u))
            return evolve(one, m=m, u=u)

        known = tuple(evolve(c, levels=tuple(level(c, one) for one in c.levels)) for c in COMPARISONS[kind])
        return cls(kind=kind, prior=data.get("prior", 0.0001), comparisons=known)
