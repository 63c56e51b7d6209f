"""The query compiler: every list, count and sum goes through it, which adds tenant predicates and permission filters.

SQL is built once per structure (see `crmkit.core.kernel.query.check`) and kept; a call then only takes criteria
apart, finds the statement and collects parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar
from uuid import UUID

from crmkit.core.kernel.access.policy import Rights
from crmkit.core.kernel.access.visibility import Visibility, visibility_of
from crmkit.core.kernel.entities.columns import codec_of
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.entities.shape import FieldShape
from crmkit.core.kernel.query.answers import MedianQuery, PageQuery, Query, TallyQuery
from crmkit.core.kernel.query.check import ALL, Asking, Params, Template, in_list, resolve
from crmkit.core.kernel.query.custom import type_of
from crmkit.core.kernel.query.fields import Registry, criteria_field, root_name
from crmkit.core.kernel.query.moments import settle
from crmkit.core.kernel.query.pages import At, order_of, read_cursor
from crmkit.core.kernel.query.planning import LIMIT, RECORD, Plan, Statements
from crmkit.core.kernel.query.sql import TENANT
from crmkit.core.kernel.storage.statements import Statement
from crmkit.errors import FieldForbiddenError, InvalidOperatorError, LimitExceededError
from crmkit.values.criteria import ALWAYS, Criteria
from crmkit.values.page import Cursor

__all__ = ["MAX_GROUPS", "MAX_LIMIT", "Compiler", "compiler_of"]

M = TypeVar("M", bound=Record)

MAX_LIMIT: Final = 1_000
"""How many records a page may have, and how many groups a tally that asks for no number."""
MAX_GROUPS: Final = 100_000
"""How many groups a tally may be asked for."""
_MAX_STATEMENTS: Final = 2_000


class Compiler:
    """Compiles queries of one deployment; may be shared by threads.

    Args:
        registry: the entities of the deployment.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._build = Statements(registry)
        self._statements: dict[Template, Statement] = {}

    # -- queries ------------------------------------------------------------------------------------------------------

    def page(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[M] | type[M],
        where: Criteria = ALWAYS,
        *,
        order: str | None = None,
        limit: int = 50,
        after: Cursor | None = None,
        dialect: str,
        permission: str | None = None,
        now: datetime | None = None,
        known: str | None = None,
    ) -> PageQuery[M]:
        """One page of the records that the actor may see.

        Args:
            rights: the actor's.
            tenant: the tenant.
            what: an entity, its model or a variant of it.
            where: which of them.
            order: a field, ``-`` in front for descending; the entity's first order by default.
            limit: how many, 1 to 1,000.
            after: the cursor of the page before; for the entity's own orders and ``id`` only.
            dialect: ``sqlite`` or ``postgresql``.
            permission: which right makes a record visible; that to read by default.
            now: the present instant, UTC, from which relative dates are counted.
            known: see `visibility_of`.

        Raises:
            CriteriaError: if ``where`` or ``order`` does not fit the entity; see `check_criteria`.
            FieldForbiddenError: if either looks at a field that the actor may not see.
            InvalidCursorError: if ``after`` was not handed out by this query.
            LimitExceededError: if ``limit`` is out of range.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise LimitExceededError("records in a page", MAX_LIMIT, got=limit)
        plan = self._plan(rights, tenant, what, where, permission, now=now, known=known)
        by = order_of(plan.entity, order, rights.custom)
        self._check_readable(rights, plan.entity, by.field)
        at: At = "start"
        if after is not None:
            at, position = read_cursor(plan.entity, by, after)
            plan.params.update(position)
        plan.params[LIMIT] = limit + 1
        key = ("page", plan.entity.name, by.column, by.descending, at, dialect, plan.where, plan.visible.template)
        statement = self._statement(key, lambda: self._build.page(plan, by, at, dialect))
        return PageQuery(statement, plan.params, plan.entity, by, limit)

    def get(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[M] | type[M],
        id: UUID,
        *,
        permission: str | None = None,
        now: datetime | None = None,
    ) -> Query:
        """The columns of one record, if the actor may see it."""
        plan = self._plan(rights, tenant, what, ALWAYS, permission, now=now)
        plan.params[RECORD] = id
        key = ("get", plan.entity.name, plan.where, plan.visible.template)
        return Query(self._statement(key, lambda: self._build.get(plan)), plan.params)

    def count(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[M] | type[M],
        where: Criteria = ALWAYS,
        *,
        dialect: str,
        permission: str | None = None,
        now: datetime | None = None,
        known: str | None = None,
    ) -> Query:
        """How many records the actor may see; one row of one number. Takes and raises what `page` does."""
        plan = self._plan(rights, tenant, what, where, permission, now=now, known=known)
        key = ("count", plan.entity.name, dialect, plan.where, plan.visible.template)
        return Query(self._statement(key, lambda: self._build.count(plan, dialect)), plan.params)

    def tally(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[M] | type[M],
        by: Sequence[str],
        *,
        sums: Sequence[str] = (),
        where: Criteria = ALWAYS,
        limit: int = MAX_LIMIT,
        dialect: str,
        permission: str | None = None,
        now: datetime | None = None,
    ) -> TallyQuery:
        """Counts and sums of the records that the actor may see, by groups.

        Args:
            rights: the actor's.
            tenant: the tenant.
            what: an entity, its model or a variant of it.
            by: fields to group by; the currency of the money field ``amount`` is ``amount_currency``.
            sums: fields to sum; money needs its currency among ``by``.
            where: which records.
            limit: how many groups at most, 1 to 100,000; more are an error.
            dialect: ``sqlite`` or ``postgresql``.
            permission: which right makes a record visible; that to read by default.
            now: the present instant, UTC, from which relative dates are counted.

        Raises:
            CriteriaError: if a field or ``where`` does not fit the entity.
            FieldForbiddenError: if it looks at a field that the actor may not see.
            LimitExceededError: if ``limit`` is out of range.
        """
        if not 1 <= limit <= MAX_GROUPS:
            raise LimitExceededError("groups in a tally", MAX_GROUPS, got=limit)
        plan = self._plan(rights, tenant, what, where, permission, now=now)
        groups, totals = [[criteria_field(plan.entity, n, rights.custom) for n in names] for names in (by, sums)]
        for shape in (*groups, *totals):
            self._check_readable(rights, plan.entity, shape)
        _check_tally(groups, totals)
        names = (tuple(g.columns[0] for g in groups), tuple(t.columns[0] for t in totals))
        plan.params[LIMIT] = limit + 1
        key = ("tally", plan.entity.name, names, dialect, plan.where, plan.visible.template)
        statement = self._statement(key, lambda: self._build.tally(plan, *names, dialect))
        readers = [
            tuple((s.name, codec_of(type_of(plan.entity, s.columns[0]), dialect).from_driver) for s in shapes)
            for shapes in (groups, totals)
        ]
        return TallyQuery(statement, plan.params, readers[0], readers[1], limit)

    def median(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[M] | type[M],
        of: str,
        by: Sequence[str],
        *,
        where: Criteria = ALWAYS,
        dialect: str,
        now: datetime | None = None,
    ) -> MedianQuery:
        """Medians of the number field ``of``, over the records that the actor may see, by groups; see `tally`.

        Raises:
            CriteriaError: if a field or ``where`` does not fit the entity.
            InvalidOperatorError: if the values of ``of`` have no median.
            FieldForbiddenError: if it looks at a field that the actor may not see.
        """
        plan = self._plan(rights, tenant, what, where, None, now=now)
        groups = [criteria_field(plan.entity, n, rights.custom) for n in by]
        value = criteria_field(plan.entity, of, rights.custom)
        for shape in (*groups, value):
            self._check_readable(rights, plan.entity, shape)
        if value.type not in {"integer", "decimal"}:
            raise InvalidOperatorError("median", value.name, f"a field of type {value.type} has no median")
        _check_tally(groups, [])
        names = tuple(g.columns[0] for g in groups)
        key = ("median", plan.entity.name, names, value.columns[0], dialect, plan.where, plan.visible.template)
        statement = self._statement(key, lambda: self._build.median(plan, names, value.columns[0], dialect))
        keys = tuple((n, codec_of(type_of(plan.entity, n), dialect).from_driver) for n in names)
        convert = codec_of(type_of(plan.entity, value.columns[0]), dialect).from_driver
        return MedianQuery(statement, plan.params, keys, convert)

    # -- taking apart -------------------------------------------------------------------------------------------------

    def _plan(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[Any] | type[Any],
        where: Criteria,
        permission: str | None,
        *,
        now: datetime | None,
        known: str | None = None,
    ) -> Plan:
        entity = what if isinstance(what, EntityType) else self._registry.by_model(what)
        visible = self._visible(rights, entity, permission, known)
        params: Params = {}
        others: Params = {}

        def related(other: EntityType[Any]) -> Template:
            seen = self._visible(rights, other, None)
            others.update(seen.params)
            return seen.condition

        asking = Asking(self._registry, rights, "w", related)
        template = ALL if where is ALWAYS else resolve(where, entity, asking, params)
        template = _of_variant(entity, what, template, params)
        given = {TENANT: tenant, **visible.params, **others, **params}
        settle(given, now)
        return Plan(entity, template, visible, given)

    def _visible(
        self, rights: Rights, entity: EntityType[Any], permission: str | None, known: str | None = None
    ) -> Visibility:
        key = ("visibility", permission, entity.name, known)
        found: Visibility | None = rights.cache.get(key)
        if found is None:
            wanted = permission or f"{root_name(self._registry, entity)}.read"
            found = rights.cache[key] = visibility_of(rights, wanted, entity, self._registry, known=known)
        return found

    def _check_readable(self, rights: Rights, entity: EntityType[Any], shape: FieldShape) -> None:
        permission = f"{root_name(self._registry, entity)}.read"
        if shape.name in rights.hidden_fields(permission, entity):
            raise FieldForbiddenError(permission, rights.actor, entity=entity.name, field=shape.name)

    def _statement(self, key: Template, build: Callable[[], Any]) -> Statement:
        found = self._statements.get(key)
        if found is None:
            if len(self._statements) >= _MAX_STATEMENTS:
                self._statements.clear()  # rather than to grow for ever on criteria that never come again
            found = self._statements[key] = Statement(build())
        return found


def _of_variant(entity: EntityType[Any], what: Any, template: Template, params: Params) -> Template:
    """``template``, and that a record is of the variant asked for."""
    if not entity.variants or entity.discriminator is None or what is entity or what is entity.model:
        return template
    kinds = [kind for kind, model in entity.variants.items() if issubclass(model, what)]
    return ("and", in_list(entity.discriminator, kinds, "v", params), template)


def _check_tally(groups: list[FieldShape], totals: list[FieldShape]) -> None:
    currencies = {g.columns[0] for g in groups}
    for shape in groups:
        if shape.type in {"choices", "json", "money"}:
            raise InvalidOperatorError("by", shape.name, f"a field of type {shape.type} makes no groups")
    for shape in totals:
        if shape.type not in {"integer", "decimal", "money"}:
            raise InvalidOperatorError("sum", shape.name, f"a field of type {shape.type} has no sum")
        if shape.type == "money" and shape.columns[1] not in currencies:
            raise InvalidOperatorError(
                "sum", shape.name, f"money is summed per currency; add {f'{shape.name}_currency'!r}"
            )


@lru_cache(maxsize=64)
def compiler_of(registry: Registry) -> Compiler:
    """The one compiler for a registry."""
    return Compiler(registry)
