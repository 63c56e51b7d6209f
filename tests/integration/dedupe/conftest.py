"""The CRM of the suite with the plugin in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from attrs import evolve

from crmkit import CRM, Actor, Clock
from crmkit.plugins.dedupe.manifest import MANIFEST
from crmkit.plugins.exchange.manifest import MANIFEST as EXCHANGE

REVIEWERS = frozenset({"sam", "ned"})


@pytest.fixture
def crm_set(
    crm_with: Callable[..., CRM], tenant: str
) -> Callable[..., CRM]:  # pytest 8 does not look beneath an overridden fixture
    """A function that gives the suite's CRM with `dedupe` and `exchange` loaded, and settings of the former.

    The sellers ``sam`` and ``ned`` are reviewers of duplicates too.
    """
    bare = crm_with()

    def directory(tenant: str, ids: Sequence[str]) -> Mapping[str, Actor]:
        found = bare.runtime.directory(tenant, ids)
        return {
            id_: evolve(actor, roles=(*actor.roles, "duplicate_reviewer")) if id_ in REVIEWERS else actor
            for id_, actor in found.items()
        }

    def made(*, clock: Clock | None = None, **settings: Any) -> CRM:
        values = {"crmkit.plugins": ["dedupe", "exchange"], "plugins": {"dedupe": settings}}
        config, manifests = bare.config.override(values), [MANIFEST, EXCHANGE]
        extended = CRM(config, engine=bare.engine, actors=directory, manifests=manifests, clock=clock)
        extended.schema.upgrade()
        extended.start()
        for plugin in ("dedupe", "exchange"):
            extended.tenants.seed(tenant, plugin=plugin)
        return extended

    return made


@pytest.fixture
def crm(crm_set: Callable[..., CRM]) -> CRM:
    """The CRM with the default settings."""
    return crm_set()
