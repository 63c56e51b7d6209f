"""What the package offers to others, and what it does not do unasked."""

import subprocess
import sys

import crmkit_membership
import pytest


def test_reading_the_manifest_imports_nothing_else_of_the_plugin():
    code = (
        "import sys, crmkit_membership.manifest; "
        "print(*sorted(name for name in sys.modules if name.startswith('crmkit_membership')))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["crmkit_membership", "crmkit_membership.manifest"]


@pytest.mark.parametrize("name", crmkit_membership.__all__)
def test_every_public_name_is_there(name):
    assert getattr(crmkit_membership, name).__name__ == name


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="has no attribute 'Cart'"):
        crmkit_membership.Cart  # noqa: B018  # asking for it is the test
