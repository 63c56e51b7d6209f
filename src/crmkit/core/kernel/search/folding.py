"""Folding: texts that people take for the same become the same, whatever their case, accents, width or punctuation."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["fold", "is_dense"]

# Marks that are left out. Not those of scripts in which they are letters to their readers, as in Hindi or Thai, nor the
# voicing marks of Japanese.
_MARKS: Final = re.compile(
    "["
    "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"  # Latin, Greek, Cyrillic
    "\u0591-\u05c7"  # Hebrew points
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed"  # Arabic vowel signs and the tatweel
    "]+"
)
_APOSTROPHES: Final = re.compile("['`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u2018\u2019\u201b\u2032\uff07]+")
# Letters that are no other letter with a mark, but are written as one by those who lack them; and letters that differ
# between languages of one script, or by their place in the word.
_ALIKE: Final = str.maketrans({
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ı": "i",  # noqa: RUF001  # it is that letter
    "ĸ": "k",
    "ł": "l",
    "ŋ": "n",
    "ŧ": "t",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ς": "σ",  # noqa: RUF001  # it is that letter
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ة": "ه",  # noqa: RUF001  # it is that letter
})
# What stands between words: all but letters and digits, and but the signs of scripts that write vowels as marks.
_BETWEEN: Final = re.compile("(?:[^\\w\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3099\u309a]|_)+")
_ASCII_BETWEEN: Final = re.compile("[^a-z0-9]+")
_DENSE: Final = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)


def fold(text: str) -> str:
    """``text`` in the form in which texts are compared: folded words with one space between them.

    Case (also of Greek and German: ``ß`` is ``ss``), accents, the width of letters and all punctuation are dropped.
    An apostrophe joins (``O'Neil`` is ``oneil``), any other punctuation divides (``anne-marie`` is two words). Digits
    of all scripts become ASCII digits. What is folded folds to itself.

    Source: Unicode Standard Annex 15 (NFKC) and the default case folding of the Unicode Standard, section 3.13.
    """
    if text.isascii():
        return _ASCII_BETWEEN.sub(" ", _APOSTROPHES.sub("", text.lower())).strip()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", _APOSTROPHES.sub("", text)).casefold())
    plain = _MARKS.sub("", plain).translate(_ALIKE)
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", plain).casefold().translate(_ALIKE))
    return _BETWEEN.sub(" ", "".join(map(_digit, plain))).strip()


def is_dense(word: str) -> bool:
    """Whether one or two letters of ``word`` already mean something, as in Chinese, Japanese and Korean."""
    return _DENSE.search(word) is not None


def _digit(letter: str) -> str:
    return str(unicodedata.digit(letter)) if letter.isdecimal() else letter
