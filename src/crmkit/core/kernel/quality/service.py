"""Rules of quality, and what they say: of one record, and of all that the actor may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.quality.model import QualityRule, QualityScore, RuleReport
from crmkit.core.kernel.quality.rulebook import Rulebook, problem_of
from crmkit.core.kernel.quality.rules import check_rule, score_of
from crmkit.core.kernel.quality.storing import lowest_scores
from crmkit.core.kernel.query.check import check_criteria
from crmkit.core.kernel.query.compiler import MAX_LIMIT
from crmkit.core.kernel.units.gate import EVERYBODY, Target, command, query
from crmkit.core.kernel.units.service import Service
from crmkit.errors import FieldForbiddenError, InvalidValueError, LimitExceededError, NotFoundError
from crmkit.values.criteria import ALWAYS, Criteria, f
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

__all__ = ["MAX_RULES", "Quality"]

MAX_RULES: Final = 100
"""How many rules of one entity a tenant may have."""


class Quality(Service):
    """What is expected of records, and how far they fulfil it."""

    @command("quality_rule.add", permission="quality_rule.create")
    def add_rules(self, rules: Sequence[QualityRule]) -> tuple[QualityRule, ...]:
        """Add rules.

        A rule that blocks is asked of what is written from then on; records that break it already stay as they are, and
        the report tells of them. Scores follow with the next write of each record, or when they are rebuilt.

        Args:
            rules: the new ones.

        Raises:
            UnknownFieldError: if there is no such entity, field or relation; names the nearest one.
            CriteriaError: if a criteria does not fit the entity.
            FieldForbiddenError: if one looks at a field that the actor may not see.
            InvalidValueError: if one is about parts, or looks at other records, at who asks or at the time.
            AlreadyExistsError: if the entity has a rule of that key.
            LimitExceededError: if there are more than 100 rules of one entity.
        """  # raised by what this calls; callers want to know
        if not rules:
            return ()
        for rule in rules:
            self._check(rule)
        stored = tuple(self.records.add(rule) for rule in rules)
        self._work.flush()
        for entity in {rule.entity for rule in rules}:
            self._check_number(entity)
        self.uow.touch_policy()  # so that every process reads the rules anew
        return stored

    @command("quality_rule.change", permission="quality_rule.update")
    def change_rule(self, rule: QualityRule) -> QualityRule:
        """Change a rule; switch it on or off by its ``active``.

        Args:
            rule: the changed one, as `attrs.evolve` makes it from what was read.

        Raises:
            NotFoundError: if it is not there.
            InvalidValueError: if its entity or key differs; see `add_rules` for the rest.
            StaleVersionError: if it has been changed since it was read.
        """
        before = self.uow.get(QualityRule, rule.id)
        for name in ("entity", "key"):
            if getattr(before, name) != getattr(rule, name):
                raise InvalidValueError(name, getattr(rule, name), "cannot be changed; add another rule")
        self._check(rule)
        stored = self.records.update(before, rule)
        self.uow.touch_policy()
        return stored

    @command("quality_rule.remove", permission="quality_rule.delete")
    def remove_rule(self, rule: Annotated[UUID, Target("quality_rule")]) -> None:
        """Remove a rule; undo brings it back."""
        self.records.remove(self.uow.get(QualityRule, rule))
        self.uow.touch_policy()

    @query("quality_rule.list", permission="quality_rule.read")
    def rules(self, entity: str | None = None) -> tuple[QualityRule, ...]:
        """All rules, active or not, by entity and key.

        Args:
            entity: only those about this one, such as ``party``.
        """
        where = ALWAYS if entity is None else f.entity == entity
        return tuple(sorted(self.uow.each(QualityRule, where), key=lambda rule: (rule.entity, rule.key)))

    # -- what they say ------------------------------------------------------------------------------------------------

    @query("quality.score", permission=EVERYBODY)
    def score(self, ref: Ref) -> QualityScore:
        """How good a record is, as it is now, and why not better.

        Rules that look at a field that the actor may not read are left out, score and reasons alike, since they would
        tell of it.

        Raises:
            NotFoundError: if there is no such record, or it is hidden.
        """  # raised by what this calls; callers want to know
        entity = self.uow.entity(ref.entity)
        self.uow.get(entity, ref.id)
        work, book = self._work, self._book(ref.entity)
        work.flush()
        outcomes = book.outcomes(work.db, work.tenant, [ref.id]).get(ref.id, []) if book else []
        return score_of(ref, [(rule, fulfilled) for rule, fulfilled in outcomes if self._may_know(entity, rule)])

    @query("quality.report", permission=EVERYBODY)
    def report(self, entity: str, where: Criteria = ALWAYS) -> tuple[RuleReport, ...]:
        """How many records do not fulfil each active rule, of those that the actor may see; the worst first.

        Rules that look at a field that the actor may not read are left out. `violations` gives the records.

        Args:
            entity: what the rules are about, such as ``party``.
            where: of which records.

        Raises:
            UnknownFieldError: if there is no such entity, or ``where`` names no field of it.
            FieldForbiddenError: if ``where`` looks at a field that the actor may not see.
        """  # raised by what this calls; callers want to know
        of = self.uow.entity(entity)
        reports = []
        for rule in self._active(entity):
            problem = problem_of(rule, self._work.runtime.registry, self._work.definitions.shapes)
            if problem is not None:
                reports.append(RuleReport(rule=rule, violations=0, problem=problem))
            elif self._may_know(of, rule):
                count = self.uow.count(of, where & _broken(of, rule))
                reports.append(RuleReport(rule=rule, violations=count))
        return tuple(sorted(reports, key=lambda one: (-one.violations, one.rule.key)))

    @query("quality.violations", permission=EVERYBODY)
    def violations(
        self, entity: str, key: str, where: Criteria = ALWAYS, *, limit: int = 50, after: Cursor | None = None
    ) -> Page[Record]:
        """The records that do not fulfil an active rule, of those that the actor may see; those changed last first.

        Args:
            entity: what the rule is about, such as ``party``.
            key: the rule's.
            where: of which records.
            limit: how many at most, 1 to 1000.
            after: the ``next`` of the page before.

        Raises:
            NotFoundError: if there is no such active rule, or it looks at a field that the actor may not read.
        """
        of = self.uow.entity(entity)
        rule = next((r for r in self._active(entity) if r.key == key), None)
        if rule is None or not self._may_know(of, rule):
            raise NotFoundError("quality_rule", key)
        return self.uow.find(of, where & _broken(of, rule), limit=limit, after=after)

    @query("quality.lowest", permission=EVERYBODY)
    def lowest(self, entity: str, *, limit: int = 50) -> tuple[tuple[Ref, int], ...]:
        """The records with the lowest scores, of those that the actor may see; the lowest first.

        By the scores that were stored when each record was written or scores were rebuilt the last time.

        Args:
            entity: which records, such as ``party``.
            limit: how many at most, 1 to 1000.

        Raises:
            FieldForbiddenError: if an active rule looks at a field that the actor may not see.
            LimitExceededError: if the limit is out of range.
        """  # the first by what this calls
        if not 1 <= limit <= MAX_LIMIT:
            raise LimitExceededError("records", MAX_LIMIT, got=limit)
        of, work = self.uow.entity(entity), self._work
        work.settle()  # what the unit itself has written is counted
        book = self._book(entity)
        if book is None:
            return ()
        for rule in book.rules:
            for criteria in (rule.where, rule.when):
                check_criteria(criteria, work.runtime.registry, of, work.rights)
        found: list[tuple[Ref, int]] = []
        for page in lowest_scores(work.db, work.tenant, entity):
            seen = self.uow.sees(of, [id_ for id_, _ in page])
            found += [(Ref(entity, id_), score) for id_, score in page if id_ in seen]
            if len(found) >= limit:
                break
        return tuple(found[:limit])

    # -- inside -------------------------------------------------------------------------------------------------------

    def _book(self, entity: str) -> Rulebook | None:
        return self._work.runtime.rulebooks.of(self._work).get(entity)

    def _active(self, entity: str) -> Iterator[QualityRule]:
        """The active rules of an entity, whoever may see them: what they say is about records that the actor sees."""
        self._work.flush()
        yield from self._work.runtime.rulebooks.active(self._work, entity)

    def _may_know(self, entity: EntityType[Any], rule: QualityRule) -> bool:
        """Whether the actor may read all that a rule looks at."""
        work = self._work
        try:
            for criteria in (rule.where, rule.when):
                check_criteria(criteria, work.runtime.registry, entity, work.rights)
        except FieldForbiddenError:
            return False
        return True

    def _check(self, rule: QualityRule) -> None:
        registry = self._work.runtime.registry
        check_rule(rule, registry, self._work.definitions.shapes)
        for criteria in (rule.where, rule.when):
            check_criteria(criteria, registry, registry.entity(rule.entity), self._work.rights)

    def _check_number(self, entity: str) -> None:
        count = self.uow.count(QualityRule, f.entity == entity)
        if count > MAX_RULES:
            raise LimitExceededError(f"rules about {entity}", MAX_RULES, got=count)


def _broken(entity: EntityType[Any], rule: QualityRule) -> Criteria:
    """The records that do not fulfil a rule that is about them."""
    broken = rule.when & ~rule.where
    return broken & f.merged_into.is_empty() if "merged_into" in entity.shape.fields else broken
