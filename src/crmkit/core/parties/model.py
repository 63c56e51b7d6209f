"""What a party is: a person or an organisation that we have dealings with."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from attrs import Attribute, field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.parties.rules import month_and_day, person_name, person_sort_name, sort_name, time_zone
from crmkit.core.parties.text import cleaned, cleaned_or_none, text
from crmkit.errors import InvalidValueError
from crmkit.values.checks import day, in_utc_or_none, instant, key, one_of

__all__ = ["GENDERS", "Gender", "Organisation", "Party", "PartyKind", "Person"]

PartyKind = Literal["person", "organisation"]
Gender = Literal["M", "F", "O", "N", "U"]
GENDERS: Final = ("M", "F", "O", "N", "U")

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def _language(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not (isinstance(value, str) and _LANGUAGE.fullmatch(value)):
        raise InvalidValueError(attribute.name, value, "is not a language tag (BCP 47), such as 'nb' or 'pt-BR'")


@frozen(kw_only=True)
class Party(Record):
    """A person or an organisation; construct `Person` or `Organisation`.

    Attributes:
        kind: ``person`` or ``organisation``.
        name: what the party is called.
        sort_name: the name as it sorts and is looked for: folded, of persons the family name first. Derived.
        owner_id: the actor who is responsible; the actor who adds the party by default.
        team_id: key of the team that it belongs to.
        language: the language to use with it (BCP 47), such as ``nb``.
        time_zone: where it lives by the clock: IANA name, or offset such as ``-05:00``.
        lifecycle: key of the stage at which it stands with us; `Parties.move_lifecycle` changes it.
        source: where it came from first, such as ``website``. Kept for ever once it is known, as the next two are.
        source_detail: more about that, such as the name of the fair.
        sourced_at: when it came to us first, UTC; when the source was stored, if nobody said.
        archived_at: since when it is out of use, UTC.
        merged_into: the party that it has become part of; None but for what a merge leaves behind.
    """

    kind: PartyKind
    name: str
    sort_name: str = field(init=False)
    owner_id: str | None = field(default=None, validator=text())
    team_id: str | None = field(default=None, validator=text())
    language: str | None = field(default=None, converter=cleaned_or_none, validator=_language)
    time_zone: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    lifecycle: str | None = field(default=None, validator=key)
    source: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    source_detail: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    sourced_at: datetime | None = field(default=None, converter=in_utc_or_none, validator=instant)
    archived_at: datetime | None = field(default=None, converter=in_utc_or_none, validator=instant)
    merged_into: UUID | None = None

    def __attrs_post_init__(self) -> None:
        if type(self) is Party:
            msg = "a party is a person or an organisation: construct Person(...) or Organisation(...)"
            raise TypeError(msg)
        if self.kind != type(self).__name__.lower():
            raise InvalidValueError("kind", self.kind, f"does not fit {type(self).__name__}")
        if self.time_zone is not None:
            object.__setattr__(self, "time_zone", time_zone(self.time_zone))


@frozen(kw_only=True)
class Person(Party):
    """A human being. Every part of the name may be missing; even all of them.

    Attributes:
        kind: ``person``.
        name: what the person is called: ``display_name``, or put together from the other names. Derived.
        sort_name: family name first, folded. Derived.
        given_name: the name (or names) given at birth.
        additional_names: middle names, patronymics.
        family_name: the name (or names) shared with the family.
        prefix: titles before the name, such as ``Dr.``.
        suffix: what follows the name, such as ``Jr.`` or ``M.Sc.``.
        nickname: what friends say.
        display_name: what to call the person where the names put together would be wrong.
        birth_date: the day of birth.
        birthday: its month and day, ``MM-DD``; follows from ``birth_date``, and is given where the year is unknown.
        gender: M, F, O (other), N (none, not applicable) or U (unknown), as RFC 6350 (6.2.7) has it.
    """

    kind: Literal["person"] = "person"
    name: str = field(init=False)
    given_name: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    additional_names: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    family_name: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    prefix: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    suffix: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    nickname: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    display_name: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    birth_date: date | None = field(default=None, validator=day)
    birthday: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    gender: Gender | None = field(default=None, validator=one_of(GENDERS))

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        given, additional, family = self.given_name, self.additional_names, self.family_name
        name = self.display_name or person_name(
            given=given, additional=additional, family=family, prefix=self.prefix, nickname=self.nickname
        )
        object.__setattr__(self, "name", name)
        sort = person_sort_name(name=name, given=given, additional=additional, family=family)
        object.__setattr__(self, "sort_name", sort)
        if self.birth_date is not None:
            object.__setattr__(self, "birthday", self.birth_date.isoformat()[5:])
        elif self.birthday is not None:
            object.__setattr__(self, "birthday", month_and_day(self.birthday))


@frozen(kw_only=True)
class Organisation(Party):
    """A company, authority, club, household or any other body of people.

    Attributes:
        kind: ``organisation``.
        name: what it is called.
        sort_name: the name folded. Derived.
        legal_name: its name in registers, where that differs.
        legal_form: such as ``GmbH`` or ``Ltd``.
    """

    kind: Literal["organisation"] = "organisation"
    name: str = field(converter=cleaned, validator=text())
    legal_name: str | None = field(default=None, converter=cleaned_or_none, validator=text())
    legal_form: str | None = field(default=None, converter=cleaned_or_none, validator=text())

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        object.__setattr__(self, "sort_name", sort_name(self.name))
