"""The active rules of a tenant, compiled: one statement per entity tells how records stand with all of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, case, select

from crmkit.core.kernel.entities.columns import Flag, Id, codec_of
from crmkit.core.kernel.quality.rules import Outcome, check_rule
from crmkit.core.kernel.quality.tables import QUALITY_RULE, quality_rule_table
from crmkit.core.kernel.query.check import Asking, Params, resolve
from crmkit.core.kernel.query.sql import ONE, ZERO, Conditions, in_tenant
from crmkit.core.kernel.storage.among import among, id_lists
from crmkit.core.kernel.storage.statements import Statement
from crmkit.errors import CrmkitError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.custom import CustomShapes
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.quality.model import QualityRule
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.units.work import Work

__all__ = ["Rulebook", "Rulebooks"]

_KEPT: Final = 1_000
"""Of how many tenants the rules are kept compiled."""
_NONE: Final[Mapping[str, Rulebook]] = MappingProxyType({})


class Rulebook:
    """The active rules of one entity that can be asked.

    A rule that cannot, since a field is gone or its plugin is absent, is left out: it must not keep anybody from
    writing. The report says so.

    Args:
        entity: what they are about.
        rules: the active ones.
        registry: the entities of the deployment.
        custom: the custom fields of the tenant.

    Attributes:
        rules: those that can be asked.
        blocking: whether one of them refuses what does not fulfil it.
    """

    def __init__(
        self,
        entity: EntityType[Any],
        rules: Iterable[QualityRule],
        registry: EntityRegistry,
        custom: CustomShapes,
    ) -> None:
        self._entity, self._registry = entity, registry
        self.rules = tuple(rule for rule in rules if problem_of(rule, registry, custom) is None)
        self._params: Params = {}
        asking = Asking(registry, None, "q", custom=custom)
        self._templates = [
            (resolve(rule.when, entity, asking, self._params), resolve(rule.where, entity, asking, self._params))
            for rule in self.rules
        ]
        self._statements: dict[int, Statement] = {}
        self.blocking = any(rule.level == "block" for rule in self.rules)

    def outcomes(self, db: Db, tenant: str, ids: Iterable[UUID]) -> dict[UUID, list[Outcome]]:
        """How records stand with the rules that are about them, as they are stored now; nothing of those that are gone.

        What a merge has left behind is no record that anybody looks after, and no rule is about it.
        """
        to_id = codec_of(Id(), db.dialect).from_driver or (lambda raw: raw)
        found: dict[UUID, list[Outcome]] = {}
        for length, named in id_lists(ids, db.dialect):
            for id_, *states in db.rows(self._statement(length), {"tenant": tenant, **self._params, **named}):
                pairs = zip(self.rules, states, strict=True)
                found[to_id(id_)] = [(rule, bool(state)) for rule, state in pairs if state is not None]
        return found

    def _statement(self, length: int) -> Statement:
        found = self._statements.get(length)
        if found is None:
            table = self._entity.table.alias()
            build = Conditions(self._registry).build
            states = [
                case((build(when, table), case((build(where, table), ONE), else_=ZERO)))
                for when, where in self._templates
            ]
            rows = select(table.c.id, *states).where(in_tenant(table), among(table.c.id, length))
            if "merged_into" in self._entity.shape.fields:
                rows = rows.where(table.c.merged_into.is_(None))
            found = self._statements[length] = Statement(rows)
        return found


def problem_of(rule: QualityRule, registry: EntityRegistry, custom: CustomShapes) -> str | None:
    """Why a rule cannot be asked; None if it can."""
    try:
        check_rule(rule, registry, custom)
    except CrmkitError as error:
        return str(error)
    return None


class Rulebooks:
    """The rulebooks of all tenants of a deployment, kept until a tenant's policy changes; shared by threads."""

    def __init__(self) -> None:
        self._books: OrderedDict[tuple[str, int], Mapping[str, Rulebook]] = OrderedDict()

    def of(self, work: Work) -> Mapping[str, Rulebook]:
        """The rulebook of each entity of which there are active rules."""
        key = work.tenant, work.policy_generation
        found = None if work.policy_touched else self._books.get(key)
        if found is None:
            found = _compiled(work)
            if not work.policy_touched:
                self._books[key] = found
                if len(self._books) > _KEPT:
                    self._books.popitem(last=False)
        return found

    @staticmethod
    def active(work: Work, entity: str) -> list[QualityRule]:
        """The active rules of an entity, also those that cannot be asked, whoever may see them."""
        return [rule for rule in _active(work) if rule.entity == entity]


_ACTIVE: Final = (
    quality_rule_table.c.tenant_id == bindparam("tenant"),
    quality_rule_table.c.active == bindparam("active", type_=Flag()),
)
_STATEMENTS: dict[str, Statement] = {}


def _compiled(work: Work) -> Mapping[str, Rulebook]:
    registry = work.runtime.registry
    by_entity: dict[str, list[QualityRule]] = {}
    for rule in _active(work):
        if rule.entity in registry:
            by_entity.setdefault(rule.entity, []).append(rule)
    custom = work.definitions.shapes
    books = {name: Rulebook(registry.entity(name), rules, registry, custom) for name, rules in by_entity.items()}
    return {name: book for name, book in books.items() if book.rules} or _NONE


def _active(work: Work) -> Sequence[QualityRule]:
    """The active rules, whoever may see them."""
    store = work.store(QUALITY_RULE)
    statement = _STATEMENTS.get(work.db.dialect)
    if statement is None:
        rows = select(*store.columns).where(*_ACTIVE).order_by(quality_rule_table.c.key)
        statement = _STATEMENTS[work.db.dialect] = Statement(rows)
    return [store.codec.load(row) for row in work.db.rows(statement, {"tenant": work.tenant, "active": True})]
