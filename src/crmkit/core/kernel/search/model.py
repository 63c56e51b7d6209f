"""What a search finds."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from crmkit.values.ref import Ref

__all__ = ["Fit", "Reach", "SearchHit"]

Reach = Literal["words", "beginnings", "inside"]
"""Where words of a search are looked for: among whole words, at their beginnings, or inside of them too."""


@frozen
class Fit:
    """How well a record fits a search.

    Attributes:
        score: 6 if all words of the search are words of the record, 4 if they begin words, 2 if they are parts of
            words; and one more if all are found in the field that names the record.
        field: where the first of them was found that is not in that field; otherwise that field.
    """

    score: int
    field: str


@frozen(kw_only=True)
class SearchHit:
    """A record that a search has found, and that the actor may see.

    Attributes:
        ref: the record.
        label: what names it to people; empty where the actor may not read that field.
        score: how well it fits, 2 to 7; see `Fit`.
        field: where it was found: a field of the record, or ``part.field``, such as ``mechanism.raw``.
        snippet: what stands there, cut to what is around the word that was found.
    """

    ref: Ref
    label: str
    score: int
    field: str
    snippet: str
