"""What the configuration says about interactions: the section ``[interactions]`` of ``crmkit.toml``."""

from __future__ import annotations

from attrs import frozen

__all__ = ["InteractionsSettings"]


@frozen(kw_only=True)
class InteractionsSettings:
    """Policies on interactions and activities.

    Attributes:
        demand_next_action: entities, such as ``deal``, whose open records must always have a next action: their last
            open activity can be completed or cancelled only together with planning the next one.
    """

    demand_next_action: tuple[str, ...] = ()
