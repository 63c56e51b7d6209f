"""What a saved criteria is."""

from __future__ import annotations

import json
from typing import Final

from attrs import evolve, field, frozen
from attrs.validators import optional

from crmkit.core.kernel.entities.entity import Record
from crmkit.errors import CrmkitError, LimitExceededError, UnusableCriteriaError
from crmkit.values.checks import key, text
from crmkit.values.criteria import Criteria, criteria_from_json, criteria_to_json

__all__ = ["MAX_CHARACTERS", "SavedCriteria"]

MAX_CHARACTERS: Final = 100_000
"""How long the JSON of a saved criteria may be."""
_LINE: Final = 200
_NOTE: Final = 2_000


@frozen(kw_only=True)
class SavedCriteria(Record):
    """Criteria under a name.

    Attributes:
        name: for people; several may have the same.
        entity: what is asked about, such as ``party``.
        criteria: the criteria in JSON form, as text: so what is damaged in one spoils no list of others. See `where`.
        order: the order of what is found, such as ``-updated_at``; the entity's first one by default.
        description: what it is for.
        owner_id: the actor whose it is.
        team_id: key of the team that it is shared with, if it is.
    """

    name: str = field(validator=text(_LINE, controls=False))
    entity: str = field(validator=key)
    criteria: str
    order: str | None = field(default=None, validator=optional(text(_LINE)))
    description: str = field(default="", validator=text(_NOTE, blank=True))
    owner_id: str | None = None
    team_id: str | None = None

    @property
    def where(self) -> Criteria:
        """The criteria.

        Raises:
            UnusableCriteriaError: if what is stored is no criteria.
        """
        try:
            return criteria_from_json(json.loads(self.criteria))
        except (CrmkitError, ValueError, TypeError, RecursionError) as error:
            reason = str(error) if isinstance(error, CrmkitError) else "what is stored is no JSON"
            raise UnusableCriteriaError(self.name, self.id, f"it is damaged: {reason}") from None

    def with_where(self, where: Criteria) -> SavedCriteria:
        """The same with other criteria, for `CriteriaStore.change`.

        Raises:
            LimitExceededError: if they are too large to be kept.
        """
        return evolve(self, criteria=as_text(where))


def as_text(where: Criteria) -> str:
    """``where`` as it is stored.

    Raises:
        LimitExceededError: if it has more than 100,000 characters.
    """
    stored = json.dumps(criteria_to_json(where), ensure_ascii=False, separators=(",", ":"))
    if len(stored) > MAX_CHARACTERS:
        raise LimitExceededError("characters of a saved criteria", MAX_CHARACTERS, got=len(stored))
    return stored
