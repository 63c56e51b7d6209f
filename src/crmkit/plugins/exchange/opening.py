"""Opening a file as what it is."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO, Final

from crmkit.plugins.exchange.config import Settings
from crmkit.plugins.exchange.csv.source import CsvSource
from crmkit.plugins.exchange.model import ImportFormat
from crmkit.plugins.exchange.source import File
from crmkit.plugins.exchange.vcard.source import VcardSource

__all__ = ["opened"]

_VCARD_ENDINGS: Final = (".vcf", ".vcard")
_MARK: Final = b"BEGIN:VCARD"
_SPACE: Final = 1_000
"""Bytes of blank lines that may stand before the first card."""


@contextmanager
def opened(
    given: str | os.PathLike[str] | BinaryIO,
    settings: Settings,
    *,
    name: str | None = None,
    format: ImportFormat | None = None,  # noqa: A002  # the field's own word
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Generator[CsvSource | VcardSource]:
    """A file as a source of rows.

    Args:
        given: a path, or a seekable binary file.
        settings: of the plugin.
        name: what to call it; its own name by default.
        format: csv or vcard; told by what it begins with, or its name, by default.
        encoding: of a CSV file; found out by default.
        delimiter: of a CSV file; found out by default.

    Raises:
        ImportFileError: if it cannot be read as what it is.
        LimitExceededError: if it has too many columns.
    """  # raised by what the sources check themselves
    with File(given, name=name) as file:
        if (format or _format(file)) == "vcard":
            yield VcardSource(file, max_card_bytes=settings.max_card_bytes)
        else:
            yield CsvSource(file, max_columns=settings.max_columns, encoding=encoding, delimiter=delimiter)


def _format(file: File) -> ImportFormat:
    head = file.stream.read(_SPACE + len(_MARK)).removeprefix(b"\xef\xbb\xbf").lstrip().upper()
    file.stream.seek(0)
    is_vcard = head.startswith(_MARK) or file.name.lower().endswith(_VCARD_ENDINGS)
    return "vcard" if is_vcard else "csv"
