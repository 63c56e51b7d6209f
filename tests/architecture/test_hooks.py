"""Every hook answers the five questions, is tested by name, and is used by a plugin."""

from __future__ import annotations

import ast
from pathlib import Path

import attrs

from crmkit.core import wiring

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "crmkit-membership"


def names_of_tests():
    """Of every test function in the suite and in the example plugin, with the source of its body."""
    for folder in (ROOT / "tests", EXAMPLE / "tests"):
        for path in folder.rglob("test_*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield node.name


def test_every_hook_answers_the_five_questions(assembly):
    for name, (_, hook) in assembly.runtime.hooks.hooks.items():
        contract = attrs.asdict(hook.contract)
        assert len(contract) == 5, name
        assert [question for question, answer in contract.items() if not answer.strip()] == [], name


def test_every_attribute_of_a_payload_is_described(assembly):
    for name, (_, hook) in assembly.runtime.hooks.hooks.items():
        undescribed = [a.name for a in attrs.fields(hook.payload) if f"{a.name}:" not in (hook.payload.__doc__ or "")]
        assert undescribed == [], name


def test_every_hook_is_tested_by_name(assembly):
    tests = list(names_of_tests())
    assert [hook for hook in assembly.runtime.hooks.hooks if not any(hook in test for test in tests)] == []


def test_every_hook_is_used_by_a_plugin(assembly):
    """By a bundled one, by the areas through the wiring, or by the example plugin."""
    used = {i.name for _, part in assembly.parts for i in part.hooks}
    used |= {i.name for i in wiring.IMPLEMENTATIONS}
    example = (EXAMPLE / "src" / "crmkit_membership" / "plugin.py").read_text("utf-8")
    assert [h for h in assembly.runtime.hooks.hooks if h not in used and f"{h}.by(" not in example] == []
