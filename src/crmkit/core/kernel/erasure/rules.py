"""Pure decisions about erasure: which values go, what stands in their place, and which texts repeat them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import define, field

from crmkit.core.kernel.entities.custom import PREFIX, key_of
from crmkit.core.kernel.entities.erased import ERASED_TEXT, blanked, is_erased

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.definitions import Definitions
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.history.rules import Image

__all__ = ["Blanking", "Repeated", "leaves", "scrubbed"]

SHORT: Final = 3
"""Texts with fewer characters are looked for nowhere: too many others would fit."""
TELLING: Final = 5
"""From how many characters on a text is looked for where nothing else says that it is about the person."""
_FREE_KINDS: Final = frozenset({"text", "long_text", "url", "email", "phone"})
_FREE_LETTERS: Final = frozenset("tj")


class Blanking:
    """What erasing makes of records of one entity.

    Args:
        entity: as the catalogue knows it.
        definitions: the custom fields of the tenant.
        only: erase these fields instead of all that are personal.
    """

    def __init__(self, entity: EntityType[Any], definitions: Definitions, *, only: Iterable[str] | None = None) -> None:
        self._entity, self._definitions = entity, definitions
        every = {name for name, shape in entity.shape.fields.items() if shape.personal}
        self._fields = every if only is None else set(only)
        self._custom = only is None
        self._unique = {column for unique in entity.shape.uniques for column in unique}

    @property
    def fields(self) -> frozenset[str]:
        """The fields that lose their values, without custom ones."""
        return frozenset(self._fields)

    def takes(self, name: str, value: Any) -> bool:
        """Whether the value of a field, in JSON form, is to go."""
        if value is None or is_erased(value):
            return False
        if name.startswith(PREFIX):
            return self._custom and self._takes_custom(name, value)
        return name in self._fields and name in self._entity.shape.fields

    def blank(self, name: str, value: Any, id_: UUID) -> Any:
        """What stands in the table instead of a value that goes."""
        if name.startswith(PREFIX):
            return None
        return blanked(self._entity.shape.fields[name], value, id_, unique=name in self._unique)

    def marked(self, diff: Mapping[str, Any], id_: UUID, mark: Any) -> dict[str, Any]:
        """What history is to say instead of a diff; the same if nothing in it goes. Blanks stay: they say nothing."""
        return {name: tuple(self._marked(name, value, id_, mark) for value in pair) for name, pair in diff.items()}

    def lost(self, image: Image, id_: UUID) -> dict[str, Any]:
        """The fields of a record that lose their values, each with what stands in its place."""
        found = {name: self.blank(name, value, id_) for name, value in image.items() if self.takes(name, value)}
        return {name: value for name, value in found.items() if value != image[name]}

    def _marked(self, name: str, value: Any, id_: UUID, mark: Any) -> Any:
        goes = self.takes(name, value) and value != self.blank(name, value, id_)
        return mark if goes else value

    def _takes_custom(self, name: str, value: Any) -> bool:
        """As the field says; of a text that no class, or no field any more, says anything of, yes."""
        one = self._definitions.find(self._entity.name, key_of(name))
        if one is not None and one.data_class is not None:
            return one.data_class == "personal"
        if one is not None:
            return one.kind in _FREE_KINDS
        return not _FREE_LETTERS.isdisjoint(value)


# -- where else a value stands ----------------------------------------------------------------------------------------


@define
class Repeated:
    """Values that were erased, by which copies of them are found in payloads, answers and reasons.

    Attributes:
        exact: every text that was erased.
        telling: those of the person itself: names, mechanisms, identifiers.
    """

    exact: set[str] = field(factory=set)
    telling: set[str] = field(factory=set)
    _patterns: dict[int, re.Pattern[str]] = field(factory=dict)

    def learn(self, value: Any, *, own: bool) -> None:
        """Take note of a value that goes, in JSON form.

        Args:
            value: what goes.
            own: whether it is the person's own, and not of something about it.
        """
        for text in leaves(value):
            if len(text) >= SHORT:
                self.exact.add(text)
                if own:
                    self.telling.add(text)

    def about(self, text: str) -> bool:
        """Whether a text of something that is about the person repeats a value."""
        return text in self.exact or self._has(text, SHORT)

    def anywhere(self, text: str) -> bool:
        """Whether a text of anything repeats a value of the person."""
        return self._has(text, TELLING)

    def _has(self, text: str, least: int) -> bool:
        """Whether one of the telling texts of at least so many characters stands in a text, as words of it."""
        pattern = self._patterns.get(least)
        if pattern is None:
            words = sorted((one for one in self.telling if len(one) >= least), key=len, reverse=True)
            alike = "|".join(map(re.escape, words)) or r"(?!)"
            pattern = self._patterns[least] = re.compile(rf"(?<!\w)(?:{alike})(?!\w)", re.IGNORECASE)
        return pattern.search(text) is not None


def leaves(value: Any) -> Iterator[str]:
    """The texts in a value in JSON form."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from leaves(each)


def scrubbed(value: Any, repeats: Callable[[str], bool]) -> Any:
    """A value in JSON form with what stands for an erased text in the place of each that repeats one."""
    if isinstance(value, str):
        return ERASED_TEXT if repeats(value) else value
    if isinstance(value, Mapping):
        return {key: scrubbed(each, repeats) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [scrubbed(each, repeats) for each in value]
    return value
