"""What an import and an export keep in memory does not depend on how many rows there are.

The benchmark does the same with 100,000 rows; here the difference between few and many is what counts.
"""

from __future__ import annotations

import tracemalloc
from io import BytesIO

import pytest

from crmkit import CRM, Party
from crmkit.plugins.exchange import Exporter, Importer

FEW, MANY = 1_000, 5_000
MOST = 6 << 20
"""Bytes by which many rows may need more than few: batches that Python has not collected yet, but not every row."""


def people(count, tag):
    rows = (f"{tag} {n},Berg,{tag}{n}@berg.example,+47 22{n:06d},Street {n},0150,Oslo\n" for n in range(count))
    return BytesIO(("given name,family name,email,phone,street,postal code,city\n" + "".join(rows)).encode())


def peak_of(action):
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Nowhere(BytesIO):
    """Counts what is written to it and keeps nothing."""

    written = 0

    def write(self, data):
        self.written += len(data)
        return len(data)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(crm):
    usual = CRM(
        crm.config.override({"plugins": {"exchange": {"batch_size": 500}}}),
        engine=crm.engine,
        actors=crm.runtime.directory,
    ).start()
    importer, exporter = Importer(usual, actor="ada"), Exporter(usual, actor="ada")
    importer.run(people(600, "warm"))  # statements, and what the caches of normalised values hold, are kept
    few, many = people(FEW, "few"), people(MANY, "many")
    peaks = [peak_of(lambda file=file: importer.run(file)) for file in (few, many)]
    assert peaks[1] - peaks[0] < MOST
    with usual.begin("ada", read_only=True) as uow:
        assert uow.count(Party) == 600 + FEW + MANY
    out = Nowhere()
    assert peak_of(lambda: exporter.run(out, format="csv")) < peaks[0] + MOST
    assert out.written > 50 * (FEW + MANY)
