"""HTML for mail: MJML made responsive, styles put where mail programs look for them, and a plain text out of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from crmkit.plugins.email.errors import TemplateError
from crmkit.plugins.email.requiring import required

__all__ = ["as_text", "finished", "is_mjml"]

_BLOCKS: Final = frozenset(
    "address article blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul".split()
)
_UNSHOWN: Final = frozenset(("head", "script", "style", "template", "title"))
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_SPACE: Final = re.compile(r"[ \t\r\f\v\xa0]+")


def is_mjml(source: str) -> bool:
    """Whether a source is MJML rather than HTML."""
    return source.lstrip()[:5].lower() == "<mjml"


def finished(template: str, source: str) -> str:
    """HTML as it is sent, with places still in it: MJML made into HTML, and styles put into the elements.

    Nothing is fetched: an ``mj-include`` is refused, style sheets that lie elsewhere are left alone.

    Args:
        template: its key, for errors.
        source: MJML or HTML.

    Raises:
        TemplateError: if it is no MJML or its styles cannot be read.
        ConfigError: if the extra is not installed.
    """  # the latter by required
    html = _from_mjml(template, source) if is_mjml(source) else source
    inliner = required("css_inline", what="styles are put into mail")
    try:
        inlined: str = inliner.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False).inline(html)
    except (inliner.InlineError, ValueError) as error:
        raise TemplateError(template, "html", 1, "", f"its styles cannot be read: {error}") from None
    return inlined


def _from_mjml(template: str, source: str) -> str:
    mrml = required("mrml", what="MJML is made into HTML")
    try:
        options = mrml.ParserOptions(include_loader=mrml.noop_loader())
        content: str = mrml.to_html(source, options).content
    except (OSError, ValueError) as error:
        raise TemplateError(template, "html", 1, "", f"it is no MJML: {error}") from None
    return content


class _Reader(HTMLParser):
    """Collects what a reader would see, links with their targets."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSHOWN:
            self._hidden += 1
        elif tag in _BLOCKS:
            self.parts.append("\n" + ("- " if tag == "li" else ""))
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSHOWN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a" and self._links:
            target, start = self._links.pop()
            said = "".join(self.parts[start:]).strip()
            if target and not target.startswith("#") and target.removeprefix("mailto:") != said:
                self.parts.append(f" ({target})")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(_SPACE.sub(" ", data.replace("\n", " ")))


def as_text(html: str) -> str:
    """What a reader of HTML would see, as plain text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (line.strip() for line in "".join(reader.parts).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
