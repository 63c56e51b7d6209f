"""Rules about files and their text that no linter knows. Each is tried on a planted violation, too."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "crmkit"

NAMES_THAT_SAY_NOTHING = {"base", "common", "helper", "helpers", "misc", "util", "utils"}

# Modules that may write SQL as text. Each was reviewed: no value and no name from outside ends up in a statement.
REVIEWED_FOR_TEXT: frozenset[str] = frozenset()

FOLDERS = (".ci", "benchmarks", "docs", "examples", "src", "tests")
TEXT_SUFFIXES = {"", ".cfg", ".ini", ".md", ".mako", ".py", ".pyi", ".sh", ".toml", ".txt", ".yaml", ".yml"}
BUILT = {"__pycache__", "_build", "build", "dist"}

MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:home|mnt|opt|root|srv|Users|work)/[\w.]|[A-Z]:\\Users\\")
REGISTRY = re.compile(r"\bpypi\.org\b|\bregistry\.[a-z]+\.(?:com|io|org)\b|--(?:extra-)?index-url|--find[-]links")

SILENCER = re.compile(
    r"""(?P<what>noqa|type:\s*ignore|pyright:\s*ignore|pragma:\s*no\s*(?:cover|branch))
        (?P<rule>:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[\w-]+(?:,\s*[\w-]+)*\])?
        [\s:(-]*(?P<reason>.*)""",
    re.VERBOSE,
)
SHORTEST_REASON = 8  # characters; "mypy" or "ok" is none


def python_files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted(folder.rglob("*.py")) if not BUILT & set(path.parts))


def project_texts() -> Iterator[Path]:
    # In a worktree of git, .git is a file.
    own = (path for path in ROOT.iterdir() if path.name != ".git")
    candidates = [*own, *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    for path in sorted(candidates):
        hidden_below = any(part.startswith(".") for part in path.relative_to(ROOT).parts[1:])
        if path.is_file() and path.suffix in TEXT_SUFFIXES and not hidden_below and not BUILT & set(path.parts):
            yield path


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_matching(pattern: re.Pattern[str], text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def unexplained_silencers(source: str) -> list[str]:
    """Comments that switch a check off without naming the rule or without saying why."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        parts = [part.strip() for part in token.string.split("#") if part.strip()]
        silencers = [match for part in parts if (match := SILENCER.match(part))]
        reasons = [part for part in parts if not SILENCER.match(part)] + [match["reason"] for match in silencers]
        nameless = any(match["rule"] is None and not match["what"].startswith("pragma") for match in silencers)
        if silencers and (nameless or max(map(len, reasons)) < SHORTEST_REASON):
            found.append(f"line {token.start[0]}: {token.string}")
    return found


def uses_of_sql_text(source: str) -> list[int]:
    """Lines that import or call SQLAlchemy's text()."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").split(".")[0] == "sqlalchemy"
            and any(alias.name == "text" for alias in node.names)
        )
        or (
            isinstance(node, ast.Attribute)
            and node.attr == "text"
            and isinstance(node.value, ast.Name)
            and node.value.id in {"sa", "sqlalchemy"}
        )
    ]


def names_in_all(source: str) -> list[str]:
    for node in ast.parse(source).body:
        targets: Iterable[ast.expr] = node.targets if isinstance(node, ast.Assign) else ()
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))
    return []


def as_ruff_sorts(names: list[str]) -> list[str]:
    """Constants, then classes, then the rest: the order in which ruff keeps imports and `__all__`."""
    return sorted(names, key=lambda name: (not name.isupper(), not name[:1].isupper(), name))


def test_no_file_has_a_name_that_says_nothing():
    assert [shown(path) for path in SOURCE.rglob("*") if path.stem in NAMES_THAT_SAY_NOTHING] == []


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["path of one machine", "package registry"])
def test_no_file_names_a(pattern):
    found = {shown(path): lines_matching(pattern, path.read_text("utf-8")) for path in project_texts()}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_every_silenced_check_names_its_rule_and_its_reason():
    """The typing tests are exempt: there the refusal that is silenced is the assertion itself."""
    folders = [ROOT / folder for folder in ("benchmarks", "docs", "examples", "src", "tests")]
    files = [ROOT / "noxfile.py", *python_files(*folders)]
    found = {
        shown(path): unexplained_silencers(path.read_text("utf-8"))
        for path in files
        if not path.is_relative_to(ROOT / "tests" / "typing")
    }
    assert {path: comments for path, comments in found.items() if comments} == {}


def test_sql_is_written_as_text_only_where_it_was_reviewed():
    users = {shown(path) for path in python_files(SOURCE) if uses_of_sql_text(path.read_text("utf-8"))}
    assert users == REVIEWED_FOR_TEXT


def test_every_module_says_what_it_is():
    sources = {shown(path): path.read_text("utf-8") for path in python_files(SOURCE)}
    assert [name for name, source in sources.items() if not ast.get_docstring(ast.parse(source))] == []


def test_every_list_of_public_names_is_sorted_and_free_of_repetition():
    found = {shown(path): names_in_all(path.read_text("utf-8")) for path in python_files(SOURCE)}
    assert {path: names for path, names in found.items() if names != as_ruff_sorts(list(set(names)))} == {}


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# noqa  # a reason, but no rule",
        "# noqa: S608",
        "# noqa: S608  # ok",
        "# type: ignore  # a reason, but no rule",
        "# type: ignore[arg-type]",
        "# type: ignore[arg-type]  # pyright: ignore[reportArgumentType]",
        "# pragma: no cover",
    ],
)
def test_the_rule_on_silencers_refuses(comment):
    assert unexplained_silencers(f"x = 1  {comment}\n")


@pytest.mark.parametrize(
    "comment",
    [
        "# an ordinary comment",
        "# noqa: S608, PLC0415  # every name is checked against the registry",
        "# type: ignore[arg-type]  # the driver ships no types",
        "# type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the driver ships no types",
        "# pragma: no cover  # runs only where PostgreSQL is missing",
        "# pragma: no cover - runs only where PostgreSQL is missing",
    ],
)
def test_the_rule_on_silencers_accepts(comment):
    assert not unexplained_silencers(f"x = 1  {comment}\n")


@pytest.mark.parametrize(
    "source",
    ["from sqlalchemy import select, text", "from sqlalchemy.sql import text", "import sqlalchemy as sa\nsa.text('x')"],
)
def test_the_rule_on_sql_text_refuses(source):
    assert uses_of_sql_text(source)


@pytest.mark.parametrize("place", ["home/ida/crm.db", "Users/ida/crm.db", "opt/crm/bin", "root/.config"])
def test_the_rule_on_machine_paths_refuses(place):
    assert lines_matching(MACHINE_PATH, f"open('/{place}')") == [1]


def test_the_rule_on_public_names_reads_them():
    assert names_in_all("__all__ = ['B', 'a']") == ["B", "a"]
    assert as_ruff_sorts(["find", "Person", "MANIFEST", "f"]) == ["MANIFEST", "Person", "f", "find"]
