"""A party as the cells of a row, by header. Headers are such that importing the file needs no mapping."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.plugins.exchange.csv.from_row import ID_SCHEME
from crmkit.plugins.exchange.form import TEXT_FIELDS, ImportedMechanism, ImportedParty

__all__ = ["cells_of", "in_order"]

_LEADING = ("id", "kind", "name")
_NOUNS = {"email": "email", "phone": "phone", "postal": "address", "url": "url", "handle": "handle"}
_HEADERS = {"display_name": "called", "birthday": "birthday without year"}
_FIELDS = (*TEXT_FIELDS, "birthday", "organisation", "position")
_PARTS = ("street", "locality", "region", "postal_code", "country")


def cells_of(party: ImportedParty) -> dict[str, str]:
    """The cells of a party's row that are not blank."""
    return {header: text for header, text in _cells(party) if text}


def _cells(party: ImportedParty) -> Iterator[tuple[str, str | None]]:
    if party.id is not None:
        yield "id", str(party.id)
    yield "kind", party.kind
    for name in _FIELDS:
        yield _HEADERS.get(name, name.replace("_", " ")), getattr(party, name)
    if party.birth_date is not None:
        yield "birth date", party.birth_date.isoformat()
    numbers: dict[str, int] = {}
    for one in party.mechanisms:
        number = numbers[one.kind] = numbers.get(one.kind, 0) + 1
        yield from _mechanism(f"{_NOUNS[one.kind]} {number}", one)
    for identifier in party.identifiers:
        if identifier.scheme != ID_SCHEME or party.id is None:
            yield _next(f"identifier {identifier.scheme}", numbers), identifier.value
    yield from ((f"custom.{key}", text) for key, text in party.custom.items())
    for note in party.notes:
        yield _next("notes", numbers), note


def _next(header: str, numbers: dict[str, int]) -> str:
    """``header`` for the first of its kind, then with a number."""
    number = numbers[header] = numbers.get(header, 0) + 1
    return header if number == 1 else f"{header} {number}"


def _mechanism(header: str, one: ImportedMechanism) -> Iterator[tuple[str, str | None]]:
    whole = one.kind != "postal" or not any(getattr(one, part) for part in _PARTS)
    yield (header if one.kind != "postal" else f"{header} formatted"), one.raw if whole else None
    for part in _PARTS:
        yield f"{header} {part.replace('_', ' ')}", getattr(one, part)
    yield f"{header} service", one.service
    yield f"{header} label", one.label
    yield f"{header} primary", "yes" if one.is_primary else None


def in_order(headers: set[str]) -> list[str]:
    """Headers in the order of columns: who it is, then how it is reached, then the rest."""
    return sorted(headers, key=_rank)


def _rank(header: str) -> tuple[int, str, int, int, str]:
    known = [*_LEADING, *(_HEADERS.get(name, name.replace("_", " ")) for name in _FIELDS), "birth date"]
    if header in known:
        return known.index(header), "", 0, 0, ""
    noun, _, rest = header.partition(" ")
    number, _, part = rest.partition(" ")
    if noun in _NOUNS.values() and number.isdigit():
        parts = ["", "formatted", *(p.replace("_", " ") for p in _PARTS), "service", "label", "primary"]
        return len(known), noun, int(number), parts.index(part), ""
    return len(known) + 1, "", 0, 0, header
