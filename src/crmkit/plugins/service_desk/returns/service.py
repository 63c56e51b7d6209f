"""The service of returns: what came back and why, what became of it, and what most of it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.assets.model import Asset
from crmkit.plugins.service_desk.assets.timeline import enter
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.config import Settings
from crmkit.plugins.service_desk.returns.events import ReturnRecorded, ReturnSettled
from crmkit.plugins.service_desk.returns.model import Outcome, Pareto, Return
from crmkit.plugins.service_desk.returns.rules import pareto
from crmkit.plugins.service_desk.returns.tables import RETURN
from crmkit.sdk import ALWAYS, ConflictError, Criteria, InvalidValueError, Ref, Service, Target, command, f, query

__all__ = ["ReturnId", "Returns"]

ReturnId = Annotated[UUID, Target("service_desk.return")]


class Returns(Service):
    """What came back, and why: ``uow.use(Returns)``."""

    @command("service_desk.return.record", permission="service_desk.return.create")
    def record_return(
        self,
        party: Annotated[UUID, Target("party")],
        *,
        product: str | None = None,
        reason: str,
        quantity: int = 1,
        returned_on: date | None = None,
        case: Annotated[UUID, Target("service_desk.case")] | None = None,
        asset: Annotated[UUID, Target("service_desk.asset")] | None = None,
        note: str = "",
        custom: Mapping[str, Any] | None = None,
    ) -> Return:
        """Record what a party has brought or sent back; it is entered on the timeline.

        Args:
            party: who.
            product: what was sold; that of the asset by default.
            reason: why: one of the reasons in the settings.
            quantity: how many, at least 1.
            returned_on: when; today (UTC) by default.
            case: the case about it, of the same party.
            asset: which one it was, of the same party.
            note: what the party said.
            custom: values of the custom fields of returns, by key.

        Raises:
            NotFoundError: if party, case or asset is not there, or hidden.
            InvalidValueError: if there is no such reason, the day has not come, case or asset is another party's, a
                custom value does not fit, or neither product nor asset is given.
        """  # the first by the gate
        self._check_reason(reason)
        today = self.uow.now.date()
        day = returned_on or today
        if day > today:
            raise InvalidValueError("returned_on", str(day), "has not come yet")
        found = None if asset is None else self.uow.get(Asset, asset)
        concerned = None if case is None else self.uow.get(CASE, case)
        for name, one in (("asset", found), ("case", concerned)):
            if one is not None and one.party_id != party:
                raise InvalidValueError(name, str(one.id), "belongs to another party")
        what = product or (None if found is None else found.product)
        if what is None:
            raise InvalidValueError("product", None, "is missing; give it, or the asset that came back")
        record = Return(
            party_id=party,
            product=what,
            quantity=quantity,
            reason=reason,
            returned_on=day,
            case_id=case,
            asset_id=asset,
            note=note,
            custom=custom or {},
        )
        stored = self.records.add(record)
        self._enter(stored, "return_recorded", f"{quantity} of {what} came back: {reason}", on=day, body=note)
        self.emit(ReturnRecorded(returned=stored.id, party=party, product=what, reason=reason))
        return stored

    @command("service_desk.return.settle", permission="service_desk.return.update")
    def settle_return(self, returned: ReturnId, outcome: Outcome, *, on: date | None = None) -> Return:
        """Say what becomes of a return; it is entered on the timeline.

        Args:
            returned: its id.
            outcome: refunded, replaced, repaired or rejected.
            on: when that was decided; today (UTC) by default.

        Raises:
            NotFoundError: if it is not there, or hidden.
            ConflictError: if it was settled already.
            InvalidValueError: if the outcome is none, or it was decided before it came.
        """  # the first by the gate, the last by the model
        before = self.uow.get(Return, returned)
        if before.outcome is not None:
            said = f"return {returned} was {before.outcome} on {before.settled_on}"
            raise ConflictError(f"{said}; undo that unit to decide anew")
        day = on or self.uow.now.date()
        stored = self.records.update(before, evolve(before, outcome=outcome, settled_on=day))
        self._enter(stored, "return_settled", f"{stored.quantity} of {stored.product}: {outcome}", on=day)
        self.emit(ReturnSettled(returned=returned, outcome=outcome))
        return stored

    @query("service_desk.return.pareto", permission="service_desk.return.read")
    def return_pareto(
        self, *, by: Literal["reason", "product"] = "reason", since: date | None = None, until: date | None = None
    ) -> Pareto:
        """Which few reasons or products most returns come from, of the returns that the actor may see.

        Args:
            by: reason or product.
            since: the first day; no bound by default.
            until: the last day; no bound by default.

        Raises:
            InvalidValueError: if it is to be by something else, or the period ends before it begins.
        """
        if by not in {"reason", "product"}:
            raise InvalidValueError("by", by, "is none of: reason, product")
        tallies = self.uow.tally(RETURN, by=(by,), sums=("quantity",), where=_within(since, until))
        return pareto({t.key[0]: (t.count, int(t.sums["quantity"])) for t in tallies})

    # -- inside -------------------------------------------------------------------------------------------------------

    def _enter(self, returned: Return, kind: str, summary: str, *, on: date, body: str = "") -> None:
        enter(self.uow, returned.party_id, kind, summary, Ref(RETURN.name, returned.id), on=on, body=body)

    def _check_reason(self, reason: str) -> None:
        known = self.settings(Settings).return_reasons
        if reason not in known:
            raise InvalidValueError("reason", reason, f"is none of: {', '.join(known)}")


def _within(since: date | None, until: date | None) -> Criteria:
    if since is not None and until is not None and until < since:
        raise InvalidValueError("until", until, f"lies before since={since}")
    where: Criteria = ALWAYS
    if since is not None:
        where &= f.returned_on >= since
    if until is not None:
        where &= f.returned_on <= until
    return where
