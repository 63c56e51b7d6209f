"""Made-up people, the same in every run: who they are, and the ids of everything that is about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final
from uuid import UUID

from attrs import frozen

__all__ = [
    "ACTOR",
    "ADMIN",
    "SELLERS",
    "TEAMS",
    "TENANT",
    "Contact",
    "batches",
    "contact",
    "contacts",
    "made_id",
    "seller_of",
]

TENANT: Final = "bench"
SELLERS: Final = 100
"""Each owns 1 % of the people and of the deals."""
TEAMS: Final = 10
ACTOR: Final = "s07"
"""The seller who does everything that is measured."""
ADMIN: Final = "root"

_GIVEN: Final = ("Ida", "Ola", "Kari", "Per", "Anna", "Liv", "Nils", "Eva", "Jon", "Ruth", "Max", "Sara", "Tom", "Una")
_FAMILY: Final = (
    *("Berg", "Hansen", "Lie", "Moe", "Dahl", "Strand", "Vik", "Lund", "Holm", "Nygaard", "Solberg", "Bakke"),
    *("Haugen", "Iversen", "Jensen", "Krogh", "Larsen", "Myhre", "Olsen", "Ruud", "Sande", "Tangen", "Wold"),
)
_BEGINNING: Final = 1_700_000_000_000  # November 2023, in milliseconds; all ids made in a run are later


@frozen
class Contact:
    """A person as an importer has it after normalising: everything that is stored, and nothing to be worked out.

    Attributes:
        id: the party's.
        given_name: ASCII, so that folding it is putting it in lower case.
        family_name: likewise.
        email: in its normalised form.
        phone: in E.164.
    """

    id: UUID
    given_name: str
    family_name: str
    email: str
    phone: str

    @property
    def name(self) -> str:
        """What the person is called."""
        return f"{self.given_name} {self.family_name}"

    @property
    def sort_name(self) -> str:
        """Family name first, folded."""
        return f"{self.family_name} {self.given_name}".lower()


def made_id(kind: int, number: int) -> UUID:
    """A UUID of version 7 that says what it identifies; later numbers sort later."""
    return UUID(int=(_BEGINNING + number << 80) | (7 << 76) | (kind << 64) | (2 << 62) | number)


def contact(number: int, *, block: int = 22) -> Contact:
    """The person of that number.

    Args:
        number: below a million.
        block: the first digits of the phone number; people of other blocks are others.
    """
    given = _GIVEN[number * 7919 % len(_GIVEN)]
    family = _FAMILY[number * 104_729 % len(_FAMILY)]
    email = f"{given}.{family}.{block}.{number}@example.org".lower()
    return Contact(made_id(block, number), given, family, email, f"+47{block}{number:06d}")


def contacts(first: int, count: int, *, block: int) -> Iterator[Contact]:
    """People of consecutive numbers."""
    return (contact(number, block=block) for number in range(first, first + count))


def seller_of(number: int) -> str:
    """Who owns the person or deal of that number."""
    return f"s{number % SELLERS:02d}"


def batches(people: Iterable[Contact], size: int) -> Iterator[list[Contact]]:
    """``people`` in lists of at most ``size``."""
    left = iter(people)
    while batch := list(islice(left, size)):
        yield batch
