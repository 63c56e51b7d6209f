"""A vCard as a value: its properties in order, with groups and parameters; nothing that was read is lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import Attribute, field, frozen

from crmkit.plugins.exchange.vcard.text import escape, split, unescape
from crmkit.sdk import InvalidValueError

__all__ = ["LOWEST", "Card", "Property"]

Parameters = tuple[tuple[str, tuple[str, ...]], ...]

LOWEST: Final = 101
"""The preference of a property that states none; stated ones go from 1, the highest, to 100 (RFC 6350, section 5.3)."""

_NAME: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
# What no content line can hold, in a value or in a parameter: controls but for the tab, and halves of surrogate pairs.
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_PREFERENCE: Final = re.compile(r"[1-9]\d?|100", re.ASCII)


def _upper(name: str) -> str:
    return name.upper()


def _group(group: str | None) -> str | None:
    return group or None


def _parameters(given: Mapping[str, str | Iterable[str]] | Parameters) -> Parameters:
    pairs = given.items() if isinstance(given, Mapping) else given
    return tuple((_upper(name), (values,) if isinstance(values, str) else tuple(values)) for name, values in pairs)


def _lines(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


def _is_name(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not (isinstance(value, str) and _NAME.fullmatch(value)):
        raise InvalidValueError(attribute.name, value, "is no name in a vCard: letters, digits and '-' only")


def _is_value(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or "\n" in value or _UNWRITABLE.search(value):
        raise InvalidValueError(attribute.name, value, "contains a character that a vCard cannot hold")


def _are_parameters(instance: object, attribute: Attribute[Any], value: Parameters) -> None:
    for name, values in value:
        _is_name(instance, attribute, name)
        if not values:
            raise InvalidValueError(attribute.name, name, "has no value")
        for one in values:
            if _UNWRITABLE.search(one):
                raise InvalidValueError(attribute.name, one, "contains a character that a vCard cannot hold")


@frozen(kw_only=True)
class Property:
    """One property of a card (RFC 6350, section 3.3).

    Attributes:
        name: in upper case, such as ``FN``.
        value: as it is on the wire, unfolded, its escapes left in; `text`, `texts` and `components` read it.
        params: names in upper case, each with its values, in order; made from a mapping, too.
        group: what ties it to other properties of the card, such as ``item1``; None for nothing.
    """

    name: str = field(converter=_upper, validator=_is_name)
    value: str = field(validator=_is_value)
    params: Parameters = field(default=(), converter=_parameters, validator=_are_parameters)
    group: str | None = field(default=None, converter=_group, validator=_is_name)

    @classmethod
    def of(
        cls,
        name: str,
        *texts: str,
        params: Mapping[str, str | Iterable[str]] = MappingProxyType({}),
        group: str | None = None,
    ) -> Property:
        """A property whose value is one text, or a list of them.

        Raises:
            InvalidValueError: if something in it cannot be written.
        """
        value = ",".join(escape(_lines(text)) for text in texts)
        return cls(name=name, value=value, params=_tidy(params), group=group)

    @classmethod
    def structured(
        cls,
        name: str,
        *components: str | Iterable[str] | None,
        params: Mapping[str, str | Iterable[str]] = MappingProxyType({}),
        group: str | None = None,
    ) -> Property:
        """A property of several components (``N``, ``ADR``, ``ORG``), each a text, a list of them, or nothing.

        Raises:
            InvalidValueError: if something in it cannot be written.
        """
        lists = [[c] if isinstance(c, str) else list(c or ()) for c in components]
        value = ";".join(",".join(escape(_lines(text)) for text in texts) for texts in lists)
        return cls(name=name, value=value, params=_tidy(params), group=group)

    @property
    def text(self) -> str:
        """The value as one text."""
        return unescape(self.value)

    @property
    def texts(self) -> tuple[str, ...]:
        """The value as a list of texts, split at commas."""
        return tuple(unescape(part) for part in split(self.value, ","))

    @property
    def components(self) -> tuple[tuple[str, ...], ...]:
        """The value as components, split at semicolons, each a list of texts without empty ones."""
        return tuple(
            tuple(text for part in split(component, ",") if (text := unescape(part)))
            for component in split(self.value, ";")
        )

    def param(self, name: str) -> tuple[str, ...]:
        """All values of a parameter; none if it is not there."""
        return tuple(value for known, values in self.params if known == name for value in values)

    @property
    def types(self) -> tuple[str, ...]:
        """The values of TYPE in lower case; those that stand in one pair of quotes, as some write them, one by one."""
        return tuple(word.strip().lower() for value in self.param("TYPE") for word in value.split(",") if word.strip())

    @property
    def preference(self) -> int:
        """From 1, the most preferred, to 100; `LOWEST` if none is stated. ``TYPE=pref`` (3.0) counts as 1."""
        stated = next(iter(self.param("PREF")), "")
        if _PREFERENCE.fullmatch(stated):
            return int(stated)
        return 1 if "pref" in self.types else LOWEST


def _tidy(params: Mapping[str, str | Iterable[str]]) -> Parameters:
    """Parameters with uniform line breaks, the only ones that RFC 6868 can write."""
    return tuple((name, tuple(_lines(value) for value in values)) for name, values in _parameters(params))


def _as_tuple(properties: Iterable[Property]) -> tuple[Property, ...]:
    return tuple(properties)


@frozen
class Card:
    """A card: its properties in order, without BEGIN, VERSION and END.

    Attributes:
        properties: of it.
    """

    properties: tuple[Property, ...] = field(converter=_as_tuple)

    def __iter__(self) -> Iterator[Property]:
        return iter(self.properties)

    def all(self, name: str) -> list[Property]:
        """The properties called ``name``, the most preferred first."""
        return sorted((p for p in self.properties if p.name == name), key=lambda p: p.preference)

    def first(self, name: str) -> Property | None:
        """The most preferred of the properties called ``name`` that have a value; None if there is none."""
        return next((p for p in self.all(name) if p.value.strip()), None)

    def beside(self, one: Property, name: str) -> Property | None:
        """The property called ``name`` in the same group as ``one``, such as its label."""
        if one.group is None:
            return None
        return next((p for p in self.properties if p.group == one.group and p.name == name), None)
