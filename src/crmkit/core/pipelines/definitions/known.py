"""Definitions that this process has read before, so that a move needs one small read to know its pipeline.

A stage is a part of its pipeline, and whatever changes a part raises the version of its root. So stages that were read
with a pipeline are still its stages as long as its version is the same, and reading the pipeline tells.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from crmkit.core.pipelines.definitions.model import Pipeline, Stage

__all__ = ["KNOWN", "KnownDefinitions"]

MOST: Final = 1_000
"""How many pipelines are remembered; then all are forgotten."""

Stamp = tuple[int, datetime | None]


class KnownDefinitions:
    """Ids of pipelines by their keys, which never change, and stages by the version of their pipeline.

    Only what nobody's rights have masked may be kept.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], UUID] = {}
        self._stages: dict[UUID, tuple[Stamp, tuple[Stage, ...]]] = {}

    def id_of(self, tenant: str, key: str) -> UUID | None:
        """The id that the pipeline of this key had; it may be gone."""
        return self._ids.get((tenant, key))

    def keep_id(self, tenant: str, pipeline: Pipeline) -> None:
        """Remember the pipeline's id."""
        if len(self._ids) >= MOST:
            self._ids.clear()
        self._ids[tenant, pipeline.key] = pipeline.id

    def stages(self, pipeline: Pipeline) -> tuple[Stage, ...] | None:
        """The stages of the pipeline as it is, if they are known."""
        stamp, stages = self._stages.get(pipeline.id, (None, ()))
        return stages if stamp == (pipeline.version, pipeline.updated_at) else None

    def keep(self, pipeline: Pipeline, stages: tuple[Stage, ...], *, now: datetime) -> None:
        """Remember the stages of the pipeline as it is, unless a unit at the instant ``now`` has changed it itself.

        What a unit has written may be rolled back, and another may then write something else under the same version.
        """
        if pipeline.updated_at is None or pipeline.updated_at >= now:
            return
        if len(self._stages) >= MOST:
            self._stages.clear()
        self._stages[pipeline.id] = ((pipeline.version, pipeline.updated_at), stages)


KNOWN: Final = KnownDefinitions()
