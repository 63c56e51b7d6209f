"""What a column of a CSV file can be mapped to, written as a short text: its target.

``given_name`` and the like are fields of a party. ``phone``, ``phone:mobile``, ``phone#2``, ``phone.label#2``,
``address.street:work`` are parts of contact mechanisms: the kind, the part, which one of its kind, and its label. What
has the same kind, number and label is one mechanism. ``identifier.customer_number`` is an identifier of that scheme,
``custom.size`` the custom field of that key.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from crmkit.plugins.exchange.form import PERSON_FIELDS, TEXT_FIELDS
from crmkit.sdk import InvalidValueError, MechanismKind

__all__ = ["ADDRESS_PARTS", "FIELD_TARGETS", "IGNORED", "Target", "target"]

IGNORED: Final = "-"
"""The target of a column that is not to be imported."""

FIELD_TARGETS: Final = (
    *("kind", "id", "full_name", *TEXT_FIELDS),
    *("birth_date", "birthday", "organisation", "position", "notes"),
)
ADDRESS_PARTS: Final = (
    *("raw", "label", "primary", "street", "street_number", "house_number"),
    *("locality", "region", "postal_code", "country"),
)
_PARTS: Final[dict[str, tuple[MechanismKind, tuple[str, ...]]]] = {
    "email": ("email", ("raw", "label", "primary")),
    "phone": ("phone", ("raw", "label", "primary")),
    "url": ("url", ("raw", "label", "primary")),
    "handle": ("handle", ("raw", "label", "primary", "service")),
    "address": ("postal", ADDRESS_PARTS),
}
_TARGET: Final = re.compile(
    r"(?P<noun>[a-z_]+)(?:\.(?P<part>[a-z0-9_.]+))?(?:#(?P<number>[1-9]\d{0,2}))?(?::(?P<label>[^#:\s][^#:]*))?",
    re.ASCII,
)


@frozen(kw_only=True)
class Target:
    """What a column is mapped to.

    Attributes:
        noun: the field, or ``identifier``, ``custom``, ``email``, ``phone``, ``url``, ``handle`` or ``address``.
        kind: the kind of mechanism, if it is one.
        part: of a mechanism; of an identifier its scheme, of a custom field its key.
        number: which one of its kind, from 1; None if there is only one, or each column is one of its own.
        label: what the mechanism is used for.
    """

    noun: str
    kind: MechanismKind | None = None
    part: str | None = None
    number: int | None = None
    label: str | None = None

    @property
    def is_person(self) -> bool:
        """Whether only people have it."""
        return self.noun in PERSON_FIELDS


def target(text: str) -> Target | None:
    """The target that ``text`` names; None for a column that is to be left out.

    Raises:
        InvalidValueError: if it names none; lists what there is.
    """
    if text in {"", IGNORED}:
        return None
    found = _TARGET.fullmatch(text)
    noun, part = (found["noun"], found["part"]) if found else ("", None)
    if found is not None and noun in _PARTS and (part is None or part in _PARTS[noun][1]):
        number = int(found["number"]) if found["number"] else None
        return Target(noun=noun, kind=_PARTS[noun][0], part=part or "raw", number=number, label=found["label"])
    if found is not None and noun in {"identifier", "custom"} and part and not found["number"] and not found["label"]:
        return Target(noun=noun, part=part)
    if text in FIELD_TARGETS:
        return Target(noun=text)
    known = ", ".join((*FIELD_TARGETS, *_PARTS, "identifier.<scheme>", "custom.<key>", f"{IGNORED} (left out)"))
    raise InvalidValueError("mapping", text, f"is nothing that a column can be; there are: {known}")
