"""What an extra brings is imported where it is needed, and missed in words that say what to do."""

from __future__ import annotations

import json

import pytest

from crmkit.errors import ConfigError
from crmkit.sdk import required_module


def test_what_is_there_is_imported():
    assert required_module("json", what="texts are read", install="crm-mail[html]") is json


def test_what_is_missing_says_what_it_is_for_and_what_brings_it():
    with pytest.raises(ConfigError) as refusal:
        required_module("no_such_library.deep", what="texts are read", install="crm-mail[html]")
    assert str(refusal.value) == (
        "texts are read through no_such_library, which is not installed; run: python -m pip install 'crm-mail[html]'"
    )
