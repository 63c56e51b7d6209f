"""Markdown from code: tables, and what docstrings of the Google style say."""

import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence

_ENTRY = re.compile(r"^    (\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)
_HEADS = ("Args", "Attributes", "Raises", "Returns")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a vertical bar in a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    """``text`` as inline code; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def codes(texts: Iterable[object]) -> str:
    """Several texts as inline code, with commas between."""
    return ", ".join(map(code, texts))


def summary(thing: object) -> str:
    """The first paragraph of a docstring, as Markdown."""
    return prose(thing).partition("\n\n")[0].replace("\n", " ")


def prose(thing: object) -> str:
    """A docstring up to its first section, as Markdown; ``thing`` may be the docstring itself."""
    doc = _doc(thing)
    first = min((doc.find(f"\n{head}:\n") % (len(doc) + 1) for head in _HEADS), default=len(doc))
    return doc[:first].strip()


def entries(thing: object, head: str) -> dict[str, str]:
    """What a section of a docstring, such as ``Attributes``, says of each name; ``thing`` may be the docstring."""
    section = re.search(rf"^{head}:\n((?:    .*\n?|\n)*)", _doc(thing), re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in _ENTRY.findall(section[1] if section else "")}


def returns(thing: object) -> str:
    """What a docstring says that is returned."""
    section = re.search(r"^Returns:\n((?:    .*\n?)*)", _doc(thing), re.MULTILINE)
    return " ".join(section[1].split()) if section else ""


def attributes(cls: type) -> dict[str, str]:
    """What the docstrings of a class, and of those that it inherits from, say of each attribute."""
    said: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        said |= entries(vars(each).get("__doc__") or "", "Attributes")
    return said


def types(cls: type) -> dict[str, str]:
    """The types of a class's attributes as they are written, its own first.

    The annotations are read, not what attrs makes of them: whoever resolves types would change the page.
    """
    found: dict[str, str] = {}
    for each in cls.__mro__:
        found |= {name: str(kind) for name, kind in vars(each).get("__annotations__", {}).items() if name not in found}
    return found


def fenced(text: str, language: str = "python") -> str:
    """A block of code."""
    return f"```{language}\n{text}\n```"


def _doc(thing: object) -> str:
    doc = textwrap.dedent(inspect.cleandoc(thing)) if isinstance(thing, str) else inspect.getdoc(thing) or ""
    return doc.replace("``", "`")
