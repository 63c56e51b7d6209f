"""Pipelines and their stages, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal
from uuid import UUID

from attrs import Attribute, Factory, field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.pipelines.limits import MAX_LINE
from crmkit.errors import InvalidKeyError, InvalidValueError, UnknownStageError
from crmkit.values.checks import text

__all__ = ["CATEGORIES", "Category", "Definition", "NewStage", "Pipeline", "Stage", "checked_probability"]

Category = Literal["open", "won", "lost"]
CATEGORIES: Final[tuple[Category, ...]] = ("open", "won", "lost")

_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_STEP = Decimal("0.0001")


def _check_key(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        reason = "is not a key: a small letter, then small letters, digits and underscores, at most 63 in all"
        raise InvalidKeyError(attribute.name, value, reason)


def _check_category(_: object, attribute: Attribute[Any], value: object) -> None:
    if value not in CATEGORIES:
        raise InvalidValueError(attribute.name, value, f"is none of {', '.join(CATEGORIES)}")


def _check_days(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidValueError(attribute.name, value, "is not a whole number of days from 1")


def checked_probability(value: object, *, field: str = "probability") -> Decimal:
    """``value`` as a probability: exact, 0 to 1, to four decimal places.

    Raises:
        InvalidValueError: if it is a float, no number, outside of 0..1, or finer than a ten-thousandth.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise InvalidValueError(field, value, "is not exact; pass a Decimal or a text such as '0.25'")
    try:
        probability = Decimal(value)
    except InvalidOperation:
        raise InvalidValueError(field, value, "is not a decimal number such as '0.25'") from None
    if not probability.is_finite() or not 0 <= probability <= 1:
        raise InvalidValueError(field, value, "is not between 0 and 1")
    if probability != (exact := probability.quantize(_STEP)):
        raise InvalidValueError(field, value, "has more than four decimal places")
    return exact


def _told_probability(value: object) -> Any:
    return None if value is None else checked_probability(value)


def _settled_probability(category: Category, told: Decimal | None) -> Decimal:
    """The probability of a stage: what is won is certain, what is lost impossible, what is open as told (else 0).

    Raises:
        InvalidValueError: if a won or lost stage is told another one.
    """
    settled = {"won": Decimal(1), "lost": Decimal(0)}.get(category)
    if told is None:
        return checked_probability(settled or 0)
    if settled is not None and told != settled:
        raise InvalidValueError("probability", told, f"does not fit a stage of category {category!r}: {settled}")
    return told


def _stage_keys(value: Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(value, str):
        raise InvalidValueError("moves", value, "is one text; pass a list of stage keys")
    return None if value is None else tuple(dict.fromkeys(value))


@frozen(kw_only=True)
class Pipeline(Record):
    """An ordered set of stages for one kind of work; there may be several per kind.

    Attributes:
        key: how records and calls name it; unique in the tenant, never changed.
        label: for people.
        entity: the staged entity whose records move through it; never changed.
        move_demands_interaction: a move is refused unless an interaction with the record's party has been recorded
            since the current stage was entered.
        demands_next_action: a move to an open stage is refused while no open activity is planned for the record.
    """

    key: str = field(validator=_check_key)
    label: str = field(validator=text(MAX_LINE))
    entity: str = field(default="deal", validator=text(MAX_LINE))
    move_demands_interaction: bool = False
    demands_next_action: bool = False


def _label_of(stage: NewStage) -> str:
    return str(stage.key).replace("_", " ").capitalize()  # the key is checked after this


@frozen(kw_only=True)
class NewStage:
    """A stage to be added to a pipeline.

    Attributes:
        key: how records name it; unique in the pipeline, never changed.
        label: for people; made from the key by default.
        category: open, won or lost.
        probability: of winning from here, 0 to 1; by default 1 for won, 0 for lost, and 0 for open.
        stale_after_days: after how many days here a record is stale; None for never.
        moves: keys of the stages that may follow; None for any other stage, empty for none.
    """

    key: str = field(validator=_check_key)
    category: Category = field(default="open", validator=_check_category)
    label: str = field(default=Factory(_label_of, takes_self=True), validator=text(MAX_LINE))
    probability: Decimal = field(default=None, converter=_told_probability)
    stale_after_days: int | None = field(default=None, validator=_check_days)
    moves: tuple[str, ...] | None = field(default=None, converter=_stage_keys)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "probability", _settled_probability(self.category, self.probability))


@frozen(kw_only=True)
class Stage(Record):
    """One step of a pipeline.

    Attributes:
        pipeline_id: the pipeline that it is part of.
        key: how records name it; unique in the pipeline, never changed.
        label: for people.
        position: its place among the pipeline's stages, from 1.
        category: open, won or lost.
        probability: of winning from here, 0 to 1; 1 where won, 0 where lost.
        stale_after_days: after how many days here a record is stale; None for never.
        moves: keys of the stages that may follow; None for any other stage, empty for none.
    """

    pipeline_id: UUID
    key: str = field(validator=_check_key)
    label: str = field(validator=text(MAX_LINE))
    position: int
    category: Category = field(validator=_check_category)
    probability: Decimal = field(converter=_told_probability)
    stale_after_days: int | None = field(default=None, validator=_check_days)
    moves: tuple[str, ...] | None = field(default=None, converter=_stage_keys)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "probability", _settled_probability(self.category, self.probability))

    @property
    def is_open(self) -> bool:
        """Whether work goes on here."""
        return self.category == "open"


def _by_position(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    return tuple(sorted(stages, key=lambda s: s.position))


@frozen(kw_only=True)
class Definition:
    """A pipeline with its stages: what decides where a record may go.

    Attributes:
        pipeline: the pipeline.
        stages: its stages, by position.
    """

    pipeline: Pipeline
    stages: tuple[Stage, ...] = field(converter=_by_position)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the stages, by position."""
        return tuple(s.key for s in self.stages)

    def find(self, key: str) -> Stage | None:
        """The stage called ``key``, if there is one."""
        return next((s for s in self.stages if s.key == key), None)

    def stage(self, key: str) -> Stage:
        """The stage called ``key``.

        Raises:
            UnknownStageError: if there is none; lists those there are.
        """
        found = self.find(key)
        if found is None:
            raise UnknownStageError(key, pipeline=self.pipeline.key, known=self.keys)
        return found

    def of_category(self, category: Category) -> tuple[Stage, ...]:
        """The stages of one category, by position."""
        return tuple(s for s in self.stages if s.category == category)
