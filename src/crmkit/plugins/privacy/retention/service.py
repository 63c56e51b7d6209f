"""The commands that keep to rules of retention; a chapter of `crmkit.plugins.privacy.service.Privacy`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import evolve

from crmkit.plugins.privacy.config import Settings
from crmkit.plugins.privacy.erasing.exporting import write_subject
from crmkit.plugins.privacy.erasing.model import Erasure, Hold
from crmkit.plugins.privacy.erasing.service import ErasingCommands
from crmkit.plugins.privacy.retention.model import RetainedRecord, RetentionReport, RetentionRule
from crmkit.sdk import (
    ALWAYS,
    Criteria,
    EntityType,
    InUseError,
    InvalidValueError,
    LimitExceededError,
    Person,
    Record,
    Ref,
    RefusedError,
    command,
    criteria_from_json,
    f,
    query,
)

__all__ = ["RetentionCommands"]

MOST: Final = 10_000
"""How many records are seen to in one unit of work at most."""
_REASON: Final = "retention: {}"


class _Rehearsed(Exception):  # noqa: N818  # no error: it ends a rehearsal, and nobody sees it
    """Gives up what was done."""


class RetentionCommands(ErasingCommands):
    """How long what is known is kept."""

    @command("privacy.retention_rule.define", permission="privacy.retention_rule.create")
    def define_retention(self, rules: Sequence[RetentionRule]) -> tuple[RetentionRule, ...]:
        """Add rules of retention, and change those whose keys are there already.

        Args:
            rules: each with its key.

        Raises:
            UnknownFieldError: if there is no such entity, or it has no such field; names the nearest one.
            InvalidValueError: if the records are parts of others, the field is no instant or day, or something is to be
                exported and ``plugins.privacy.export_folder`` is not set.
            CriteriaError: if the condition is none.
            ForbiddenError: if one is there, and the actor may not change rules.
        """  # raised by what this calls; callers want to know
        for rule in rules:
            self._check_rule(rule)
        known = {one.key: one for one in self.uow.each(RetentionRule)}
        return tuple(self._defined_rule(known.get(rule.key), rule) for rule in rules)

    @query("privacy.retention_rule.list", permission="privacy.retention_rule.read")
    def retention_rules(self) -> tuple[RetentionRule, ...]:
        """The tenant's rules of retention, by their keys."""
        return tuple(self.uow.each(RetentionRule, order="key"))

    @command("privacy.retention.apply", permission="erasure.erase", reversible=False)
    def apply_retention(self, *, dry_run: bool = False, limit: int = 1_000) -> RetentionReport:
        """Erase or delete what has been kept for long enough, by the rules of the tenant.

        A rehearsal does the same, in a savepoint that it then gives up, so that it tells exactly what would be done.
        What a legal hold keeps is listed, and so is what a plugin refuses.

        Args:
            dry_run: only tell.
            limit: how many records to see to, 1 to 10,000; what is left comes the next time.

        Raises:
            LimitExceededError: if the limit is out of range.
        """
        if not 1 <= limit <= MOST:
            raise LimitExceededError("records", MOST, got=limit)
        if not dry_run:
            return self._applied(limit)
        done: list[RetentionReport] = []
        with suppress(_Rehearsed), self.uow.attempt():
            done.append(self._applied(limit, dry_run=True))
            self._give_up()
        return done[0]

    # -- inside -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _give_up() -> None:
        """End a rehearsal.

        Raises:
            _Rehearsed: always.
        """
        raise _Rehearsed

    def _check_rule(self, rule: RetentionRule) -> None:
        """Refuse a rule that could never be applied.

        Raises:
            InvalidValueError: if so.
        """
        entity = self.uow.entity(rule.entity)
        if entity.part_of is not None or entity.kind != "entity":
            raise InvalidValueError("entity", rule.entity, "has no records that stand alone; name what they belong to")
        if entity.field(rule.since).type not in {"instant", "date"}:
            raise InvalidValueError("since", rule.since, "is neither an instant nor a day, such as updated_at")
        if rule.export_first and self.settings(Settings).export_folder is None:
            raise InvalidValueError(
                "export_first", rule.export_first, "needs a folder; set plugins.privacy.export_folder"
            )
        self.uow.find(entity, self._due(rule, entity), limit=1)

    def _defined_rule(self, present: RetentionRule | None, rule: RetentionRule) -> RetentionRule:
        if present is None:
            return self.records.add(rule)
        return self.records.update(present, evolve(rule, id=present.id, version=present.version))

    def _applied(self, limit: int, *, dry_run: bool = False) -> RetentionReport:
        records: list[RetainedRecord] = []
        more: list[str] = []
        for rule in self.uow.each(RetentionRule, f.active == True, order="key"):  # noqa: E712  # criteria
            for record in self._over(rule):
                if len(records) == limit:
                    more.append(rule.key)
                    break
                records.append(self._see_to(rule, record, dry_run=dry_run))
        return RetentionReport(records=tuple(records), more=tuple(more))

    def _over(self, rule: RetentionRule) -> Iterator[Record]:
        """The records whose time is over, but for those of which nothing is left to erase."""
        entity = self.uow.entity(rule.entity)
        for record in self.uow.each(entity, self._due(rule, entity), order="id"):
            if rule.entity != "party":
                if rule.action == "delete" or self.uow.erasure.plan(Ref(rule.entity, record.id)).records:
                    yield record
            elif isinstance(record, Person) and record.merged_into is None and not self._is_erased(record):
                yield record

    def _is_erased(self, person: Person) -> bool:
        return bool(self.own_records(Erasure, f.party_id == person.id))

    def _due(self, rule: RetentionRule, entity: EntityType[Record]) -> Criteria:
        before = rule.due_before(self.uow.now)
        over: Criteria = getattr(f, rule.since) < (before.date() if entity.field(rule.since).type == "date" else before)
        condition: Criteria = criteria_from_json(rule.condition) if rule.condition else ALWAYS
        return condition & over

    def _see_to(self, rule: RetentionRule, record: Record, *, dry_run: bool) -> RetainedRecord:
        ref = Ref(rule.entity, record.id)
        seen = RetainedRecord(rule=rule.key, entity=rule.entity, id=record.id, outcome="erased")
        held = [one for one in self.own_records(Hold, f.party_id == self._about(record)) if one.holds(self.uow.now)]
        if held:
            return evolve(seen, outcome="held", why=f"legal hold {held[0].id}")
        try:
            with self.uow.attempt():
                if rule.export_first and not dry_run:
                    self._export(ref)
                self._erase(rule, ref)
                if rule.action == "delete" and rule.entity != "party":
                    self.records.remove(self.uow.get(self.uow.entity(rule.entity), record.id))
                    seen = evolve(seen, outcome="deleted")
        except (RefusedError, InUseError) as error:
            return evolve(seen, outcome="refused", why=error.message)
        return seen

    @staticmethod
    def _about(record: Record) -> object:
        """Id of the party that a record is, or is about."""
        return getattr(record, "party_id", record.id)

    def _erase(self, rule: RetentionRule, ref: Ref) -> None:
        reason = _REASON.format(rule.key)
        if ref.entity == "party":
            self.erase(ref.id, reason=reason)
        else:
            self.uow.erasure.erase(ref, reason)

    def _export(self, ref: Ref) -> None:
        folder = Path(self.settings(Settings).export_folder or "")
        folder.mkdir(parents=True, exist_ok=True)
        write_subject(self.uow, ref, folder / f"{ref.entity}-{ref.id}.json")
