"""Pure decisions about the lifecycle: which stages there are, and what a move writes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from attrs import evolve

from crmkit.core.parties.lifecycle.model import LifecycleEntry, LifecycleStage
from crmkit.errors import InvalidValueError, UnknownLifecycleStageError
from crmkit.values.instants import format_instant

__all__ = ["check_stages", "default_stages", "moved"]

_STAGES: Final = (
    ("stranger", "Stranger"),
    ("lead", "Lead"),
    ("prospect", "Prospect"),
    ("customer", "Customer"),
    ("former", "Former customer"),
)
"""Key and label, in order."""


def default_stages() -> list[LifecycleStage]:
    """The stages of the lifecycle that a new tenant begins with."""
    return [LifecycleStage(key=key, label=label, position=i) for i, (key, label) in enumerate(_STAGES, 1)]


def check_stages(keys: Iterable[str], stages: Iterable[LifecycleStage]) -> None:
    """Refuse a key that is no stage.

    Raises:
        UnknownLifecycleStageError: if one is none.
    """
    known = [stage.key for stage in sorted(stages, key=lambda stage: (stage.position, stage.key))]
    for key in keys:
        if key not in known:
            raise UnknownLifecycleStageError(key, known=known)


def moved(
    party_id: UUID, current: LifecycleEntry | None, stage: str, *, at: datetime, reason: str | None = None
) -> tuple[LifecycleEntry | None, LifecycleEntry]:
    """The present stay ended at the instant ``at``, if there is one, and the new stay that begins then.

    Raises:
        InvalidValueError: if ``at`` lies before the present stay began.
    """
    entry = LifecycleEntry(party_id=party_id, stage=stage, entered_at=at, reason=reason)
    if current is None:
        return None, entry
    if entry.entered_at < current.entered_at:
        since = format_instant(current.entered_at)
        raise InvalidValueError("at", format_instant(entry.entered_at), f"lies before {current.stage!r} began, {since}")
    return evolve(current, left_at=entry.entered_at), entry
