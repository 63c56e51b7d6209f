"""Commands about the ways to reach a party; a chapter of `crmkit.core.parties.service.Parties`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from crmkit.core.kernel.units.gate import Target, command
from crmkit.core.parties.finding.service import FindingQueries
from crmkit.core.parties.hooks import PartiesStoring, parties_storing
from crmkit.core.parties.mechanisms.events import (
    MechanismAdded,
    MechanismChanged,
    MechanismEnded,
    MechanismRemoved,
    MechanismVerified,
)
from crmkit.core.parties.mechanisms.model import Mechanism, MechanismKind
from crmkit.core.parties.mechanisms.rules import address, check_usable, mechanism, renormalised
from crmkit.core.parties.rules import altered, check_period
from crmkit.values.criteria import f

__all__ = ["MechanismCommands"]

MOST = 1000
"""How many mechanisms of one party are looked at."""


class MechanismCommands(FindingQueries):
    """How to reach parties."""

    # -- adding -------------------------------------------------------------------------------------------------------

    @command("mechanism.add", permission="party.update")
    def add_mechanism(
        self,
        party: Annotated[UUID, Target("party")],
        kind: MechanismKind,
        raw: str,
        *,
        label: str | None = None,
        region: str | None = None,
        service: str | None = None,
        is_primary: bool = False,
        valid_from: date | None = None,
        valid_until: date | None = None,
        allow_invalid: bool = False,
        custom: Mapping[str, Any] | None = None,
    ) -> Mechanism:
        """Add a way to reach a party. The first of its kind becomes the primary one.

        Args:
            party: who is reached.
            kind: email, phone, postal, handle or url.
            raw: as it was given.
            label: what it is used for, such as ``work``.
            region: where a phone number in national form is dialled (ISO 3166-1 alpha-2); else the configured one.
            service: of a handle, where it is one, such as ``telegram``.
            is_primary: make it the one to use among those of its kind.
            valid_from: the first day on which it reaches the party.
            valid_until: the last day on which it does.
            allow_invalid: keep a malformed one as raw text, unverified, instead of refusing it.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            InvalidMechanismError: if it is malformed.
            InvalidValueError: if the dates are the wrong way round, or a custom value does not fit its field.
            AlreadyExistsError: if the party has it already, in whatever spelling.
        """
        made = mechanism(
            party,
            kind,
            raw,
            label=label,
            region=self._region(region),
            service=service,
            is_primary=is_primary,
            allow_invalid=allow_invalid,
        )
        check_period(valid_from, valid_until)
        return self._add(altered(made, valid_from=valid_from, valid_until=valid_until), custom)

    @command("email.add", permission="party.update")
    def add_email(
        self,
        party: Annotated[UUID, Target("party")],
        email: str,
        *,
        label: str | None = None,
        is_primary: bool = False,
        allow_invalid: bool = False,
        custom: Mapping[str, Any] | None = None,
    ) -> Mechanism:
        """Add an e-mail address; see `add_mechanism`."""
        made = mechanism(party, "email", email, label=label, is_primary=is_primary, allow_invalid=allow_invalid)
        return self._add(made, custom)

    @command("phone.add", permission="party.update")
    def add_phone(
        self,
        party: Annotated[UUID, Target("party")],
        phone: str,
        *,
        region: str | None = None,
        label: str | None = None,
        is_primary: bool = False,
        allow_invalid: bool = False,
        custom: Mapping[str, Any] | None = None,
    ) -> Mechanism:
        """Add a phone number; see `add_mechanism`."""
        made = mechanism(
            party,
            "phone",
            phone,
            region=self._region(region),
            label=label,
            is_primary=is_primary,
            allow_invalid=allow_invalid,
        )
        return self._add(made, custom)

    @command("address.add", permission="party.update")
    def add_address(
        self,
        party: Annotated[UUID, Target("party")],
        *,
        street: str | None = None,
        locality: str | None = None,
        region: str | None = None,
        postal_code: str | None = None,
        country: str | None = None,
        raw: str | None = None,
        label: str | None = None,
        is_primary: bool = False,
        custom: Mapping[str, Any] | None = None,
    ) -> Mechanism:
        """Add a postal address, from its parts or its text; see `add_mechanism`.

        Args:
            party: who lives or is there.
            street: everything up to the street and number; may have several lines.
            locality: city or village.
            region: state or province.
            postal_code: as it is written there.
            country: a code of ISO 3166-1 alpha-2 where it is known, or the name.
            raw: the whole address; written out from its parts by default.
            label: what it is used for, such as ``billing``.
            is_primary: make it the one to use.
            custom: values of custom fields by key, as the tenant has defined them.
        """
        made = address(
            party,
            street=street,
            locality=locality,
            region=region,
            postal_code=postal_code,
            country=country,
            raw=raw,
            label=label,
            is_primary=is_primary,
        )
        return self._add(made, custom)

    @command("handle.add", permission="party.update")
    def add_handle(
        self,
        party: Annotated[UUID, Target("party")],
        service: str,
        name: str,
        *,
        label: str | None = None,
        is_primary: bool = False,
        custom: Mapping[str, Any] | None = None,
    ) -> Mechanism:
        """Add a name on a service, such as ``telegram`` and ``@ida``; see `add_mechanism`."""
        made = mechanism(party, "handle", name, service=service, label=label, is_primary=is_primary)
        return self._add(made, custom)

    @command("url.add", permission="party.update")
    def add_url(
        self,
        party: Annotated[UUID, Target("party")],
        url: str,
        *,
        label: str | None = None,
        is_primary: bool = False,
        allow_invalid: bool = False,
        custom: Mapping[str, Any] | None = None,
    ) -> Mechanism:
        """Add a web address; see `add_mechanism`."""
        made = mechanism(party, "url", url, label=label, is_primary=is_primary, allow_invalid=allow_invalid)
        return self._add(made, custom)

    # -- changing -----------------------------------------------------------------------------------------------------

    @command("mechanism.change", permission="party.update")
    def change_mechanism(
        self, mechanism: Mechanism, *, region: str | None = None, allow_invalid: bool = False
    ) -> Mechanism:
        """Store a changed mechanism. One that reaches something else now is normalised anew, and unverified.

        Args:
            mechanism: as it is to be, made by `attrs.evolve` from the one that was read.
            region: where a phone number in national form is dialled; that of the number before by default.
            allow_invalid: keep a malformed one as raw text.

        Raises:
            StaleVersionError: if it has changed since it was read.
            InvalidMechanismError: if it is malformed.
            InvalidValueError: if it is given to another party or made another kind; add another one instead.
        """
        before = self.uow.get(Mechanism, mechanism.id)
        after = renormalised(before, mechanism, region=region, allow_invalid=allow_invalid)
        if after.is_primary and not before.is_primary:
            self._demote(after)
        self.guard(parties_storing, PartiesStoring(mechanisms=(after,)))
        stored = self.records.update(before, after)
        if stored is not before:
            self.emit(MechanismChanged(party=stored.party_id, mechanism=stored.id, kind=stored.kind))
        return stored

    @command("mechanism.set_primary", permission="party.update")
    def set_primary(self, mechanism: Annotated[UUID, Target("mechanism")]) -> Mechanism:
        """Make a mechanism the one to use among those of its kind.

        Raises:
            InvalidValueError: if it is malformed, or has ended.
        """
        found = self.uow.get(Mechanism, mechanism)
        check_usable(found, on=self.uow.now.date())
        if found.is_primary:
            return found
        self._demote(found)
        stored = self.records.update(found, altered(found, is_primary=True))
        self.emit(MechanismChanged(party=stored.party_id, mechanism=stored.id, kind=stored.kind))
        return stored

    @command("mechanism.verify", permission="party.update")
    def verify_mechanism(
        self, mechanism: Annotated[UUID, Target("mechanism")], *, at: datetime | None = None
    ) -> Mechanism:
        """Note that a mechanism was proved to reach its party.

        Args:
            mechanism: its id.
            at: when it was proved, aware; now by default.

        Raises:
            InvalidValueError: if it is malformed, or has ended.
            NaiveDatetimeError: if ``at`` has no time zone.
        """
        found = self.uow.get(Mechanism, mechanism)
        check_usable(found, on=self.uow.now.date())
        stored = self.records.update(found, altered(found, verified_at=self.uow.now if at is None else at))
        self.emit(MechanismVerified(party=stored.party_id, mechanism=stored.id, at=stored.verified_at or self.uow.now))
        return stored

    @command("mechanism.end", permission="party.update")
    def end_mechanism(self, mechanism: Annotated[UUID, Target("mechanism")], *, on: date | None = None) -> Mechanism:
        """Note the last day on which a mechanism reaches its party. It stays, to be found, but is no longer primary.

        Args:
            mechanism: its id.
            on: the last day; today (UTC) by default.

        Raises:
            InvalidValueError: if that day lies before its first one.
        """
        found = self.uow.get(Mechanism, mechanism)
        last = self.uow.now.date() if on is None else on
        after = altered(found, valid_until=last, is_primary=False)
        check_period(after.valid_from, after.valid_until)
        stored = self.records.update(found, after)
        self.emit(MechanismEnded(party=stored.party_id, mechanism=stored.id))
        return stored

    @command("mechanism.remove", permission="party.update")
    def remove_mechanism(self, mechanism: Annotated[UUID, Target("mechanism")]) -> None:
        """Delete a mechanism that should never have been there; `end_mechanism` is for one that was true once."""
        found = self.uow.get(Mechanism, mechanism)
        self.records.remove(found)
        self.emit(MechanismRemoved(party=found.party_id, mechanism=found.id))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _add(self, made: Mechanism, custom: Mapping[str, Any] | None) -> Mechanism:
        wants, usable = made.is_primary, made.normalised is not None and made.valid_until is None
        if usable and (not self._demote(made, only_ask=not wants) or wants):
            made = altered(made, is_primary=True)
        made = altered(made, custom=custom)
        self.guard(parties_storing, PartiesStoring(mechanisms=(made,)))
        stored = self.records.add(made)
        self.emit(MechanismAdded(party=stored.party_id, mechanism=stored.id, kind=stored.kind))
        return stored

    def _demote(self, one: Mechanism, *, only_ask: bool = False) -> bool:
        """Make the present primary mechanism of the same kind an ordinary one; returns whether there was one."""
        where = (f.party_id == one.party_id) & (f.kind == one.kind) & (f.is_primary == True)  # noqa: E712  # criteria
        present = [m for m in self.uow.find(Mechanism, where, order="id", limit=MOST) if m.id != one.id]
        for other in () if only_ask else present:
            self.records.update(other, altered(other, is_primary=False))
        return bool(present)
