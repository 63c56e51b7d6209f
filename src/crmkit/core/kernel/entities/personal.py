"""Which fields tell of a person, so that erasure takes their values: what says so, and all text that says nothing.

Forgetting to say it must not leave a name behind, so text counts as personal, of whatever class it is. What is clearly
none is left out: a word of a closed list, the id of an actor or the key of a team, the name of an entity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin, get_type_hints

import attrs

from crmkit.values import checks

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType, Field

__all__ = ["is_personal"]

PERSONAL: Final = "personal"
"""The class of data that permissions and erasure know."""
_FREE: Final = frozenset({"text", "json"})
_OF_ACTORS: Final = ("_id", "_by")
_STAGED: Final = frozenset({"pipeline", "stage", "category"})
_GATES: Final = frozenset({"id", "version", "created_at", "updated_at", "custom"})


def is_personal(entity: EntityType[Any], name: str, said: Field) -> bool:
    """Whether erasing the person that a record is about takes the value of a field.

    Args:
        entity: of the record.
        name: of the field.
        said: what the entity says of it.
    """
    if name in _GATES:
        return False
    if said.personal is not None:
        return said.personal
    if said.data_class == PERSONAL:
        return True
    column: Any = entity.table.c[name]
    refers = any("reference" in other.info for other in entity.table.columns)
    return refers and getattr(column.type, "logical", None) in _FREE and not _is_word(entity, name)


def _is_word(entity: EntityType[Any], name: str) -> bool:
    """Whether a text is one of a list, or names an actor, a team or an entity."""
    if name in {entity.owner, entity.team, entity.discriminator} or name.endswith(_OF_ACTORS):
        return True
    if entity.staged and name in _STAGED:
        return True
    references = (c.info["reference"] for c in entity.table.columns if "reference" in c.info)
    if any(reference.entity_column == name for reference in references):
        return True
    return any(_is_of_list(model, name) for model in entity.models)


def _is_of_list(model: type[Any], name: str) -> bool:
    attribute = next((a for a in attrs.fields(model) if a.name == name), None)
    if attribute is None:
        return False
    return attribute.validator is checks.key or _is_literal(_type_of(model, name))


def _type_of(model: type[Any], name: str) -> Any:
    try:
        return get_type_hints(model).get(name)
    except (NameError, TypeError):  # names types that are not there at run time
        return None


def _is_literal(type_: Any) -> bool:
    """Whether a type has a closed list of texts, or that or None."""
    if get_origin(type_) is Literal:
        return True
    inner = [one for one in get_args(type_) if one is not type(None)]
    return len(inner) == 1 and len(get_args(type_)) > 1 and _is_literal(inner[0])
