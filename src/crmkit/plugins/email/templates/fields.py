"""Which values templates may name: fields of the party and of the record it is about, and given ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from crmkit.plugins.email.errors import TemplateError
from crmkit.plugins.email.templates.rules import Part, Place, places
from crmkit.sdk import EntityType, InvalidValueError, Money, Record, UnitOfWork

__all__ = ["Sources", "given_values", "said", "values_for"]

PARTY: Final = frozenset(
    "name given_name additional_names family_name prefix suffix nickname legal_name legal_form language".split()
)
"""Of a party only what one would write to it; other fields of it, and its owner, are nobody's business."""
TYPES: Final = frozenset({"text", "integer", "decimal", "boolean", "date", "instant", "money"})
HIDDEN: Final = frozenset({"id", "version", "created_at", "updated_at", "custom"})
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
LONGEST_VALUE: Final = 20_000

Sources = Mapping[str, tuple[EntityType[Any], Record] | Mapping[str, str]]
"""By the first word of a path: a record as the sender sees it, or given values."""


def values_for(
    uow: UnitOfWork, template: str, parts: Iterable[tuple[Part, str]], sources: Sources
) -> Mapping[str, str]:
    """The values of all places of a template, as far as the sender may read them.

    Args:
        uow: the sender's.
        template: its key, for errors.
        parts: each with what it says.
        sources: where values come from.

    Raises:
        TemplateError: if a place names a field that is unknown, may not be named in a message, or that the sender may
            not read.
    """
    found: dict[str, str] = {}
    for part, source in parts:
        for place in places(template, part, source):
            if place.path not in found:
                found[place.path] = _value(uow, template, part, place, sources)
    return found


def _value(uow: UnitOfWork, template: str, part: Part, place: Place, sources: Sources) -> str:
    first, _, rest = place.path.partition(".")
    source = sources.get(first)
    if source is None:
        known = ", ".join(sorted(sources)) or "nothing"
        reason = f"{first!r} is not there; what it may name begins with: {known}"
        raise TemplateError(template, part, place.line, place.said, reason)
    if isinstance(source, Mapping):
        if rest not in source:
            raise TemplateError(template, part, place.line, place.said, f"no value {rest!r} was given")
        return source[rest]
    entity, record = source
    refusal = _refusal(uow, entity, rest)
    if refusal is not None:
        raise TemplateError(template, part, place.line, place.said, refusal)
    key = rest.removeprefix("custom.")
    return said(record.custom.get(key) if key != rest else getattr(record, rest, None))


def _refusal(uow: UnitOfWork, entity: EntityType[Any], name: str) -> str | None:
    """Why a message may not say the field ``name``; None if it may."""
    if name.startswith("custom."):
        if name.removeprefix("custom.") not in {one.key for one in uow.custom_fields.list(entity.name)}:
            return f"{entity.name} has no custom field {name.removeprefix('custom.')!r}"
    elif name not in entity.shape.fields:
        return f"{entity.name} has no field {name!r}"
    elif not _sayable(entity, name):
        return f"{name!r} of {entity.name} is not for messages"
    return f"{name!r} of {entity.name} is not yours to read" if name in uow.hidden(entity) else None


def _sayable(entity: EntityType[Any], name: str) -> bool:
    shape = entity.shape.fields[name]
    if entity.name == "party":
        return name in PARTY
    return name not in HIDDEN and shape.reference is None and shape.type in TYPES and not name.endswith("_id")


def given_values(values: Mapping[str, object]) -> Mapping[str, str]:
    """Values that the caller gives, as texts.

    Raises:
        InvalidValueError: if a name is none, or a value is no text, number, date or money.
    """
    found: dict[str, str] = {}
    for name, value in values.items():
        if not _KEY.fullmatch(str(name)):
            raise InvalidValueError("values", name, "is no name; use lower case words, such as 'order_number'")
        if not isinstance(value, (str, int, Decimal, date, Money)) and value is not None:
            raise InvalidValueError("values", name, f"is a {type(value).__name__}; give text, numbers, dates or money")
        found[name] = said(value)
    return found


def said(value: object) -> str:
    """A value as a message says it; nothing for None.

    Raises:
        InvalidValueError: if it is too long.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    text = str(value)
    if len(text) > LONGEST_VALUE:
        raise InvalidValueError("values", text[:40], f"is longer than {LONGEST_VALUE} characters")
    return text.replace("\0", "")
