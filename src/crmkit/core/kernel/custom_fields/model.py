"""What a custom field is: its definition, which is a record like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import Attribute, field, frozen

from crmkit.core.kernel.entities.custom import PREFIX, physical_name
from crmkit.core.kernel.entities.entity import Record
from crmkit.errors import InvalidKeyError, InvalidValueError
from crmkit.values import checks

__all__ = ["CustomField", "FieldKind", "FieldStatus", "KindChange", "check_key"]

FieldKind = Literal[
    "text",
    "long_text",
    "number",
    "decimal",
    "money",
    "date",
    "instant",
    "boolean",
    "choice",
    "choices",
    "reference",
    "url",
    "email",
    "phone",
]
KINDS: Final[tuple[str, ...]] = get_args(FieldKind)
LETTERS: Final[Mapping[FieldKind, str]] = {
    "text": "t",
    "long_text": "t",
    "number": "n",
    "decimal": "x",
    "money": "m",
    "date": "d",
    "instant": "i",
    "boolean": "b",
    "choice": "t",
    "choices": "c",
    "reference": "r",
    "url": "t",
    "email": "t",
    "phone": "t",
}
"""How the values of each kind are stored; see `crmkit.core.kernel.entities.custom`."""
UNIQUE_KINDS: Final = frozenset({"text", "number", "decimal", "date", "instant", "reference", "url", "email", "phone"})
"""The kinds of which two records may be forbidden to have the same value."""
INDEXED_KINDS: Final = frozenset(KINDS) - {"long_text", "choices"}
"""The kinds of which an index can be built."""
SEARCHED_KINDS: Final = frozenset({"text", "long_text", "choice", "choices", "url", "email", "phone"})
"""The kinds whose values are texts, so that full-text search may cover them."""
MAX_LABEL: Final = 200
MAX_HELP: Final = 2_000
MAX_CHOICES: Final = 500
MAX_KEY: Final = 63
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


def check_key(what: str, key: object) -> str:
    """``key``, if it may be that of a custom field or of a choice.

    Raises:
        InvalidKeyError: if it may not.
    """
    if (
        not isinstance(key, str)
        or not 1 <= len(key) <= MAX_KEY
        or not _PLAIN.issuperset(key)
        or key[0] in "0123456789_"
    ):
        shown_key = key[:80] if isinstance(key, str) else repr(key)[:80]
        raise InvalidKeyError(what, shown_key, "is none: a-z, 0-9 and _, beginning with a letter, at most 63")
    return key


def _key(_: object, attribute: Attribute[Any], value: object) -> None:
    check_key(attribute.name, value)


def _pairs(given: Mapping[str, str] | Iterable[Any]) -> Any:
    """Choices as pairs of key and label; a key alone is labelled by itself."""
    if isinstance(given, str | bytes) or not isinstance(given, Mapping | Iterable):
        return given  # for the validator to refuse
    every = given.items() if isinstance(given, Mapping) else given
    return tuple(_pair(each) for each in every)


def _pair(given: Any) -> Any:
    if isinstance(given, str):
        return given, given.replace("_", " ").capitalize()
    return tuple(given) if isinstance(given, list | tuple) else given


def _choices(_: object, attribute: Attribute[Any], value: Any) -> None:
    if not isinstance(value, tuple):
        raise InvalidValueError(attribute.name, value, "is no list of choices, such as ['small', 'large']")
    if len(value) > MAX_CHOICES:
        raise InvalidValueError(attribute.name, f"{len(value)} choices", f"is more than {MAX_CHOICES}")
    label = checks.text(MAX_LABEL, controls=False)
    for each in value:
        if not isinstance(each, tuple) or len(each) != 2:  # noqa: PLR2004  # key and label
            raise InvalidValueError(attribute.name, each, "is neither a key nor a pair of key and label")
        check_key("choice", each[0])
        label(None, attribute, each[1])
    keys = [key for key, _ in value]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise InvalidValueError(attribute.name, twice, "occurs twice")


@frozen(kw_only=True)
class FieldStatus:
    """How a custom field is used.

    Attributes:
        field: its definition.
        values: how many records have a value, of those that the actor sees.
        without: how many have none.
    """

    field: CustomField
    values: int
    without: int


@frozen(kw_only=True)
class KindChange:
    """What giving a field another kind does, or has done.

    Attributes:
        entity: of whose records.
        key: of the field.
        before: its kind.
        after: the new one.
        values: how many records have a value.
        lost: how many of these cannot be converted exactly.
        losses: the first of those: id of the record, and its value in JSON form; as far as the actor may see them.
        applied: whether it was done; False for a plan.
    """

    entity: str
    key: str
    before: FieldKind
    after: FieldKind
    values: int
    lost: int
    losses: tuple[tuple[UUID, Any], ...] = ()
    applied: bool = False


@frozen(kw_only=True)
class CustomField(Record):
    """The definition of a custom field of one entity, for one tenant.

    Attributes:
        entity: of whose records, such as ``party``.
        key: its name: ``record.custom["size"]``, ``f.custom.size``, and ``custom.size`` in rules and imports.
        kind: what its values are.
        label: for people.
        help: for people who fill it in.
        unit: what a number counts or measures, such as ``m2``.
        position: its place among the fields of the entity, from 1.
        required: whether new records must have a value, and none may lose it.
        default: the value of new records that are given none, in the JSON form of history; None for none.
        choices: of a choice or choices: key and label of each, in order.
        data_class: a class of data that rules can name, such as ``personal`` or ``financial``.
        unique: whether no two records may have the same value.
        indexed: whether an index is wanted, which makes criteria fast; ``crmkit fields index`` builds it.
        searchable: whether full-text search covers it.
        refers_to: of a reference: the entity of the records that it names.
        plugin: id of the plugin that owns it; None if the tenant does.
        removed_at: when it was removed, UTC: hidden, its values kept until purged; None while it is in use.
    """

    entity: str = field(validator=checks.text(120, controls=False))
    key: str = field(validator=_key)
    kind: FieldKind = field(validator=checks.one_of(KINDS))
    label: str = field(validator=checks.text(MAX_LABEL, controls=False))
    help: str | None = field(default=None, validator=checks.text(MAX_HELP))
    unit: str | None = field(default=None, validator=checks.text(40, controls=False))
    position: int = 1
    required: bool = False
    default: Any = None
    choices: tuple[tuple[str, str], ...] = field(default=(), converter=_pairs, validator=_choices)
    data_class: str | None = field(default=None, validator=checks.key)
    unique: bool = False
    indexed: bool = False
    searchable: bool = False
    refers_to: str | None = None
    plugin: str | None = None
    removed_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)

    @property
    def name(self) -> str:
        """Its name in criteria, rules and history: ``custom.size``."""
        return PREFIX + self.key

    @property
    def letter(self) -> str:
        """How its values are stored."""
        return LETTERS[self.kind]

    @property
    def physical(self) -> str:
        """What stands for its column: ``custom.n_size``."""
        return physical_name(self.letter, self.key)

    @property
    def choice_keys(self) -> tuple[str, ...]:
        """The keys of its choices, in order."""
        return tuple(key for key, _ in self.choices)

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of its choices, by key."""
        return dict(self.choices)
