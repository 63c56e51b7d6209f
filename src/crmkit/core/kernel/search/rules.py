"""How texts are cut into what the index holds, what a search asks for, and how well a text fits: pure functions.

A document is the searchable text of one record: a segment per field, the words of each with a space on either side. So
the end of a word is a letter like any other, and one rule finds whole words, beginnings and parts of words: a text that
contains ``" berg "``, ``" ber"`` or ``"erg"``. The index holds the document's *grams*: all of three characters, spaces
included, of each word, and the first one and the first three characters of each. Whatever contains a text contains its
grams. Those at the beginning are there because a text can begin a word less often than its grams are found together:
``" olber"`` has all of three characters with ``ola solberg``.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from crmkit.core.kernel.search.folding import fold, is_dense
from crmkit.core.kernel.search.model import Fit, Reach
from crmkit.errors import LimitExceededError

__all__ = [
    "MAX_QUERY",
    "MAX_TERMS",
    "Fitting",
    "Term",
    "document_of",
    "excerpt",
    "grams_of",
    "rarest",
    "segments_of",
    "share_of",
    "terms_of",
    "wanted",
    "with_numbers",
    "without",
]

MAX_QUERY: Final = 1_000
"""How many characters a search may have."""
MAX_TERMS: Final = 16
"""How many words a search may have."""
MAX_VALUE: Final = 10_000
"""How many characters of a field are searched."""
_PHONE: Final = 7
"""From how many digits on a number in a search may be one to dial, with zeros in front that are no part of it."""
_JOINED: Final = 5
"""From how many digits on numbers that stand side by side are searched as one number too."""
_SHORT: Final = 3
"""Words of fewer characters are not looked for inside of others; and the length of a gram."""

_HEAD: Final = 4
"""How many characters the longest gram at the beginning of a word has, with the space."""
_ASKED: Final = 3
"""How many grams an index is asked for where each costs much."""

# Neither is a character of a folded text. The names of fields stand in capitals, so that no search finds them.
_NAMED: Final = "\x1e"
_ENDED: Final = "\x1f"

_NUMBERS: Final = re.compile(r"(?<= )[0-9]+(?: [0-9]+)+(?= )")
_NUMBER_LIKE: Final = re.compile(r"[0-9+(][0-9()+./\u2010-\u2015-]*")
_OPTIONAL_ZERO: Final = re.compile(r"\(0\)")


# -- documents --------------------------------------------------------------------------------------------------------


def with_numbers(text: str) -> str:
    """A folded text with spaces around it, and its numbers in one piece too: ``22 12 34 56`` and ``22123456``."""
    padded = f" {text} "
    joined = [n for m in _NUMBERS.findall(padded) if len(n := m.replace(" ", "")) >= _JOINED]
    return f"{padded}{' '.join(joined)} " if joined else padded


def document_of(fields: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The document of a record: for each field its name and its values, unfolded; empty if there is nothing to find."""
    segments, known = [], dict[str, str]()  # an address stands in it twice, as given and normalised
    for name, values in fields:
        texts = dict[str, None]()
        for value in values:
            text = known.get(value)
            if text is None:
                folded = fold(value[:MAX_VALUE])
                text = known[value] = with_numbers(folded) if folded else ""
            if text:
                texts[text] = None
        if texts:
            segments.append(f"{name.upper()}{_NAMED}{''.join(texts)}{_ENDED}")
    return "".join(segments)


def segments_of(document: str) -> Iterator[tuple[str, str]]:
    """The field and the text of each segment."""
    for segment in document.split(_ENDED)[:-1]:
        name, _, text = segment.partition(_NAMED)
        yield name.lower(), text


def without(document: str, fields: str) -> str:
    """A document without the segments of fields whose names begin like that."""
    segments = document.split(_ENDED)[:-1]
    return "".join(f"{segment}{_ENDED}" for segment in segments if not segment.startswith(fields.upper()))


def grams_of(document: str, tenant: str) -> list[int]:
    """The grams of a document, each as a number of 32 bits in which the tenant has a part; in ascending order."""
    found: set[bytes] = set()
    for word in {word for _, text in segments_of(document) for word in text.split()}:
        if word.isascii():
            letters = f" {word} ".encode()  # of which slices are grams at once
            found.update((letters[:2], letters[:_HEAD]), [letters[n : n + _SHORT] for n in range(len(word))])
        else:
            found.update(map(str.encode, _spelled(word)))
    return sorted(_numbered(found, tenant))


