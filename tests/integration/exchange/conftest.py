"""The CRM of the suite with the plugin in it, and importers and exporters of its actors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from attrs import evolve

from crmkit import CRM, Actor, Party
from crmkit.plugins.exchange import Exporter, Importer
from crmkit.plugins.exchange.manifest import MANIFEST

DATA = Path(__file__).resolve().parents[3] / "examples" / "data"


@pytest.fixture
def crm(crm: CRM, database_url: str, tenant: str) -> CRM:  # pytest 8 does not look beneath a fixture that is overridden
    """The suite's CRM with `exchange` loaded, in batches of five rows, so that small files have several.

    The sellers ``sam`` and ``ned`` are importers and exporters too.
    """
    config = crm.config.override({"crmkit.plugins": ["exchange"], "plugins": {"exchange": {"batch_size": 5}}})

    def directory(tenant: str, ids: Sequence[str]) -> Mapping[str, Actor]:
        found = crm.runtime.directory(tenant, ids)
        return {
            id_: evolve(actor, roles=(*actor.roles, "importer", "exporter")) if id_ in {"sam", "ned"} else actor
            for id_, actor in found.items()
        }

    extended = CRM(config, engine=crm.engine, actors=directory, manifests=[MANIFEST])
    extended.schema.upgrade()
    extended.start()
    extended.tenants.seed(tenant, plugin="exchange")
    return extended


@pytest.fixture
def importer(crm: CRM) -> Importer:
    return Importer(crm, actor="ada")


@pytest.fixture
def exporter(crm: CRM) -> Exporter:
    return Exporter(crm, actor="ada")


@pytest.fixture
def parties(crm: CRM) -> Callable[[], dict[str, Party]]:
    """A function that gives all parties by name."""

    def read() -> dict[str, Party]:
        with crm.begin("ada", read_only=True) as uow:
            return {party.name: party for party in uow.each(Party)}

    return read


def csv_file(text: str, *, name: str = "people.csv", encoding: str = "utf-8") -> BytesIO:
    """A CSV file in memory."""
    file = BytesIO(text.encode(encoding))
    file.name = name
    return file


@pytest.fixture
def csv() -> Callable[..., BytesIO]:
    return csv_file


@pytest.fixture
def data() -> Path:
    """The folder of the example files."""
    return DATA
