"""How returns are spread. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from crmkit.plugins.service_desk.returns.model import Pareto, ParetoRow

__all__ = ["pareto"]

VITAL: Final = Decimal("0.8")
_STEP: Final = Decimal("0.0001")


def pareto(counts: Mapping[str, tuple[int, int]]) -> Pareto:
    """How returns are spread over keys.

    A row is vital if those before it do not make up four fifths of all pieces yet.

    Args:
        counts: by key, how many returns and how many pieces.
    """
    total = sum(quantity for _, quantity in counts.values())
    rows, before = [], 0
    for key, (returns, quantity) in sorted(counts.items(), key=lambda item: (-item[1][1], item[0])):
        rows.append(
            ParetoRow(
                key=key,
                returns=returns,
                quantity=quantity,
                share=_share(quantity, total),
                cumulative=_share(before + quantity, total),
                vital=before < VITAL * total,
            )
        )
        before += quantity
    return Pareto(rows=tuple(rows), returns=sum(returns for returns, _ in counts.values()), quantity=total)


def _share(part: int, whole: int) -> Decimal:
    return (Decimal(part) / whole).quantize(_STEP)
