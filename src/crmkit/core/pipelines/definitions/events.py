"""What happened to pipelines."""

from __future__ import annotations

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["PipelineChanged", "PipelineDefined", "PipelineRemoved"]


@frozen(kw_only=True)
class PipelineDefined(Event):
    """A pipeline has been defined.

    Attributes:
        pipeline: its key.
    """

    pipeline: str


@frozen(kw_only=True)
class PipelineChanged(Event):
    """A pipeline's label, policies or stages have changed.

    Attributes:
        pipeline: its key.
    """

    pipeline: str


@frozen(kw_only=True)
class PipelineRemoved(Event):
    """A pipeline has been removed, with its stages.

    Attributes:
        pipeline: its key.
    """

    pipeline: str
