"""What each kind of case asks for beyond what all cases have. Pure data, and the rules that hold it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal

from attrs import frozen

from crmkit.plugins.service_desk.cases.model import Kind
from crmkit.plugins.service_desk.limits import LONGEST_LINE
from crmkit.sdk import InvalidValueError, UnknownFieldError

__all__ = ["CASE_KINDS", "CaseKind", "KindField", "checked_details"]

FieldType = Literal["text", "day", "choice", "number", "flag"]


@frozen(kw_only=True)
class KindField:
    """One thing that a kind of case asks for.

    Attributes:
        type: text, day (not in the future, since all of them have happened), choice, number (whole, 1 or more) or flag.
        label: for people.
        required: whether such a case cannot be opened without it.
        choices: what a choice can be.
    """

    type: FieldType = "text"
    label: str
    required: bool = False
    choices: tuple[str, ...] = ()


@frozen(kw_only=True)
class CaseKind:
    """A kind of case.

    Attributes:
        label: for people.
        fields: what it asks for, by name.
        deadline: whether such a case cannot be opened without a deadline.
    """

    label: str
    fields: Mapping[str, KindField]
    deadline: bool = False


CASE_KINDS: Final[Mapping[Kind, CaseKind]] = MappingProxyType({
    "question": CaseKind(label="Question", fields={"topic": KindField(label="Topic")}),
    "incident": CaseKind(
        label="Incident",
        fields={
            "severity": KindField(
                label="Severity", type="choice", choices=("minor", "major", "critical"), required=True
            ),
            "occurred_on": KindField(label="Occurred on", type="day"),
            "affected": KindField(label="What is affected"),
        },
    ),
    "complaint": CaseKind(
        label="Complaint",
        fields={
            "about": KindField(label="About what", required=True),
            "wanted": KindField(label="What the party asks for"),
            "justified": KindField(label="Justified", type="choice", choices=("yes", "partly", "no")),
        },
    ),
    "conflict": CaseKind(
        label="Conflict",
        fields={
            "matter": KindField(label="What it is about", required=True),
            "mediator": KindField(label="Who mediates"),
        },
        deadline=True,
    ),
    "letter": CaseKind(
        label="Official letter",
        fields={
            "sender": KindField(label="Authority or office", required=True),
            "reference": KindField(label="Its reference"),
            "received_on": KindField(label="Received on", type="day", required=True),
        },
    ),
    "warranty": CaseKind(
        label="Warranty claim",
        fields={
            "fault": KindField(label="Fault", required=True),
            "found_on": KindField(label="Found on", type="day"),
            "serial": KindField(label="Serial number"),
        },
    ),
    "return": CaseKind(
        label="Return",
        fields={
            "reason": KindField(label="Reason", required=True),
            "quantity": KindField(label="How many", type="number"),
            "unopened": KindField(label="Unopened", type="flag"),
        },
    ),
})
"""Which kinds there are. What a tenant wants beyond these fields are custom fields."""


def checked_details(kind: Kind, details: Mapping[str, Any], *, today: date) -> Mapping[str, Any]:
    """What a kind of case asks for, in JSON form.

    Args:
        kind: of the case.
        details: by field; a day as a date or as text such as ``2026-03-31``.
        today: the present day.

    Raises:
        UnknownFieldError: if the kind has no such field; names the nearest one.
        InvalidValueError: if a value does not fit its field, or one that is required is missing.
    """
    known = CASE_KINDS[kind].fields
    for name in details:
        if name not in known:
            close = difflib.get_close_matches(str(name), list(known), n=1)
            raise UnknownFieldError(f"{kind} case", str(name), nearest=close[0] if close else None)
    given = {name: value for name, value in details.items() if value is not None}
    for name, one in known.items():
        if one.required and name not in given:
            raise InvalidValueError(name, None, f"is missing; a case of the kind {kind!r} needs it")
    return {name: _CHECKS[known[name].type](name, known[name], value, today) for name, value in given.items()}


def _text(name: str, one: KindField, value: Any, today: date) -> str:  # noqa: ARG001  # all checks are called alike
    if not isinstance(value, str) or not value.strip():
        raise InvalidValueError(name, value, "is no text, or a blank one")
    if len(value) > LONGEST_LINE:
        raise InvalidValueError(name, f"{value[:40]}...", f"is longer than {LONGEST_LINE} characters")
    return value.strip()


def _choice(name: str, one: KindField, value: Any, today: date) -> str:  # noqa: ARG001  # all checks are called alike
    if value not in one.choices:
        raise InvalidValueError(name, value, f"is none of: {', '.join(one.choices)}")
    return str(value)


def _number(name: str, one: KindField, value: Any, today: date) -> int:  # noqa: ARG001  # all checks are called alike
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidValueError(name, value, "is no whole number of 1 or more")
    return value


def _flag(name: str, one: KindField, value: Any, today: date) -> bool:  # noqa: ARG001  # all checks are called alike
    if not isinstance(value, bool):
        raise InvalidValueError(name, value, "is neither True nor False")
    return value


def _day(name: str, one: KindField, value: Any, today: date) -> str:  # noqa: ARG001  # all checks are called alike
    try:
        found = value if type(value) is date else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidValueError(name, value, "is no day; write it like 2026-03-31") from None
    if found > today:
        raise InvalidValueError(name, str(found), "has not come yet")
    return found.isoformat()


_CHECKS: Final = {"text": _text, "choice": _choice, "number": _number, "flag": _flag, "day": _day}
