"""Pure decisions about comments: whom a text mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from crmkit.errors import InvalidValueError, LimitExceededError

__all__ = ["MAX_MENTIONS", "mentioned"]

MAX_MENTIONS: Final = 50
"""How many actors one comment may mention."""

# Not behind a letter, as in an e-mail address. What ends a sentence does not belong to an id that stands before it.
_MENTION: Final = re.compile(r"(?<![\w@.+-])@(\w(?:[\w.:-]{0,126}\w)?)")
_RESERVED: Final = "team:"


def mentioned(body: str, also: Iterable[str] = ()) -> tuple[str, ...]:
    """The ids of the actors that a comment mentions, in order, each once.

    In the text an id follows ``@``, as in ``@u-17``: letters, digits and ``. : _ -``, ending with a letter, digit or
    ``_``. Ids of any other form, such as e-mail addresses, are given beside it. ``@team:`` is kept for teams, which
    nobody can mention yet.

    Args:
        body: the text.
        also: ids that are mentioned although the text does not name them.

    Raises:
        InvalidValueError: if ``also`` is one text instead of several.
        LimitExceededError: if there are more than 50.
    """
    if isinstance(also, str):
        raise InvalidValueError("mentions", also, "is one text; give a list of ids")
    named = (id_ for id_ in _MENTION.findall(body) if not id_.startswith(_RESERVED))
    found = tuple(dict.fromkeys((*named, *also)))
    if len(found) > MAX_MENTIONS:
        raise LimitExceededError("actors mentioned in a comment", MAX_MENTIONS, got=len(found))
    return found
