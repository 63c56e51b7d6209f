"""The service of assets: what parties have in use, what covers it, and what was done about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.assets.events import AssetAdded, AssetRetired, TermAdded, TermEndAnnounced
from crmkit.plugins.service_desk.assets.model import Asset, Cover, Term, TermKind
from crmkit.plugins.service_desk.assets.rules import check_apart, cover, covered_until, day_of_fault, owned
from crmkit.plugins.service_desk.assets.tables import ASSET
from crmkit.plugins.service_desk.assets.timeline import NOON, called, enter
from crmkit.plugins.service_desk.cases.model import Case
from crmkit.plugins.service_desk.cases.rules import live
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.config import Settings
from crmkit.sdk import (
    AlreadyExistsError,
    ConflictError,
    Cursor,
    InvalidValueError,
    Page,
    Party,
    Ref,
    Service,
    Target,
    command,
    f,
    query,
)

__all__ = ["AssetId", "Assets"]

AssetId = Annotated[UUID, Target("service_desk.asset")]
_CaseId = Annotated[UUID, Target("service_desk.case")]


class Assets(Service):
    """What parties have in use: ``uow.use(Assets)``."""

    @command("service_desk.asset.add", permission="service_desk.asset.create")
    def add_asset(
        self,
        party: Annotated[UUID, Target("party")],
        *,
        name: str,
        product: str,
        serial: str | None = None,
        acquired_on: date | None = None,
        note: str = "",
        custom: Mapping[str, Any] | None = None,
    ) -> Asset:
        """Say that a party has a thing in use; it is entered on the timeline.

        Args:
            party: who has it.
            name: what people call it by.
            product: what was sold, as a key or number of the product.
            serial: the number of this one; unique among the product's.
            acquired_on: when the party got it.
            note: whatever else is to be known.
            custom: values of the custom fields of assets, by key.

        Raises:
            NotFoundError: if the party is not there, or hidden.
            AlreadyExistsError: if there is one of this product with this serial number.
            InvalidValueError: if a text is blank, a custom value does not fit, or the party gets it only in the future.
        """  # the first by the gate
        asset = Asset(
            party_id=party,
            name=name,
            product=product,
            serial=serial,
            acquired_on=acquired_on,
            note=note,
            custom=custom or {},
        )
        self._check_asset(asset)
        stored = self.records.add(asset)
        enter(
            self.uow,
            party,
            "asset_added",
            f"{called(stored)} in use",
            _ref(stored),
            on=acquired_on or self.uow.now.date(),
        )
        self.emit(AssetAdded(asset=stored.id, party=party, product=product))
        return stored

    @command("service_desk.asset.edit", permission="service_desk.asset.update")
    def edit_asset(self, asset: Asset) -> Asset:
        """Store a changed asset; who has it may change, until when it is covered follows from its terms.

        That it has passed to somebody else is entered on the timelines of both.

        Args:
            asset: as `attrs.evolve` made it from what was read.

        Raises:
            NotFoundError: if it, or who has it now, is gone or hidden.
            StaleVersionError: if it has moved on since it was read.
            AlreadyExistsError: if there is another one of its product with its serial number.
            InvalidValueError: if its dates are impossible.
        """  # the first two by update
        before = self.uow.get(Asset, asset.id)
        if asset.party_id != before.party_id:
            self.uow.get(Party, asset.party_id)
        after = evolve(asset, covered_until=before.covered_until)
        self._check_asset(after)
        stored = self.records.update(before, after)
        if stored.party_id != before.party_id:
            for party, what in ((before.party_id, "handed on"), (stored.party_id, "taken over")):
                enter(self.uow, party, "asset_passed", f"{called(stored)} {what}", _ref(stored), on=self.uow.now.date())
        return stored

    @command("service_desk.asset.retire", permission="service_desk.asset.update")
    def retire_asset(self, asset: AssetId, *, on: date | None = None) -> Asset:
        """Say that a thing is no longer in use; nothing covers it from then on. It is entered on the timeline.

        Args:
            asset: its id.
            on: since when; today (UTC) by default.

        Raises:
            NotFoundError: if it is not there, or hidden.
            ConflictError: if it is out of use already.
            InvalidValueError: if the party got it only later.
        """  # the first by the gate, the last by the model
        before = self.uow.get(Asset, asset)
        if before.retired_on is not None:
            raise ConflictError(f"{before.name} is out of use since {before.retired_on}; edit it to say otherwise")
        day = on or self.uow.now.date()
        stored = self.records.update(before, evolve(before, retired_on=day))
        said = f"{called(stored)} out of use since {day}"
        enter(self.uow, stored.party_id, "asset_retired", said, _ref(stored), on=day)
        self.emit(AssetRetired(asset=asset, retired_on=day))
        return stored

    # -- terms --------------------------------------------------------------------------------------------------------

    @command("service_desk.term.add", permission="service_desk.asset.update")
    def add_term(
        self, asset: AssetId, *, starts_on: date, ends_on: date, kind: TermKind = "warranty", covers: str = ""
    ) -> Term:
        """Cover an asset for a time.

        Args:
            asset: its id.
            starts_on: the first day.
            ends_on: the last day.
            kind: warranty or post_warranty.
            covers: what is covered, in words.

        Raises:
            NotFoundError: if the asset is not there, or hidden.
            TermsOverlapError: if another term of the asset covers one of these days.
            InvalidValueError: if it ends before it starts, or before the party got the asset.
        """  # the first two by what this calls
        before = self.uow.get(Asset, asset)
        term = Term(asset_id=asset, kind=kind, starts_on=starts_on, ends_on=ends_on, covers=covers)
        self._store_term(before, term)
        stored = self.records.add(term)
        self.emit(TermAdded(asset=asset, term=term.id, kind=kind, ends_on=ends_on))
        return stored

    @command("service_desk.term.edit", permission="service_desk.asset.update")
    def edit_term(self, term: Term) -> Term:
        """Store a changed term; one that ends on another day is announced anew.

        Args:
            term: as `attrs.evolve` made it from what was read.

        Raises:
            NotFoundError: if it is gone or hidden.
            StaleVersionError: if it has moved on since it was read.
            TermsOverlapError: if another term of the asset covers one of its days.
            InvalidValueError: if it ends before it starts, or before the party got the asset.
        """  # raised by what this calls
        before = self.uow.get(Term, term.id)
        told = before.reminded_on if term.ends_on == before.ends_on else None
        after = evolve(term, asset_id=before.asset_id, reminded_on=told)
        self._store_term(self.uow.get(Asset, before.asset_id), after)
        return self.records.update(before, after)

    @command("service_desk.term.remove", permission="service_desk.asset.update")
    def remove_term(self, term: Annotated[UUID, Target("service_desk.term")]) -> None:
        """Remove a term that never held.

        Args:
            term: its id.

        Raises:
            NotFoundError: if it is not there, or hidden.
        """  # raised by the gate
        found = self.uow.get(Term, term)
        asset = self.uow.get(Asset, found.asset_id)
        left = covered_until(one for one in self._terms(asset.id) if one.id != term)
        self.records.update(asset, evolve(asset, covered_until=left))
        self.records.remove(found)

    @command("service_desk.term.announce", permission="service_desk.asset.update")
    def announce_ends(self, *, limit: int = 200) -> int:
        """Plan a call about each term that ends soon, by whoever looks after the party; once for each term.

        Args:
            limit: how many terms at most.

        Returns:
            How many were announced.
        """
        today = self.uow.now.date()
        last = today + timedelta(days=self.settings(Settings).term_notice_days)
        soon = (f.ends_on >= today) & (f.ends_on <= last) & f.reminded_on.is_empty()
        in_use = f.asset.exists(f.retired_on.is_empty() | (f.retired_on > today))
        terms = self.uow.find(Term, soon & in_use, order="id", limit=limit).items
        for term in terms:
            self._announce(term, self.uow.get(Asset, term.asset_id))
        return len(terms)

    # -- reading ------------------------------------------------------------------------------------------------------

    @query("service_desk.asset.base", permission="service_desk.asset.read")
    def installed_base(self, party: Annotated[UUID, Target("party")], *, retired: bool = False) -> tuple[Asset, ...]:
        """What a party has in use, by name.

        Args:
            party: whose.
            retired: also what is out of use.

        Raises:
            NotFoundError: if the party is not there, or hidden.
        """  # raised by the gate
        today = self.uow.now.date()
        found = self.uow.each(Asset, f.party_id == party)
        in_use = [one for one in found if retired or one.retired_on is None or one.retired_on > today]
        return tuple(sorted(in_use, key=lambda one: (one.name, one.id)))

    @query("service_desk.term.list", permission="service_desk.asset.read")
    def terms(self, asset: AssetId) -> tuple[Term, ...]:
        """The terms of an asset, the earliest first.

        Args:
            asset: its id.

        Raises:
            NotFoundError: if it is not there, or hidden.
        """  # raised by the gate
        return self._terms(asset)

    @query("service_desk.asset.cover", permission="service_desk.asset.read")
    def cover(self, asset: AssetId, *, on: date | None = None) -> Cover:
        """Whether an asset is covered on a day, and why.

        Args:
            asset: its id.
            on: the day; today (UTC) by default.

        Raises:
            NotFoundError: if it is not there, or hidden.
        """  # raised by the gate
        return cover(self.uow.get(Asset, asset), self._terms(asset), on or self.uow.now.date())

    @query("service_desk.case.cover", permission="service_desk.case.read")
    def case_cover(self, case: _CaseId) -> Cover:
        """Whether what a case is about is covered, and why: on the day on which the fault was found, or was reported.

        Args:
            case: its id.

        Raises:
            NotFoundError: if the case or its asset is not there, or hidden.
        """  # raised by what this calls
        found = self.uow.get(CASE, case)
        if found.asset_id is None:
            return Cover(covered=False, reason=f"case {found.number} is about no asset that we know of")
        return self.cover(found.asset_id, on=day_of_fault(found.details, found.opened_at.date()))

    @query("service_desk.asset.history", permission="service_desk.case.read")
    def service_history(self, asset: AssetId, *, limit: int = 50, after: Cursor | None = None) -> Page[Case]:
        """The cases about an asset, the last one first, of those that the actor may see.

        Args:
            asset: its id.
            limit: how many at most, 1 to 1000.
            after: the ``next`` of the page before.

        Raises:
            NotFoundError: if it is not there, or hidden.
        """  # raised by the gate
        return self.uow.find(CASE, f.asset_id == asset, order="-number", limit=limit, after=after)

    # -- cases --------------------------------------------------------------------------------------------------------

    @command("service_desk.case.set_asset", permission="service_desk.case.update")
    def set_asset(self, case: _CaseId, asset: AssetId | None) -> Case:
        """Say which asset a case is about; its product becomes that of the case.

        Args:
            case: its id.
            asset: one of the same party; None for none.

        Raises:
            NotFoundError: if the case or the asset is not there, or hidden.
            ConflictError: if the case has become part of another one.
            InvalidValueError: if somebody else has the asset.
        """  # raised by what this calls; callers want to know
        before = live(self.uow.get(CASE, case))
        if asset is None:
            return self.records.update(before, evolve(before, asset_id=None))
        found = owned(self.uow.get(Asset, asset), before.party_id)
        return self.records.update(before, evolve(before, asset_id=asset, product=found.product))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _terms(self, asset: UUID) -> tuple[Term, ...]:
        return tuple(sorted(self.uow.each(Term, f.asset_id == asset), key=lambda one: one.starts_on))

    def _store_term(self, asset: Asset, term: Term) -> None:
        """Check a new or changed term, and keep until when its asset is covered.

        Raises:
            TermsOverlapError: if another term of the asset covers one of its days.
            InvalidValueError: if it ends before the party got the asset.
        """  # the first by check_apart
        if asset.acquired_on is not None and term.ends_on < asset.acquired_on:
            raise InvalidValueError("ends_on", term.ends_on, f"lies before the party got it, on {asset.acquired_on}")
        others = [one for one in self._terms(asset.id) if one.id != term.id]
        check_apart(term, others)
        self.records.update(asset, evolve(asset, covered_until=covered_until([*others, term])))

    def _check_asset(self, asset: Asset) -> None:
        if asset.acquired_on is not None and asset.acquired_on > self.uow.now.date() + timedelta(days=1):
            raise InvalidValueError("acquired_on", asset.acquired_on, "has not come yet")
        same = (f.product == asset.product) & (f.serial == asset.serial) & (f.id != asset.id)
        if asset.serial is not None and self.uow.find(ASSET, same, order="id", limit=1):
            raise AlreadyExistsError("service_desk.asset", ("product", "serial"))

    def _announce(self, term: Term, asset: Asset) -> None:
        self.records.update(term, evolve(term, reminded_on=self.uow.now.date()))
        self.uow.interactions.plan(
            kind="call",
            subject=f"Terms of {asset.name} end on {term.ends_on}"[:200],
            due_at=datetime.combine(term.ends_on, NOON),
            party=asset.party_id,
            about=Ref(ASSET.name, asset.id),
            assignee=self.uow.get(Party, asset.party_id).owner_id,
        )
        self.emit(TermEndAnnounced(asset=asset.id, term=term.id, party=asset.party_id, ends_on=term.ends_on))


def _ref(asset: Asset) -> Ref:
    return Ref(ASSET.name, asset.id)
