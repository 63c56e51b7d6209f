"""Saving criteria, running them with the rights of whoever looks, and saying them in words."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from attrs import evolve

from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.query.words import in_words
from crmkit.core.kernel.saved_criteria.events import CriteriaChanged, CriteriaRemoved, CriteriaSaved
from crmkit.core.kernel.saved_criteria.model import SavedCriteria, as_text
from crmkit.core.kernel.units.gate import EVERYBODY, Target, command, query
from crmkit.core.kernel.units.service import Service
from crmkit.errors import CriteriaError, InvalidValueError, UnusableCriteriaError
from crmkit.values.criteria import ALWAYS, Criteria, f
from crmkit.values.page import Cursor, Page

__all__ = ["CriteriaStore"]

Saved = Annotated[UUID, Target("saved_criteria")]


class CriteriaStore(Service):
    """Criteria under a name, of any entity. What they find is always what the actor who runs them may see."""

    @command("saved_criteria.save", permission="saved_criteria.create")
    def save(
        self,
        name: str,
        entity: str,
        where: Criteria,
        *,
        order: str | None = None,
        description: str = "",
        team: str | None = None,
    ) -> SavedCriteria:
        """Keep criteria under a name.

        Args:
            name: for people; several may have the same.
            entity: what is asked about, such as ``party``.
            where: the criteria.
            order: the order of what is found, such as ``-updated_at``; the entity's first one by default.
            description: what it is for.
            team: key of a team to share it with; shared with nobody by default. Single actors are given it like any
                record, by `Permissions.share`.

        Raises:
            UnknownFieldError: if there is no such entity, or no such field or relation; names the nearest one.
            CriteriaError: if ``where`` or ``order`` does not fit the entity.
            FieldForbiddenError: if either looks at a field that the actor may not see.
            LimitExceededError: if the criteria is too large.
        """  # raised by what this calls; callers want to know
        self._check(self.uow.entity(entity), where, order)
        stored = self.records.add(
            SavedCriteria(
                name=name,
                entity=entity,
                criteria=as_text(where),
                order=order,
                description=description,
                owner_id=self.uow.actor.id,
                team_id=team,
            )
        )
        self.emit(CriteriaSaved(id=stored.id, entity=entity))
        return stored

    @command("saved_criteria.change", permission="saved_criteria.update")
    def change(self, saved: SavedCriteria) -> SavedCriteria:
        """Change saved criteria, their name, or whom they are shared with.

        Args:
            saved: the changed one, as `attrs.evolve` or `SavedCriteria.with_where` makes it from what was read.

        Raises:
            NotFoundError: if it is not there or hidden.
            UnusableCriteriaError: if what it says is no criteria.
            CriteriaError: if it does not fit the entity.
            FieldForbiddenError: if it looks at a field that the actor may not see.
            InvalidValueError: if its entity differs.
            StaleVersionError: if it has been changed since it was read.
        """  # raised by what this calls; callers want to know
        before = self.uow.get(SavedCriteria, saved.id)
        if saved.entity != before.entity:
            raise InvalidValueError("entity", saved.entity, f"is not {before.entity!r}; save another criteria")
        if (saved.criteria, saved.order) != (before.criteria, before.order):
            saved = evolve(saved, criteria=as_text(saved.where))
            self._check(self.uow.entity(saved.entity), saved.where, saved.order)
        stored = self.records.update(before, saved)
        self.emit(CriteriaChanged(id=stored.id, entity=stored.entity))
        return stored

    @command("saved_criteria.remove", permission="saved_criteria.delete")
    def remove(self, saved: Saved) -> None:
        """Remove saved criteria; undo brings them back.

        Args:
            saved: the id.
        """
        found = self.uow.get(SavedCriteria, saved)
        self.records.remove(found)
        self.emit(CriteriaRemoved(id=found.id, entity=found.entity))

    # -- running ------------------------------------------------------------------------------------------------------

    @query("saved_criteria.list", permission="saved_criteria.read")
    def saved(self, *, entity: str | None = None, limit: int = 50, after: Cursor | None = None) -> Page[SavedCriteria]:
        """The saved criteria that the actor may see, by name.

        Args:
            entity: only those about this one, such as ``party``.
            limit: how many at most, 1 to 1000.
            after: the ``next`` of the page before.
        """
        where = ALWAYS if entity is None else f.entity == entity
        return self.uow.find(SavedCriteria, where, order="name", limit=limit, after=after)

    @query("saved_criteria.find", permission="saved_criteria.read")
    def find(self, saved: Saved, *, limit: int = 50, after: Cursor | None = None) -> Page[Record]:
        """A page of the records that fit, in the order that was saved.

        Args:
            saved: the id.
            limit: how many at most, 1 to 1000.
            after: the ``next`` of the page before.

        Raises:
            NotFoundError: if it is not there or hidden.
            FieldForbiddenError: if it looks at a field that the actor may not see, whoever saved it.
            UnusableCriteriaError: if it is damaged, or speaks of what is not there any more, such as a field of a
                plugin that is gone; it is kept.
        """  # raised by what this calls; callers want to know
        found = self.uow.get(SavedCriteria, saved)
        with _speaking_of(found):
            entity = self._entity(found)
            return self.uow.find(entity, found.where, order=found.order, limit=limit, after=after)

    @query("saved_criteria.each", permission="saved_criteria.read")
    def each(self, saved: Saved) -> Iterator[Record]:
        """All records that fit, read page by page so that memory stays bounded; see `find` for errors.

        Args:
            saved: the id.
        """
        found = self.uow.get(SavedCriteria, saved)
        with _speaking_of(found):
            entity, where = self._entity(found), found.where
            self._check(entity, where, found.order)
        return self.uow.each(entity, where)

    @query("saved_criteria.count", permission="saved_criteria.read")
    def count(self, saved: Saved) -> int:
        """How many records fit that the actor may see; see `find` for errors.

        Args:
            saved: the id.
        """
        found = self.uow.get(SavedCriteria, saved)
        with _speaking_of(found):
            return self.uow.count(self._entity(found), found.where)

    # -- in words -----------------------------------------------------------------------------------------------------

    @query("saved_criteria.in_words", permission="saved_criteria.read")
    def in_words(self, saved: Saved) -> str:
        """What saved criteria ask, as an English sentence, also where what they speak of is not there any more.

        Args:
            saved: the id.

        Raises:
            NotFoundError: if it is not there or hidden.
            UnusableCriteriaError: if it is damaged.
        """  # raised by what this calls; callers want to know
        found = self.uow.get(SavedCriteria, saved)
        return in_words(found.where, found.entity, self._work.registry, self._work.rights.custom)

    @query("criteria.in_words", permission=EVERYBODY)
    def explain(self, entity: str, where: Criteria) -> str:
        """What any criteria asks, as an English sentence.

        Args:
            entity: what is asked about, such as ``party``.
            where: the criteria.
        """
        return in_words(where, entity, self._work.registry, self._work.rights.custom)

    def _entity(self, saved: SavedCriteria) -> EntityType[Record]:
        """What it asks about.

        Raises:
            UnusableCriteriaError: if that is not there any more.
        """
        if saved.entity not in self._work.registry:
            raise UnusableCriteriaError(saved.name, saved.id, f"{saved.entity!r} is not there; no loaded plugin has it")
        return self.uow.entity(saved.entity)

    def _check(self, entity: EntityType[Record], where: Criteria, order: str | None) -> None:
        """Compile it, with all that this refuses, and run nothing."""
        work = self._work
        work.runtime.compiler.page(
            work.rights, work.tenant, entity, where, order=order, dialect=work.db.dialect, now=work.now
        )


@contextmanager
def _speaking_of(saved: SavedCriteria) -> Generator[None]:
    """Name the saved criteria in what is wrong with it, be it its field, its operator or a value.

    Raises:
        UnusableCriteriaError: if something is.
    """
    try:
        yield
    except UnusableCriteriaError:
        raise
    except (CriteriaError, InvalidValueError) as error:
        raise UnusableCriteriaError(saved.name, saved.id, str(error)) from error
