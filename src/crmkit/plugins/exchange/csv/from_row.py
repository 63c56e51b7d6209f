"""What a row says about a party, once its columns are mapped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from crmkit.plugins.exchange.csv.cells import read_cell
from crmkit.plugins.exchange.csv.columns import Target, target
from crmkit.plugins.exchange.csv.dates import DateOrder, day_of
from crmkit.plugins.exchange.form import (
    ORGANISATION_FIELDS,
    PERSON_FIELDS,
    ImportedIdentifier,
    ImportedMechanism,
    ImportedParty,
)
from crmkit.sdk import InvalidValueError, MechanismKind, PartyKind

__all__ = ["ID_SCHEME", "SEVERAL", "RowReader"]

ID_SCHEME: Final = "exchange.id"
"""The scheme of identifiers that hold the id which a party had in another crmkit."""
SEVERAL: Final = " ::: "
"""What separates several values in one cell, as Google Contacts writes them."""

_KINDS: Final[Mapping[str, PartyKind]] = {
    **dict.fromkeys(
        ("person", "individual", "contact", "kontakt", "privatperson", "personne", "persona", "p"), "person"
    ),
    **dict.fromkeys(
        ("organisation", "organization", "org", "company", "firma", "unternehmen", "entreprise", "empresa", "o"),
        "organisation",
    ),
}
_GENDERS: Final = {
    "M": "m male man mann männlich herr homme masculin hombre masculino",
    "F": "f female woman frau weiblich w femme féminin mujer femenino",
    "O": "o other divers autre otro",
    "N": "n none",
    "U": "u unknown unbekannt",
}
_GENDER_WORDS: Final = {word: sex for sex, words in _GENDERS.items() for word in words.split()}
_YES: Final = frozenset("1 x y yes true wahr ja oui si sí".split())
_STREET_PARTS: Final = frozenset({"street", "street_number", "house_number"})

Group = tuple[MechanismKind, int | None, str | None, int | None]


class RowReader:
    """Reads rows of one file into parties.

    Args:
        headers: of the columns.
        targets: of the columns, as `target` reads them.
        date_order: see `crmkit.plugins.exchange.csv.dates.day_of`.

    Raises:
        InvalidValueError: if a target is none, or a field has two columns.
    """

    def __init__(self, headers: Sequence[str], targets: Sequence[str | None], *, date_order: DateOrder | None) -> None:
        self._headers = tuple(headers)
        self._date_order: DateOrder | None = date_order
        self._fields: dict[str, int] = {}
        self._notes: list[int] = []
        self._custom: dict[str, int] = {}
        self._identifiers: list[tuple[int, str]] = []
        self._groups: dict[Group, list[tuple[int, Target]]] = {}
        for place, text in enumerate(targets):
            found = target(text or "")
            if found is not None:
                self._place(place, found)

    def _place(self, place: int, found: Target) -> None:
        if found.kind is not None:
            # Columns without a number are one mechanism each, but for the parts of an address.
            alone = place if found.number is None and found.kind != "postal" else None
            self._groups.setdefault((found.kind, found.number, found.label, alone), []).append((place, found))
        elif found.noun == "identifier":
            self._identifiers.append((place, found.part or ""))
        elif found.noun == "notes":
            self._notes.append(place)
        elif found.noun == "custom":
            self._alone(self._custom, found.part or "", place)
        else:
            self._alone(self._fields, found.noun, place)

    def _alone(self, columns: dict[str, int], name: str, place: int) -> None:
        if name in columns:
            both = f"{self._headers[columns[name]]!r} and {self._headers[place]!r}"
            raise InvalidValueError("mapping", name, f"has two columns, {both}; map one of them to '-'")
        columns[name] = place

    @property
    def says_anything(self) -> bool:
        """Whether any column is mapped to what makes a party."""
        named = {*PERSON_FIELDS, *ORGANISATION_FIELDS, "full_name", "organisation"}
        return bool(named & self._fields.keys() or self._groups or self._identifiers)

    def column_of(self, field: str, value: object, cells: Sequence[str]) -> tuple[str | None, str | None]:
        """The header and the cell that an error about ``field`` speaks of, if they can be told."""
        kind = "postal" if field in {"street", "locality", "region", "postal_code", "country"} else field
        places = [p for (k, *_), parts in self._groups.items() if k == kind for p, _ in parts]
        places += [p for p, scheme in self._identifiers if field in {"identifier", "value", "scheme", scheme}]
        places += [self._custom[field[7:]]] if field[7:] in self._custom and field.startswith("custom.") else []
        places += [self._fields[name] for name in (field, *_ALSO.get(field, ())) if name in self._fields]
        texts = {place: read_cell(cells[place]).strip() for place in places if place < len(cells)}
        for place, text in texts.items():
            if text and (text == value or str(value) in text.split(SEVERAL)):
                return self._headers[place], text
        for place, text in texts.items():
            if text:
                return self._headers[place], text
        return None, None

    def party(self, cells: Sequence[str]) -> ImportedParty:
        """The party that a row is about.

        Raises:
            InvalidValueError: if a cell is not what its column is mapped to, or a row has more cells than the header.
        """
        texts = [read_cell(cell).strip() for cell in cells]
        if len(texts) > len(self._headers) and any(texts[len(self._headers) :]):
            reason = (
                f"cells are more than the header has columns, {len(self._headers)}; is a cell with a separator quoted?"
            )
            raise InvalidValueError("row", len(texts), reason)
        texts += [""] * (len(self._headers) - len(texts))
        fields: dict[str, Any] = {name: texts[place] for name, place in self._fields.items() if texts[place]}
        self._read_fields(fields)
        kind = _kind(fields)
        if kind == "person":
            full = fields.pop("full_name", None)
            if full and not (fields.get("given_name") or fields.get("family_name")):
                fields.setdefault("display_name", full)
            fields.pop("name", None)
        else:
            fields["name"] = fields.pop("name", None) or fields.pop("full_name", None) or fields.get("organisation")
            fields = {name: value for name, value in fields.items() if name not in _OF_PERSONS}
        return ImportedParty(
            kind=kind,
            **fields,
            mechanisms=tuple(self._mechanisms(texts)),
            identifiers=tuple(self._given_identifiers(texts, fields.get("id"))),
            notes=tuple(texts[place] for place in self._notes if texts[place]),
            custom={key: texts[place] for key, place in self._custom.items() if texts[place]},
        )

    def _read_fields(self, fields: dict[str, Any]) -> None:
        for name, read in _READERS.items():
            if name in fields:
                fields[name] = read(fields[name])
        if "birth_date" in fields:
            fields["birth_date"] = day_of(fields["birth_date"], order=self._date_order)

    def _given_identifiers(self, texts: list[str], id_: UUID | None) -> Iterator[ImportedIdentifier]:
        if id_ is not None:
            yield ImportedIdentifier(scheme=ID_SCHEME, value=str(id_))
        for place, scheme in self._identifiers:
            if texts[place]:
                yield ImportedIdentifier(scheme=scheme, value=texts[place])

    def _mechanisms(self, texts: list[str]) -> Iterator[ImportedMechanism]:
        for (kind, _, label, _), columns in self._groups.items():
            parts: dict[str, str] = {}
            for place, one in columns:
                text, part = texts[place], one.part or "raw"
                if text and part in _STREET_PARTS:
                    parts["street"] = _street(parts.get("street"), part, text)
                elif text:
                    parts[part] = text
            if parts.keys() - {"label", "service", "primary"}:
                yield from _made(kind, label, parts)


def _made(kind: MechanismKind, label: str | None, parts: dict[str, str]) -> Iterator[ImportedMechanism]:
    primary = parts.pop("primary", "").lower() in _YES
    label = parts.pop("label", None) or label
    if kind == "postal":
        yield ImportedMechanism(kind="postal", label=label, is_primary=primary, **parts)
        return
    for raw in parts["raw"].split(SEVERAL):
        if raw.strip():
            yield ImportedMechanism(
                kind=kind,
                raw=raw,
                label=label,
                is_primary=primary,
                service=parts.get("service", "").lower() or None,
            )


def _street(before: str | None, part: str, text: str) -> str:
    """Lines of a street one under the other; numbers beside the line before or after them."""
    if before is None:
        return text
    if part == "house_number" or before.replace("-", "").replace("/", "").rstrip("abcdefABCDEF").isdigit():
        return f"{before} {text}"
    return f"{text} {before}" if part == "street_number" else f"{before}\n{text}"


def _kind(fields: dict[str, Any]) -> PartyKind:
    """What was said, or else an organisation where there is one and nothing of a person."""
    stated: PartyKind | None = fields.pop("kind", None)
    if stated is not None:
        return stated
    organised = bool(fields.get("organisation") or fields.get("name") or fields.get("legal_name"))
    personal = any(fields.get(name) for name in (*PERSON_FIELDS, "full_name", "position"))
    return "organisation" if organised and not personal else "person"


def _read_kind(text: str) -> PartyKind:
    found = _KINDS.get(text.lower())
    if found is None:
        raise InvalidValueError("kind", text, "is neither 'person' nor 'organisation'")
    return found


def _read_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        reason = "is no id of crmkit's; map the column to identifier.<scheme> if it is another system's"
        raise InvalidValueError("id", text, reason) from None


def _read_gender(text: str) -> str:
    return _GENDER_WORDS.get(text.lower(), text)


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {"kind": _read_kind, "id": _read_id, "gender": _read_gender}
_OF_PERSONS: Final = frozenset({*PERSON_FIELDS, "organisation", "position"})
_ALSO: Final = {"name": ("full_name", "organisation"), "display_name": ("full_name",)}
