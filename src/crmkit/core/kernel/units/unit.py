"""The unit of work: one actor, one tenant, one transaction."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from crmkit.core.kernel.deployment.tenants import raise_policy_generation
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.hooks.context import Context
from crmkit.core.kernel.query.compiler import MAX_LIMIT
from crmkit.core.kernel.query.reading import Reading, Tally
from crmkit.core.kernel.units.naming import names_of
from crmkit.errors import ForbiddenError
from crmkit.values.criteria import ALWAYS

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from crmkit.core.kernel.access.actors import Actor
    from crmkit.core.kernel.custom_fields.service import CustomFields
    from crmkit.core.kernel.entities.entity import Record
    from crmkit.core.kernel.erasure.service import Erasure
    from crmkit.core.kernel.history.service import History
    from crmkit.core.kernel.keys.keys import Keys
    from crmkit.core.kernel.quality.service import Quality
    from crmkit.core.kernel.saved_criteria.service import CriteriaStore
    from crmkit.core.kernel.search.service import Search
    from crmkit.core.kernel.units.service import Service
    from crmkit.core.kernel.units.work import Work
    from crmkit.values.criteria import Criteria
    from crmkit.values.page import Cursor, Page

__all__ = ["UnitOfWork"]

M = TypeVar("M", bound="Record")
T = TypeVar("T")
Svc = TypeVar("Svc", bound="Service")


class UnitOfWork:
    """One actor, one tenant, one transaction. `CRM.begin`, `CRM.run` and `CRM.join` make it.

    All that it gives is limited to what the actor may see. It cannot commit or roll back; leaving the ``with`` block of
    `CRM.begin` does.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._services: dict[type[Service], Any] = {}  # each under its own class
        self._reading = Reading(work)
        work.context = Context(self, work.hooks, self._own)

    @property
    def id(self) -> UUID:
        """The unit's id, by which its changes are found and undone."""
        return self._work.id

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self._work.actor

    @property
    def on_behalf_of(self) -> str | None:
        """For whom, under a delegation."""
        return self._work.on_behalf_of

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self._work.tenant

    @property
    def now(self) -> datetime:
        """The instant of the unit, UTC; the same all through it."""
        return self._work.now

    @property
    def keys(self) -> Keys:
        """What only this deployment can write for this tenant: signed tokens and keyed hashes."""
        return self._work.runtime.keys(self.tenant)

    def names(self, actors: Iterable[str]) -> Mapping[str, str]:
        """What actors are called, by their ids: owners, authors, those whom history names.

        As the application's directory has it; whom it no longer knows is called as when they last wrote something, and
        whom nobody knows by name is called by the id.
        """
        self._work.check_open()
        return names_of(self._work, actors)

    def active(self, actors: Iterable[str]) -> frozenset[str]:
        """Those of the actors who may act: whom the application's directory knows and does not call inactive.

        Args:
            actors: their ids.
        """
        self._work.check_open()
        asked = tuple(dict.fromkeys(actors))
        found = self._work.runtime.directory(self.tenant, asked) if asked else {}
        return frozenset(id_ for id_, actor in found.items() if actor.active)

    # -- reading ------------------------------------------------------------------------------------------------------

    def get(self, what: EntityType[M] | type[M], id: UUID) -> M:
        """The record of that id.

        Raises:
            NotFoundError: if there is none, or the actor may not see it.
        """
        return self._reading.get(what, id)

    def find(
        self,
        what: EntityType[M] | type[M],
        where: Criteria = ALWAYS,
        *,
        order: str | None = None,
        limit: int = 50,
        after: Cursor | None = None,
    ) -> Page[M]:
        """A page of the records that fit ``where``.

        Args:
            what: an entity or a model; of a variant (``Person``), only that kind.
            where: which records; all that the actor may see by default.
            order: a field, with ``-`` in front for descending; the entity's first order by default.
            limit: how many records at most, 1 to 1000.
            after: the ``next`` of the page before.

        Raises:
            UnknownFieldError: if ``where`` or ``order`` names a field that the entity does not have.
            FieldForbiddenError: if it names a field that the actor may not read.
            LimitExceededError: if the limit or the criteria is too large.
            InvalidCursorError: if ``after`` belongs to another order.
        """
        return self._reading.find(what, where, order=order, limit=limit, after=after)

    def each(self, what: EntityType[M] | type[M], where: Criteria = ALWAYS, *, order: str | None = None) -> Iterator[M]:
        """All records that fit ``where``, read page by page so that memory stays bounded; see `find` for errors.

        They come in the order of their ids unless another one is asked for. By a field that is updated meanwhile, a
        record may come twice or not at all.
        """
        return self._reading.each(what, where, order=order)

    def count(self, what: EntityType[M] | type[M], where: Criteria = ALWAYS) -> int:
        """How many records fit ``where`` and the actor may see; see `find` for errors."""
        return self._reading.count(what, where)

    def tally(
        self,
        what: EntityType[M] | type[M],
        by: Sequence[str] = (),
        *,
        sums: Sequence[str] = (),
        medians: Sequence[str] = (),
        where: Criteria = ALWAYS,
        limit: int = MAX_LIMIT,
    ) -> list[Tally]:
        """Counts and sums of the records that fit ``where`` and the actor may see, per group; see `find` for errors.

        Args:
            what: an entity or a model.
            by: the fields to group by; ``amount_currency`` names the currency of the money field ``amount``.
            sums: number or money fields to add up; group money by its currency too.
            medians: number fields of which the middle value is wanted.
            where: which records.
            limit: how many groups at most, 1 to 100,000.

        Raises:
            LimitExceededError: if there are more groups than ``limit``.
        """
        return self._reading.tally(what, by, sums=sums, medians=medians, where=where, limit=limit)

    def sees(self, what: EntityType[M] | type[M], ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of ``ids`` whose records the actor may see."""
        return self._reading.sees(what, ids)

    def hidden(self, what: EntityType[Any] | type[Record]) -> frozenset[str]:
        """The fields of an entity that the actor may not read; custom ones as ``custom.size``.

        Args:
            what: an entity or a model.
        """
        self._work.check_open()
        entity = what if isinstance(what, EntityType) else self._work.registry.by_model(what)
        return self._work.hidden(entity)

    def entity(self, name: str) -> EntityType[Record]:
        """The registered entity called ``name``.

        Raises:
            UnknownFieldError: if no loaded plugin registers it.
        """
        return self._work.runtime.registry.entity(name)

    @property
    def history(self) -> History:
        """What was changed, when and by whom; versions, restore and undo."""
        from crmkit.core.kernel.history.service import History  # a service, which stands on units of work

        return self.use(History)

    @property
    def quality(self) -> Quality:
        """What is expected of records: rules, scores, a report."""
        from crmkit.core.kernel.quality.service import Quality  # a service, which stands on units of work

        return self.use(Quality)

    @property
    def saved_criteria(self) -> CriteriaStore:
        """Criteria under a name."""
        from crmkit.core.kernel.saved_criteria.service import CriteriaStore  # a service, which stands on units of work

        return self.use(CriteriaStore)

    @property
    def custom_fields(self) -> CustomFields:
        """The custom fields that the tenant has defined."""
        from crmkit.core.kernel.custom_fields.service import CustomFields  # a service, which stands on units of work

        return self.use(CustomFields)

    @property
    def search(self) -> Search:
        """Search over all records: ``uow.search.find("ida berg")``."""
        from crmkit.core.kernel.search.service import Search  # a service, which stands on units of work

        return self.use(Search)

    @property
    def erasure(self) -> Erasure:
        """Erasing what is about a person, and telling all of it."""
        from crmkit.core.kernel.erasure.service import Erasure  # a service, which stands on units of work

        return self.use(Erasure)

    def _own(self, plugin: str, what: EntityType[M] | type[M], where: Criteria) -> list[M]:
        """The records of a plugin, whoever may see them; for its own hooks.

        Raises:
            ForbiddenError: if they belong to somebody else.
        """
        work = self._work
        entity = work.registry.of(what)
        if work.runtime.registry.plugin_of(entity.name) != plugin:
            raise ForbiddenError(work.permission(entity, "read"), work.actor.id, entity=entity.name)
        with work.unlimited():
            return list(self._reading.each(what, where, order=None))

    def settings(self, settings: type[T]) -> T:
        """A plugin's settings of this deployment, given the class that describes them."""
        return self._work.runtime.settings_of(settings)

    # -- services and control -----------------------------------------------------------------------------------------

    def use(self, service: type[Svc]) -> Svc:
        """A plugin's service, bound to this unit.

        Raises:
            PluginDisabledError: if its plugin is not enabled for this tenant.
            UnknownServiceError: if no loaded plugin registers it.
        """
        found: Svc | None = self._services.get(service)
        if found is None:
            self._work.check_open()
            self._work.runtime.admit_service(service, self._work.enabled, self._work.tenant)
            found = self._services[service] = service(self)
        return found

    @contextmanager
    def attempt(self) -> Generator[None]:
        """A savepoint: what is written inside is undone if the block raises, and the unit can go on.

        The error is raised on; catch it around the ``with``. Images, events and jobs of the block are undone too.
        """
        self._work.check_open()
        with self._work.savepoint():
            yield

    @contextmanager
    def elevate(self, permission: str, reason: str) -> Generator[None]:
        """Permit one permission for the block, by a right to do so, with the reason in the audit.

        Args:
            permission: the one permission to add.
            reason: why, for the audit.

        Raises:
            ForbiddenError: if the actor lacks the permission ``elevate.<permission>``.
        """
        work = self._work
        work.check_open()
        work.require(f"elevate.{permission}")
        before = work.rights
        work.rights = before.elevated(permission, reason)
        work.told.append({"elevated": permission, "reason": reason, "targets": []})
        try:
            yield
            work.flush()
        finally:
            work.rights = before

    def touch_policy(self) -> None:
        """Make every process read this tenant's roles, teams and grants anew; for commands that change them."""
        raise_policy_generation(self._work)
