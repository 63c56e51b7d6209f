"""Every page of documentation with Python in it runs, or is listed as one that does not, with the reason."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from crmkit import CRM, Config
from crmkit.testing import Actors

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p for p in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")) if "_build" not in p.parts)

NOT_RUN: dict[str, str] = {}
"""Pages with Python that is not run, each with the reason."""


def shown(page):
    return page.relative_to(ROOT).as_posix()


def with_python():
    return [p for p in PAGES if "```python" in p.read_text("utf-8") or "```py\n" in p.read_text("utf-8")]


@pytest.mark.parametrize("page", [p for p in with_python() if shown(p) not in NOT_RUN], ids=shown)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    """From top to bottom, in a folder of its own; ``crm`` is a started CRM where a page does not make one."""
    monkeypatch.chdir(tmp_path)
    crm = CRM(Config.of({"database.url": "sqlite://", "crmkit.default_tenant": "acme"}), actors=Actors())
    crm.schema.upgrade()
    crm.start()
    crm.tenants.create("acme")
    document = Sybil(parsers=[PythonCodeBlockParser()]).parse(page)
    document.namespace["crm"] = crm
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pages leave their databases to the end of the process
        for example in document:
            example.evaluate()


def test_every_page_that_is_not_run_is_there_and_has_python_in_it():
    assert set(NOT_RUN) <= {shown(page) for page in with_python()}
