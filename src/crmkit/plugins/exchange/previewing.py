"""Looking at a file before it is imported; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.plugins.exchange.applying import Outcome
from crmkit.plugins.exchange.config import Settings
from crmkit.plugins.exchange.csv.source import CsvSource
from crmkit.plugins.exchange.drafting import Drafter, in_chunks
from crmkit.plugins.exchange.form import ImportedParty
from crmkit.plugins.exchange.model import SavedMapping
from crmkit.plugins.exchange.reports import ImportOptions, Preview
from crmkit.plugins.exchange.rules import Keyed
from crmkit.plugins.exchange.service import Exchange
from crmkit.plugins.exchange.vcard.source import VcardSource
from crmkit.sdk import NotFoundError

__all__ = ["look_at", "map_columns"]

SHOWN = 20
"""Errors that a preview shows."""
SHOWN_ROWS = 5
"""Rows that a preview shows."""


def map_columns(source: CsvSource | VcardSource, exchange: Exchange, options: ImportOptions) -> str | None:
    """Map the columns of a CSV file: as proposed, as kept for files of this kind, and as the options say, which win.

    Returns:
        The name of the kept mapping that was used.

    Raises:
        NotFoundError: if there is no mapping of the name in the options.
        ImportFileError: if the options name a column that the file does not have.
        InvalidValueError: if a target is none, or a field has two columns.
    """  # raised by the source
    if not isinstance(source, CsvSource):
        return None
    kept = _kept(source, exchange, options)
    targets = {h: t for h, t in kept.targets.items() if h in source.headers} if kept else {}
    order = options.date_order or (kept.date_order if kept else None)
    source.map({**targets, **options.targets}, date_order=order)
    return kept.name if kept else None


def _kept(source: CsvSource, exchange: Exchange, options: ImportOptions) -> SavedMapping | None:
    if options.mapping is None:
        return exchange.mapping_for(source.signature)
    kept = exchange.mapping(options.mapping)
    if kept is None:
        raise NotFoundError("exchange.mapping", options.mapping)
    return kept


def look_at(source: CsvSource | VcardSource, exchange: Exchange, settings: Settings, options: ImportOptions) -> Preview:
    """What importing a file would do.

    Every row is compared with what is there; memory grows with the file by its keys only.

    Args:
        source: the file.
        exchange: reads.
        settings: of the plugin.
        options: how it is read.
    """
    mapping = map_columns(source, exchange, options)
    match = options.match or settings.match
    drafter = Drafter(source, region=options.region or settings.region, allow_invalid=options.allow_invalid)
    total = Outcome()
    first: list[ImportedParty] = []
    seen: set[int] = set()
    repeated = rows = 0
    for chunk in in_chunks(source.rows(), settings.batch_size):
        rows = chunk[-1].number
        first += [row.given for row in chunk if row.given is not None][: SHOWN_ROWS - len(first)]
        drafts, failures = drafter.drafts(chunk)
        found = exchange.compare(drafts, match=match)
        by_number = {row.number: row for row in chunk}
        located = [source.located(failure, by_number[failure.row]) for failure in found.failures]
        found.failures = sorted((*failures, *located), key=lambda error: error.row)
        repeated += _repeated(found.fresh, seen)
        total.plus(found)
    return Preview(
        name=source.file.name,
        format=source.format,
        reading={k: v for k, v in source.options().items() if k in {"encoding", "delimiter", "date_order"}},
        targets=dict(zip(source.headers, source.targets, strict=True)) if isinstance(source, CsvSource) else {},
        mapping=mapping,
        signature=source.signature if isinstance(source, CsvSource) else None,
        rows=rows,
        added=total.added,
        updated=total.updated,
        unchanged=total.unchanged,
        failed=len(total.failures),
        repeated=repeated,
        first=tuple(first),
        errors=tuple(total.failures[:SHOWN]),
        left_out=dict(drafter.left_out),
    )


def _repeated(rows: Sequence[Keyed], seen: set[int]) -> int:
    """How many rows share a key with an earlier one; keys are remembered by their hash."""
    count = 0
    for row in rows:
        keys = {hash(key) for of_way in row.keys for key in of_way}
        count += bool(keys & seen)
        seen |= keys
    return count
