"""What an identifier is: a scheme and a value in it."""

from __future__ import annotations

from uuid import UUID

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.parties.text import cleaned, text
from crmkit.values.checks import key

__all__ = ["Identifier"]


@frozen(kw_only=True)
class Identifier(Record):
    """A customer number, tax number, id in another system or the like.

    Attributes:
        party_id: whose it is.
        scheme: key of the numbering that it comes from, such as ``customer_number``, ``vat`` or ``shop.customer``.
        value: the number or name in that scheme, compared exactly: in some schemes ``aB`` and ``AB`` are two.
        exclusive: whether at most one party of the tenant may have it. E-mail and phone are no identifiers, since
            duplicates of a party must be able to exist until they are merged.
        exclusive_value: the value if it is exclusive, else None. Derived. A unique key holds scheme and this; empty
            values do not collide in either database, so the key binds exclusive identifiers only.
    """

    party_id: UUID
    scheme: str = field(validator=key)
    value: str = field(converter=cleaned, validator=text())
    exclusive: bool = False
    exclusive_value: str | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "exclusive_value", self.value if self.exclusive else None)
