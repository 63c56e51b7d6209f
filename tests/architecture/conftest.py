"""The whole of crmkit, assembled once: areas and bundled plugins."""

from __future__ import annotations

import pytest

from crmkit import CRM, Config
from crmkit.testing.plugin import SECRET_KEY


@pytest.fixture(scope="session")
def assembly():
    """What a start with every bundled plugin puts together; nothing of it needs a database."""
    installed = CRM(Config.of({})).assemble().found.manifests
    bundled = [m.id for m in installed if m.distribution == "crmkit" and m.id != "conformance_kit"]
    return CRM(Config.of({"crmkit": {"plugins": bundled}, "core": {"secret_keys": [SECRET_KEY]}})).assemble()