def _spelled(word: str) -> Iterator[str]:
    """The grams of a word."""
    padded = f" {word} "
    yield from (padded[:2], padded[:_HEAD])
    yield from (padded[n : n + _SHORT] for n in range(len(word)))
    if is_dense(word):
        yield from word
        yield from (word[n : n + 2] for n in range(len(word) - 1))


def _numbers(grams: Iterable[str], tenant: str) -> set[int]:
    return _numbered(map(str.encode, grams), tenant)


def _numbered(grams: Iterable[bytes], tenant: str) -> set[int]:
    """CRC-32: quick, the same everywhere, and where two grams share a number the text itself is looked at anyway."""
    seed, crc = zlib.crc32(tenant.encode()), zlib.crc32
    return {crc(gram, seed) - 0x80000000 for gram in grams}


# -- searches ---------------------------------------------------------------------------------------------------------


@frozen
class Term:
    """What a document has to contain: words in a row, folded.

    Attributes:
        text: the words with one space between them.
        inside: whether it is looked for inside of words too; otherwise it is too short for that.
    """

    text: str
    inside: bool

    def needle(self, reach: Reach) -> str:
        """What a document contains that fits this far."""
        if reach == "inside" and self.inside:
            return self.text
        return f" {self.text} " if reach == "words" else f" {self.text}"


def terms_of(text: str) -> tuple[Term, ...]:
    """What a search asks for: its words, of which a record must have all; none if it has no letter and no digit.

    What punctuation joins (``ida@berg.example``) has to stand together. Numbers in a row are one number: ``+47 22 12 34
    56``, ``0047 22123456`` and ``22 12 34 56`` ask for ``4722123456``, the same, and ``22123456``.

    Raises:
        LimitExceededError: if it is too long.
    """
    if len(text) > MAX_QUERY:
        raise LimitExceededError("characters in a search", MAX_QUERY, got=len(text))
    pieces = _pieces(unicodedata.normalize("NFKC", text).split())
    words = dict.fromkeys(word for piece in pieces if (word := fold(piece)))
    if len(words) > MAX_TERMS:
        raise LimitExceededError("words in a search", MAX_TERMS, got=len(words))
    return tuple(Term(word, len(word) >= _SHORT or is_dense(word)) for word in words)


def _pieces(words: Sequence[str]) -> Iterator[str]:
    """The words, with those that make one number joined."""
    run: list[str] = []
    for word in [*words, ""]:
        if _NUMBER_LIKE.fullmatch(word):
            run.append(word)
            continue
        yield from _number(run)
        run = []
        yield word


def _number(run: Sequence[str]) -> Iterator[str]:
    joined = _OPTIONAL_ZERO.sub("", "".join(run))
    digits = "".join(filter(str.isdigit, joined))
    if len(digits) < _JOINED:
        yield from run
    elif len(digits) < _PHONE or joined.startswith("+"):
        yield digits
    else:
        yield digits.lstrip("0") or digits


def wanted(terms: Iterable[Term], reach: Reach, tenant: str) -> list[int]:
    """The grams of every document that fits this far."""
    found = {gram for term in terms for gram in _grams_in(term.needle(reach))}
    return sorted(_numbers(found, tenant))


def rarest(terms: Iterable[Term], reach: Reach, tenant: str, common: Mapping[int, int]) -> list[int]:
    """The few of those grams that leave the least, since each more costs a look at every document that has the others.

    Of several words these are the rarest of each, because words go together less often than grams of one word do.

    Args:
        terms: what a document has to contain.
        reach: how far it may be from whole words.
        tenant: the tenant.
        common: how often each gram is there; those that are missing are rare.
    """
    words = _by_word(terms, reach, tenant, common)
    few = (
        words[0]
        if len(words) == 1
        else sorted({word[0] for word in words}, key=lambda gram: (common.get(gram, 0), gram))
    )
    return sorted(few[:_ASKED])


def share_of(terms: Iterable[Term], reach: Reach, tenant: str, common: Mapping[int, int], sample: int) -> float:
    """How many of the documents have all of that, from 0 to 1: a guess, as if words had nothing to do with each other.

    Args:
        terms: what a document has to contain.
        reach: how far it may be from whole words.
        tenant: the tenant.
        common: how many documents of a sample have each gram.
        sample: how many documents it has.
    """
    return math.prod(common.get(word[0], 0) / sample for word in _by_word(terms, reach, tenant, common))


def _by_word(terms: Iterable[Term], reach: Reach, tenant: str, common: Mapping[int, int]) -> list[list[int]]:
    """The grams of each word, the rarest first."""
    words = {frozenset(_numbers(grams, tenant)) for term in terms for grams in _grams_by_word(term.needle(reach))}
    return [sorted(word, key=lambda gram: (common.get(gram, 0), gram)) for word in words]


