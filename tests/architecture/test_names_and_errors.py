"""What is public is exactly what is listed, and every error has its place in the tree."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import crmkit
from crmkit import errors

SOURCE = Path(crmkit.__file__).parent


@pytest.mark.parametrize("module", ["crmkit.api", "crmkit.sdk"])
def test_the_public_names_of_a_door_are_exactly_those_listed(module):
    """Whatever is imported there by name, or defined there, is public, and nothing else is."""
    found = importlib.import_module(module)
    tree = ast.parse(Path(found.__file__).read_text("utf-8"))
    given = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crmkit"):
            given |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            given.add(node.name)
    assert given == set(found.__all__)
    assert [name for name in found.__all__ if not hasattr(found, name)] == []


def test_the_package_root_offers_what_the_api_lists():
    api = importlib.import_module("crmkit.api")
    assert crmkit.__all__ == api.__all__
    assert all(getattr(crmkit, name) is getattr(api, name) for name in api.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Kontakt'"):
        crmkit.Kontakt  # noqa: B018  # asking for it is the test


def test_the_kit_offers_what_it_lists():
    testing = importlib.import_module("crmkit.testing")
    assert all(getattr(testing, name).__module__.startswith("crmkit.testing.") for name in testing.__all__)


def test_every_error_is_drawn_in_the_tree_under_its_parent():
    drawn = {}
    above = {-1: None}
    for line in errors.__doc__.splitlines():
        match = re.match(r"^    ([│ ]*)(?:[├└]── )?([A-Z]\w+Error)\b", line)
        if match:
            depth = 0 if match[2] == "CrmkitError" else len(match[1]) // 4 + 1
            above[depth] = match[2]
            drawn[match[2]] = above.get(depth - 1)
    there = {
        name: cls.__mro__[1].__name__ if cls is not errors.CrmkitError else None
        for name, cls in vars(errors).items()
        if isinstance(cls, type) and issubclass(cls, errors.CrmkitError)
    }
    assert drawn == there


def test_every_error_ends_in_error_and_has_a_code_of_its_own():
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.CrmkitError)]
    assert [c.__name__ for c in classes if not c.__name__.endswith("Error")] == []
    codes = [c.code for c in classes]
    assert sorted(codes) == sorted(set(codes))


def test_no_error_of_crmkit_is_defined_elsewhere():
    """But for those that a plugin, or a private part, raises to itself."""
    strays = []
    for info in pkgutil.walk_packages([str(SOURCE / "core")], "crmkit.core."):
        if ".migrations." in info.name:
            continue
        module = importlib.import_module(info.name)
        strays += [
            f"{info.name}.{name}"
            for name, cls in inspect.getmembers(module, inspect.isclass)
            if issubclass(cls, errors.CrmkitError) and cls.__module__ == info.name
        ]
    assert strays == []
