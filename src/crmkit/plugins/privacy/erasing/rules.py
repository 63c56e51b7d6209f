"""Pure decisions about erased persons: by what they are recognised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from crmkit.plugins.privacy.suppressions.rules import MECHANISM_KINDS
from crmkit.sdk import Identifier, Mechanism, SubjectRecord, fold

__all__ = ["IDENTIFIER_CHANNEL", "Trace", "identifier_trace", "traces_of", "traces_of_records"]

IDENTIFIER_CHANNEL: Final = "identifier"
"""What stands in the place of a channel in the hash of an identifier."""

Trace = tuple[str, str]
"""A channel, and the text that is hashed of what is reached over it."""

_CHANNELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        kind: tuple(sorted(channel for channel, reached in MECHANISM_KINDS.items() if reached == kind))
        for kind in ("email", "phone")
    }
    | {"handle": ("handle",)}
)
"""The channels over which a mechanism is the person's own. A postal address or a web page is that of many."""


def traces_of(mechanisms: Iterable[Mechanism], identifiers: Iterable[Identifier]) -> list[Trace]:
    """What of these tells a person from others, to be hashed."""
    found = [trace for one in mechanisms for trace in _mechanism_traces(one.kind, one.search_key)]
    found += [identifier_trace(one.scheme, one.value) for one in identifiers]
    return list(dict.fromkeys(found))


def traces_of_records(records: Iterable[SubjectRecord]) -> list[Trace]:
    """The same of everything that was ever known of a person, by history too."""
    found: list[Trace] = []
    for one in records:
        if one.entity == "mechanism":
            found += [t for key in _ever(one, "search_key") for t in _mechanism_traces(str(one.fields["kind"]), key)]
        elif one.entity == "identifier":
            found += [identifier_trace(str(one.fields["scheme"]), value) for value in _ever(one, "value")]
    return list(dict.fromkeys(found))


def identifier_trace(scheme: str, value: str) -> Trace:
    """What is hashed of an identifier, the same for all spellings that people take for one."""
    return IDENTIFIER_CHANNEL, f"{IDENTIFIER_CHANNEL}:{scheme}:{' '.join(fold(value).split())}"


def _mechanism_traces(kind: str, search_key: str) -> Iterator[Trace]:
    for channel in _CHANNELS.get(kind, ()):
        yield channel, f"{channel}:{search_key}"


def _ever(record: SubjectRecord, name: str) -> Iterator[str]:
    """Every text that a field ever had."""
    values = [record.fields.get(name), *(v for change in record.history for v in change.diff.get(name, ()))]
    yield from (value for value in dict.fromkeys(v for v in values if isinstance(v, str)))