def _grams_in(needle: str) -> Iterator[str]:
    """The grams that ``needle`` has for certain, whatever stands before and behind it."""
    for grams in _grams_by_word(needle):
        yield from grams


def _grams_by_word(needle: str) -> Iterator[list[str]]:
    words = needle.split(" ")
    for n, word in enumerate(words):
        before, behind = n > 0, n < len(words) - 1
        padded = f"{' ' * before}{word}{' ' * behind}"
        if not word:
            continue
        if len(padded) >= _SHORT:
            grams = [padded[n : n + 3] for n in range(len(padded) - 2)]
            yield [*grams, padded[:_HEAD]] if before and len(padded) >= _HEAD else grams
        elif before:
            yield [padded]
        elif is_dense(word):
            yield [word]


# -- how well ---------------------------------------------------------------------------------------------------------

_REACHES: Final[tuple[Reach, ...]] = ("words", "beginnings", "inside")
_NOTHING: Final[frozenset[str]] = frozenset()


class Fitting:
    """Says how well documents fit a search; made once for all of them.

    Args:
        terms: all of which a document has to contain.
    """

    __slots__ = ("_heads", "_needles")

    def __init__(self, terms: Sequence[Term]) -> None:
        self._heads: dict[str, str] = {}
        self._needles = [
            (points, [term.needle(reach) for term in terms]) for points, reach in zip((6, 4, 2), _REACHES, strict=True)
        ]

    def score_of(self, document: str, title: str, hidden: Collection[str] = _NOTHING) -> int:
        """The score of `fit_of`, 0 if it does not fit; a good deal sooner where nothing is hidden."""
        if hidden:
            fit = self.fit_of(document, title, hidden)
            return 0 if fit is None else fit.score
        ends = self._ends(document, title)
        for points, needles in self._needles:
            outside = False
            for needle in needles:
                at = document.find(needle)
                if at < 0:
                    break
                outside = outside or at >= ends
            else:
                return points if outside else points + 1
        return 0

    def fit_of(self, document: str, title: str, hidden: Collection[str] = _NOTHING) -> Fit | None:
        """How well a document fits; None if it does not.

        Args:
            document: of a record.
            title: the field that names the record, which counts more.
            hidden: fields that do not count at all.
        """
        ends = 0 if title in hidden else self._ends(document, title)
        segments: list[tuple[str, str]] | None = None
        for points, needles in self._needles:
            outside = False
            for needle in needles:
                at = document.find(needle)
                if at < 0:
                    break
                outside = outside or at >= ends  # the head comes first, so this is the first place
            else:
                if not outside:  # it spares most documents the rest
                    return Fit(points + 1, title)
                if segments is None:
                    segments = [(name, text) for name, text in segments_of(document) if name not in hidden]
                named = [next((name for name, text in segments if needle in text), None) for needle in needles]
                if None in named:
                    continue
                first = next((name for name in named if name != title), None)
                return Fit(points + 1, title) if first is None else Fit(points, first or title)
        return None

    def _ends(self, document: str, title: str) -> int:
        """Where the segment of the title ends, which comes first; 0 if there is none."""
        head = self._heads.get(title)
        if head is None:
            head = self._heads[title] = f"{title.upper()}{_NAMED}"
        return document.find(_ENDED) if document.startswith(head) else 0


_AROUND: Final = 40


def excerpt(values: Sequence[str], terms: Sequence[Term]) -> str:
    """What is around the first word that was found, of the first of ``values`` that has one; else of the first."""
    for value in values:
        folded = with_numbers(fold(value[:MAX_VALUE]))
        if any(term.needle(reach) in folded for term in terms for reach in _REACHES):
            return _cut(value, terms)
    return _cut(values[0], terms) if values else ""


def _cut(value: str, terms: Sequence[Term]) -> str:
    if len(value) <= 2 * _AROUND:
        return value
    firsts = [term.text.partition(" ")[0] for term in terms]
    at = next((m.start() for m in re.finditer(r"\S+", value) if any(w in fold(m.group()) for w in firsts)), 0)
    start = 0 if at <= _AROUND else value.find(" ", at - _AROUND, at) + 1 or at - _AROUND
    end = start + 2 * _AROUND
    if end < len(value):
        end = max(value.rfind(" ", start + _AROUND, end), start + _AROUND)
    return f"{'… ' if start else ''}{value[start:end]}{' …' if end < len(value) else ''}"
