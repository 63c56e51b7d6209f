"""What is shown of incoming mail: HTML by an allow-list, and the part of a text that is new."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from crmkit.plugins.email.requiring import required

__all__ = ["clean_html", "fresh_text"]

_DROPPED: Final = {
    "script",
    "style",
    "title",
    "head",
    "iframe",
    "object",
    "embed",
    "noscript",
    "template",
    "svg",
    "math",
}
LONGEST_QUOTED: Final = 100_000
"""Characters that are searched for quotations; what is longer is no letter that somebody wrote."""


def clean_html(html: str) -> str:
    """HTML that shows what was written and does nothing: no script, no style, no form, and nothing that is fetched.

    Pictures keep only what they say instead (``alt``), since to fetch one tells the sender that it was read; links open
    only when somebody follows them.
    """
    nh3 = required("nh3", what="incoming HTML is made safe")

    def attribute(_: str, name: str, value: str) -> str | None:
        return None if name in {"src", "srcset", "background", "style", "longdesc", "cite"} else value

    allowed: Any = set(nh3.ALLOWED_TAGS) - {"form", "input", "button"}
    cleaned: str = nh3.clean(
        html,
        tags=allowed - _DROPPED,
        clean_content_tags=_DROPPED - allowed | {"script", "style"},
        attribute_filter=attribute,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )
    return cleaned


def fresh_text(text: str, languages: Sequence[str]) -> str:
    """A text without what it quotes; all of it if nothing else would be left.

    Args:
        text: what was written.
        languages: in which programs announce quotations, such as ``en``.
    """
    if len(text) > LONGEST_QUOTED or not text.strip():
        return text
    parser = required("mailparser_reply", what="quotations are found").EmailReplyParser(languages=list(languages))
    with suppress(Exception):  # its expressions were not written for every text there is
        found = parser.parse_reply(text=text)
        if isinstance(found, str) and found.strip():
            return found.strip()
    return text
