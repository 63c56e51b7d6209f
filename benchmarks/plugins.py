"""The plugins of the benchmarks: one that makes the outbox row of each event, and any number that do nothing."""

from __future__ import annotations

from typing import Any, Final

from crmkit import Manifest
from crmkit.sdk import DealMoved, InteractionRecorded, PartyAdded, Plugin, deal_moving, on, party_viewing

__all__ = ["OUTBOX", "NoOp", "Outbox", "no_ops"]


def forward(uow: Any, event: Any) -> None:
    """Stands for whatever a durable subscriber does; here only its job row matters."""


def see_nothing(context: Any, payload: Any) -> None:
    """Has nothing to say."""


class Outbox(Plugin):
    """Subscribes durably to what the measured commands tell, so that each writes a job row: our outbox."""

    hooks = (
        on(PartyAdded, forward, durable=True),
        on(InteractionRecorded, forward, durable=True),
        on(DealMoved, forward, durable=True),
    )


class NoOp(Plugin):
    """Implements hooks and says nothing."""

    hooks = (deal_moving.by(see_nothing), party_viewing.by(see_nothing))


def _manifest(id_: str, implementation: str) -> Manifest:
    return Manifest(
        id=id_,
        distribution="crmkit-benchmarks",
        version="1.0",
        api=">=1,<2",
        implementation=f"benchmarks.plugins:{implementation}",
    )


OUTBOX: Final = _manifest("outbox", "Outbox")


def no_ops(count: int) -> tuple[Manifest, ...]:
    """Manifests of ``count`` plugins that do nothing."""
    return tuple(_manifest(f"noop_{number}", "NoOp") for number in range(count))
