"""What a file is written in: its encoding, and whether it is text at all."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from attrs import frozen

from crmkit.sdk import ConfigError, ImportFileError

__all__ = ["Encoding", "encoding_of"]

SAMPLE: Final = 1 << 16
"""Bytes with letters beyond ASCII that are looked at to tell one legacy encoding from another."""
CHUNK: Final = 1 << 20

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FORMATS: Final = (
    (b"PK\x03\x04", "is a ZIP file, such as an Excel or LibreOffice workbook; save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old Office file; save it as CSV"),
    (b"%PDF-", "is a PDF file"),
    (b"\x1f\x8b", "is compressed; unpack it first"),
)
# What charset-normalizer may choose from: with all that it knows, it takes short samples for rare encodings.
_LEGACY: Final = [
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("iso8859_2", "iso8859_5", "iso8859_7", "iso8859_15", "koi8_r", "koi8_u", "mac_roman"),
    *("cp932", "euc_jp", "euc_kr", "cp949", "gb18030", "big5"),
]
_COMMONEST: Final = "cp1252"
_CLOSE: Final = 0.05
"""How much worse the commonest encoding may fit, by charset-normalizer's measures from 0 to 1, to be chosen."""


@frozen
class Encoding:
    """How the bytes of a file are to be read.

    Attributes:
        name: for Python's codecs.
        errors: what to do with bytes that are no text: they spoil their rows only, or the whole file.
    """

    name: str
    errors: str = "surrogateescape"


def encoding_of(file: BinaryIO, name: str, *, stated: str | None = None) -> Encoding:
    """The encoding of a file, which is left at its beginning.

    Args:
        file: seekable.
        name: of the file, for errors.
        stated: what somebody says that it is.

    Raises:
        ImportFileError: if the file is empty or binary, is not what was stated, or nobody can tell what it is.
        ConfigError: if charset-normalizer is needed and not installed; says how to install it.
    """
    file.seek(0)
    head = file.read(SAMPLE)
    _check_text(head, name, marked=_mark(head) is not None)
    encoding = stated or _mark(head)
    try:
        return _unmarked(file, name) if encoding is None else Encoding(_checked(file, name, encoding), "strict")
    finally:
        file.seek(0)


def _mark(head: bytes) -> str | None:
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def _check_text(head: bytes, name: str, *, marked: bool) -> None:
    """Refuse what is no text at all.

    Raises:
        ImportFileError: if so; says what it looks like.
    """
    if not head.strip():
        raise ImportFileError(name, "is empty")
    for magic, reason in _FORMATS:
        if head.startswith(magic):
            raise ImportFileError(name, reason)
    if b"\x00" in head and not marked:
        raise ImportFileError(name, "is binary, not text")


def _checked(file: BinaryIO, name: str, encoding: str) -> str:
    """``encoding``, if the whole file is written in it.

    Raises:
        ImportFileError: if it is not; says where.
    """
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
    except LookupError:
        raise ImportFileError(name, f"cannot be read as {encoding!r}, an encoding that Python does not know") from None
    file.seek(0)
    at = 0
    try:
        while chunk := file.read(CHUNK):
            decoder.decode(chunk)
            at += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        place = at + getattr(error, "start", 0)
        raise ImportFileError(name, f"is not written in {encoding}: it stops making sense at byte {place}") from None
    return encoding


def _unmarked(file: BinaryIO, name: str) -> Encoding:
    """UTF-8, if that is how most lines with letters beyond ASCII are written; else what such lines look like."""
    good = bad = 0
    sample: list[bytes] = []
    size = 0
    for line in _beyond_ascii(file):
        try:
            line.decode()
            good += 1
        except UnicodeDecodeError:
            bad += 1
            if size < SAMPLE:
                sample.append(line)
                size += len(line)
    if bad == 0 or good > bad:
        return Encoding("utf-8")
    return Encoding(_legacy(b"".join(sample), name))


def _beyond_ascii(file: BinaryIO) -> Iterator[bytes]:
    """The lines that are not ASCII, at most `SAMPLE` bytes of each."""
    file.seek(0)
    begins = True
    while line := file.readline(SAMPLE):
        if begins and not line.isascii():
            yield line if line.endswith(b"\n") else _without_torn_character(line)
        begins = line.endswith(b"\n")


def _without_torn_character(line: bytes) -> bytes:
    return line[:-3] + line[-3:].decode(errors="ignore").encode() if len(line) == SAMPLE else line


def _legacy(sample: bytes, name: str) -> str:
    """What a sample looks like.

    Raises:
        ImportFileError: if nobody can tell.
        ConfigError: if charset-normalizer is not installed.
    """
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        way = "python -m pip install 'crmkit[exchange]', or name the encoding"
        reason = f"{name} is not UTF-8, and charset-normalizer, which tells other encodings, is not installed; {way}"
        raise ConfigError(reason) from None
    found = from_bytes(sample, cp_isolation=_LEGACY)
    best = found.best()
    if best is None:
        raise ImportFileError(name, "is written in an encoding that nobody could tell; name it")
    # Short samples read as well in several encodings; then most likely it is the commonest one.
    common = [one for one in found if _COMMONEST in one.could_be_from_charset]
    if any(one.chaos <= best.chaos + _CLOSE and one.coherence >= best.coherence - _CLOSE for one in common):
        return _COMMONEST
    return best.encoding
