"""Shows before anything is measured that the variants do the same: same answers, same rows, same history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.contacts import TENANT
from benchmarks.drivers import Driver
from benchmarks.operations import Inputs, Operation
from benchmarks.sizes import Size
from benchmarks.variants import Variant

__all__ = ["check"]

_WRITTEN = (
    *("crm_party", "crm_mechanism", "crm_interaction", "crm_deal", "crm_deal_stage_entry"),
    *("crm_change", "crm_unit", "crm_job", "crm_actor", "crm_denial"),
)


def check(operations: Sequence[Operation], variants: dict[str, Variant], inputs: Inputs, size: Size, url: str) -> None:
    """Do every operation once with each variant and compare.

    Raises:
        AssertionError: if they differ.
    """
    driver = Driver(url)
    try:
        for operation in operations:
            seen = {
                name: _outcome(operation, v, (inputs, size), place, driver)
                for place, (name, v) in enumerate(variants.items())
            }
            assert all(outcome == seen["raw"] for outcome in seen.values()), f"{operation.name}: {seen}"
    finally:
        driver.close()


def _outcome(operation: Operation, variant: Variant, given: tuple[Inputs, Size], place: int, driver: Driver) -> Any:
    inputs, size = given
    if not operation.writes:
        answer = operation.call(variant, Inputs(size), place)  # the same input for all
        return dict(sorted(answer.items())) if isinstance(answer, dict) else answer
    operation.call(variant, inputs, place)  # the first one also notes the actor
    before = _counts(driver)
    operation.call(variant, inputs, place)
    after = _counts(driver)
    return {table: after[table] - before[table] for table in _WRITTEN}, _last_unit(driver)


def _counts(driver: Driver) -> dict[str, int]:
    counts = {table: driver.rows(f"SELECT count(*) FROM {table}", ())[0][0] for table in _WRITTEN}
    driver.connection.commit()
    return counts


def _last_unit(driver: Driver) -> list[Any]:
    """What the last unit says of itself and of its changes and jobs, without ids and instants."""
    latest = (
        "SELECT id, actor_id, commands, source, reversible FROM crm_unit WHERE tenant_id = ? ORDER BY id DESC LIMIT 1"
    )
    id_, actor, commands, source, reversible = driver.rows(driver.sql(latest), (TENANT,))[0]
    changes = driver.rows(
        driver.sql(
            "SELECT seq, entity, version, op, diff, root_version FROM crm_change WHERE unit_id = ? ORDER BY seq"
        ),
        (id_,),
    )
    jobs = driver.rows(driver.sql("SELECT name, handler, state, payload FROM crm_job WHERE unit_id = ?"), (id_,))
    driver.connection.commit()
    told = [command["command"] for command in _json(commands)]
    return [
        (actor, told, source, bool(reversible)),
        [(*row[:4], sorted(_json(row[4])), row[5]) for row in changes],
        [(*row[:3], sorted(_json(row[3]))) for row in jobs],
    ]


def _json(raw: Any) -> Any:
    return json.loads(raw) if isinstance(raw, str) else raw
