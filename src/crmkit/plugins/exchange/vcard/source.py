"""A vCard file as a source of rows: one row is one card."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final

from attrs import evolve

from crmkit.plugins.exchange.failures import RowError, row_error
from crmkit.plugins.exchange.model import ImportFormat
from crmkit.plugins.exchange.source import File, ReadRow
from crmkit.plugins.exchange.vcard.cards import RawCard, raw_cards
from crmkit.plugins.exchange.vcard.from_card import party_of
from crmkit.plugins.exchange.vcard.model import Card
from crmkit.plugins.exchange.vcard.older import parse_older_card
from crmkit.plugins.exchange.vcard.reading import parse_card
from crmkit.plugins.exchange.vcard.text import escape, fold
from crmkit.sdk import ConfigError, CrmkitError, ImportFileError, InvalidValueError

__all__ = ["VcardSource"]

_VERSION: Final = re.compile(rb"^VERSION[^:\r\n]{0,40}:[ \t]*([\w.]{1,10})", re.IGNORECASE | re.MULTILINE)
_BEGIN: Final = re.compile(rb"^BEGIN:VCARD[ \t]*\r?\n", re.IGNORECASE | re.MULTILINE)
_OLDER: Final = frozenset({"2.1", "3.0"})
_PROPERTIES: Final = {
    "email": "EMAIL",
    "phone": "TEL",
    "postal": "ADR",
    "url": "URL",
    "handle": "IMPP",
    "birth_date": "BDAY",
    "birthday": "BDAY",
    "time_zone": "TZ",
    "language": "LANG",
    "gender": "GENDER",
    "name": "FN",
    **dict.fromkeys(("given_name", "family_name", "additional_names", "prefix", "suffix"), "N"),
    "display_name": "FN",
    "nickname": "NICKNAME",
    "position": "TITLE",
}


class VcardSource:
    """A file of vCards, of any version.

    Args:
        file: the file.
        max_card_bytes: bytes that a card may have.

    Raises:
        ImportFileError: if it is empty, or in UTF-16, which no version of vCard is.
    """

    format: ImportFormat = "vcard"

    def __init__(self, file: File, *, max_card_bytes: int) -> None:
        self.file, self._limit = file, max_card_bytes
        head = file.stream.read(4)
        file.stream.seek(0)
        if not head.strip():
            raise ImportFileError(file.name, "is empty")
        if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            raise ImportFileError(file.name, "is written in UTF-16; save it as UTF-8")

    def options(self) -> dict[str, Any]:
        """See `Source.options`."""
        return {}

    def rows(self) -> Iterator[ReadRow]:
        """See `Source.rows`."""
        self.file.stream.seek(0)
        for raw in raw_cards(self.file.stream, limit=self._limit):
            yield self._read(raw)

    def _read(self, raw: RawCard) -> ReadRow:
        given = failure = None
        try:
            if raw.error is not None:
                failure = RowError(row=raw.number, line=raw.line, code="unreadable", reason=raw.error)
            else:
                given = party_of(_card(raw.octets))
        except ConfigError:
            raise
        except CrmkitError as error:
            failure = _failure(raw, error)
        return ReadRow(number=raw.number, given=given, failure=failure, raw=raw, position=raw.end)

    def failure(self, row: ReadRow, error: CrmkitError) -> RowError:
        """See `Source.failure`."""
        return _failure(row.raw, error)

    def located(self, failure: RowError, row: ReadRow) -> RowError:
        """See `Source.located`."""
        return evolve(failure, line=row.raw.line, column=_PROPERTIES.get(failure.column or "", failure.column))

    def write_failures(self, out: BinaryIO, failures: Iterable[tuple[ReadRow, RowError]]) -> None:
        """See `Source.write_failures`. Each card gets a property X-CRMKIT-ERROR, which is not imported."""
        for row, error in failures:
            octets: bytes = row.raw.octets
            begin = _BEGIN.search(octets)
            said = fold("X-CRMKIT-ERROR:" + escape(str(error)))
            at = begin.end() if begin else 0
            out.write(octets[:at] + (said if begin else b"") + octets[at:])
            if not octets.endswith(b"\n"):
                out.write(b"\r\n")


def _card(octets: bytes) -> Card:
    """The card, by the codec of its version.

    Raises:
        InvalidValueError: if it states none, or one that does not exist.
    """
    stated = _VERSION.search(octets)
    version = stated[1].decode() if stated else ""
    if version == "4.0":
        return parse_card(octets)
    if version in _OLDER:
        return parse_older_card(octets, version)
    raise InvalidValueError("VERSION", version or None, "is no version of vCard; there are 2.1, 3.0 and 4.0")


def _failure(raw: RawCard, error: CrmkitError) -> RowError:
    field = str(getattr(error, "kind", None) or getattr(error, "field", None) or getattr(error, "what", ""))
    field = field.rsplit(" ", 1)[-1]
    return row_error(raw.number, error, line=raw.line, column=_PROPERTIES.get(field, field or None))
