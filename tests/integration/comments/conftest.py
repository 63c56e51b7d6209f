"""People of one team and of others, and a plugin that knows nothing of comments."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from crmkit import Person, Ref

TOY = Path(__file__).parents[1] / "history" / "toy"


@pytest.fixture
def toy(monkeypatch):
    """A plugin of cards, without a word about comments, attachments and decisions."""
    monkeypatch.syspath_prepend(str(TOY))
    if "crm_toycards" not in sys.modules:
        importlib.import_module("crm_toycards")
    return sys.modules["crm_toycards"]


@pytest.fixture
def with_cards(crm, crm_with, toy):
    """The CRM of `crm`, with the plugin of cards."""
    return crm_with(toy.MANIFEST)


@pytest.fixture
def ida(crm):
    """A party of the team sales: sam, sue, max, vic and ada see it, ned and nobody do not."""
    with crm.begin("sam") as uow:
        return Ref("party", uow.parties.add(Person(given_name="Ida", family_name="Berg")).id)
