"""What finding takes in every test of search."""

from __future__ import annotations

import pytest


@pytest.fixture
def found(crm):
    """``found("ida", actor="sam")`` gives the labels of what a search finds, the best first."""

    def labels(text, *, actor="ada", **asked):
        with crm.begin(actor, read_only=True) as uow:
            return [hit.label for hit in uow.search.find(text, **asked)]

    return labels


@pytest.fixture
def hits(crm):
    """``hits("ida")`` gives the hits themselves."""

    def of(text, *, actor="ada", **asked):
        with crm.begin(actor, read_only=True) as uow:
            return list(uow.search.find(text, **asked))

    return of
