"""Pure decisions about party roles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crmkit.core.parties.roles.model import PartyRole, PartyRoleType
from crmkit.errors import AlreadyExistsError, UnknownPartyRoleError

__all__ = ["check_roles", "check_single", "default_roles"]

_ROLES: Final = (
    ("prospect", "Prospect"),
    ("customer", "Customer"),
    ("supplier", "Supplier"),
    ("partner", "Partner"),
    ("applicant", "Applicant"),
    ("competitor", "Competitor"),
    ("press", "Press"),
)
"""Key and label."""


def default_roles() -> list[PartyRoleType]:
    """The roles that a new tenant begins with."""
    return [PartyRoleType(key=key, label=label) for key, label in _ROLES]


def check_roles(keys: Iterable[str], types: Iterable[PartyRoleType]) -> None:
    """Refuse a key that is no role.

    Raises:
        UnknownPartyRoleError: if one is none.
    """
    known = sorted(type_.key for type_ in types)
    for key in keys:
        if key not in known:
            raise UnknownPartyRoleError(key, known=known)


def check_single(role: PartyRole, others: Iterable[PartyRole]) -> None:
    """Refuse a role that the party has already on one of the same days.

    Raises:
        AlreadyExistsError: if so.
    """
    for other in others:
        if other.role == role.role and other.id != role.id and _overlap(role, other):
            raise AlreadyExistsError("party_role", ("party", "role", "period"))


def _overlap(one: PartyRole, other: PartyRole) -> bool:
    return not (_ends_before(one, other) or _ends_before(other, one))


def _ends_before(one: PartyRole, other: PartyRole) -> bool:
    return one.valid_until is not None and other.valid_from is not None and one.valid_until < other.valid_from
