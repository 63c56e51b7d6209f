"""Pure decisions about contact mechanisms: their normal form, how they are found again, which of them is primary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from attrs import evolve

from crmkit.core.parties.mechanisms.addresses import country_code, normal_address, written_out
from crmkit.core.parties.mechanisms.emails import normal_email
from crmkit.core.parties.mechanisms.links import normal_handle, normal_url
from crmkit.core.parties.mechanisms.model import KINDS, MAX_RAW, Mechanism, MechanismKind
from crmkit.core.parties.mechanisms.normal import Normal
from crmkit.core.parties.mechanisms.phones import normal_phone
from crmkit.core.parties.rules import altered, is_current
from crmkit.core.parties.text import fold
from crmkit.errors import InvalidMechanismError, InvalidValueError, LimitExceededError

__all__ = [
    "address",
    "check_usable",
    "mechanism",
    "normalise",
    "primary",
    "raw_key",
    "renormalised",
    "spelled_once",
    "with_primaries",
]


# -- one form ---------------------------------------------------------------------------------------------------------


def normalise(kind: MechanismKind, raw: str, *, region: str | None = None, service: str | None = None) -> Normal:
    """The one form of a contact mechanism.

    Args:
        kind: what it is.
        raw: as it was given.
        region: of a phone number in national form, where it is dialled (ISO 3166-1 alpha-2).
        service: of a handle, where it is one.

    Raises:
        InvalidMechanismError: if it is none of that kind.
        InvalidValueError: if there is no such kind or region.
        LimitExceededError: if it is too long.
    """
    if not isinstance(raw, str):
        raise InvalidMechanismError(str(kind), raw, "is not a text")
    if len(raw) > MAX_RAW:
        raise LimitExceededError(f"characters in {kind}", MAX_RAW, got=len(raw))
    match kind:
        case "email":
            return normal_email(raw)
        case "phone":
            return normal_phone(raw, region=region)
        case "postal":
            return normal_address(raw)
        case "url":
            return normal_url(raw)
        case "handle":
            return normal_handle(raw, service=service)
        case _:
            raise InvalidValueError("kind", kind, f"is no kind of contact mechanism: {', '.join(KINDS)}")


def mechanism(
    party_id: UUID,
    kind: MechanismKind,
    raw: str,
    *,
    label: str | None = None,
    region: str | None = None,
    service: str | None = None,
    is_primary: bool = False,
    allow_invalid: bool = False,
) -> Mechanism:
    """A contact mechanism, normalised.

    Args:
        party_id: who is reached.
        kind: what it is.
        raw: as it was given.
        label: what it is used for.
        region: see `normalise`.
        service: see `normalise`.
        is_primary: whether it is the one to use among those of its kind.
        allow_invalid: keep a malformed one as raw text, unverified and not normalised.

    Raises:
        InvalidMechanismError: if it is none of that kind, and ``allow_invalid`` is not set. See `normalise` and
            `Mechanism` for other errors.
    """
    try:
        normal: Normal | None = normalise(kind, raw, region=region, service=service)
    except InvalidMechanismError:
        if not allow_invalid:
            raise
        normal = None
    return Mechanism(
        party_id=party_id,
        kind=kind,
        raw=raw,
        normalised=normal.normalised if normal else None,
        search_key=normal.search_key if normal else raw_key(raw),
        label=label,
        is_primary=is_primary and normal is not None,
        country=normal.country if normal else None,
        service=normal.service if normal else service,
    )


def address(
    party_id: UUID,
    *,
    street: str | None = None,
    locality: str | None = None,
    region: str | None = None,
    postal_code: str | None = None,
    country: str | None = None,
    raw: str | None = None,
    label: str | None = None,
    is_primary: bool = False,
) -> Mechanism:
    """A postal address from its parts, or from its text, or both.

    Args:
        party_id: who lives or is there.
        street: everything up to the street and number; may have several lines.
        locality: city or village.
        region: state or province.
        postal_code: as it is written there.
        country: a code of ISO 3166-1 alpha-2 where it is known, or the name.
        raw: the whole address; written out from its parts by default.
        label: what it is used for.
        is_primary: whether it is the one to use.

    See `normalise` and `Mechanism` for errors; an address with nothing in it is malformed.
    """
    country = country_code(country)
    parts = written_out(street=street, locality=locality, region=region, postal_code=postal_code, country=country)
    return evolve(
        mechanism(party_id, "postal", raw or parts, label=label, is_primary=is_primary),
        street=street,
        locality=locality,
        region=region,
        postal_code=postal_code,
        country=country,
    )


def renormalised(
    before: Mechanism, after: Mechanism, *, region: str | None = None, allow_invalid: bool = False
) -> Mechanism:
    """``after`` as it is to be stored: normalised anew if it reaches something else now, and then unverified.

    Raises:
        InvalidValueError: if party or kind differ. See `mechanism` for other errors.
    """
    for name in ("party_id", "kind"):
        if getattr(before, name) != getattr(after, name):
            raise InvalidValueError(name, getattr(after, name), "is not changed; remove this one and add another")
    if all(getattr(before, name) == getattr(after, name) for name in _REACHING[before.kind]):
        return evolve(after, normalised=before.normalised, search_key=before.search_key, country=after.country)
    fresh = _again(before, after, region, allow_invalid=allow_invalid)
    return evolve(
        after,
        raw=fresh.raw,
        normalised=fresh.normalised,
        search_key=fresh.search_key,
        country=fresh.country,
        service=fresh.service,
        verified_at=None,
        is_primary=after.is_primary and fresh.normalised is not None,
    )


_REACHING: Final[Mapping[MechanismKind, tuple[str, ...]]] = {
    "email": ("raw",),
    "phone": ("raw",),
    "url": ("raw",),
    "handle": ("raw", "service"),
    "postal": ("raw", "street", "locality", "region", "postal_code", "country"),
}
"""The fields that say what a mechanism of this kind reaches."""


def _again(before: Mechanism, after: Mechanism, region: str | None, *, allow_invalid: bool) -> Mechanism:
    """``after`` made anew: an address from its parts unless its text was changed, a number as dialled where it was."""
    if after.kind == "postal":
        return address(
            after.party_id,
            street=after.street,
            locality=after.locality,
            region=after.region,
            postal_code=after.postal_code,
            country=after.country,
            raw=after.raw if after.raw != before.raw else None,
        )
    region = region or before.country
    return mechanism(
        after.party_id, after.kind, after.raw, region=region, service=after.service, allow_invalid=allow_invalid
    )


def raw_key(raw: str) -> str:
    """What a malformed mechanism is found by: its own folded text."""
    return fold(raw)[:MAX_RAW].rstrip()


# -- which of them ----------------------------------------------------------------------------------------------------


def primary(mechanisms: Iterable[Mechanism], kind: MechanismKind, *, on: date) -> Mechanism | None:
    """The mechanism of ``kind`` to use on the day ``on``: the primary one, or else the first that is valid."""
    usable = [
        m for m in mechanisms if m.kind == kind and m.normalised and is_current(m.valid_from, m.valid_until, on=on)
    ]
    return next((m for m in usable if m.is_primary), usable[0] if usable else None)


def check_usable(one: Mechanism, *, on: date) -> None:
    """Refuse to rely on a mechanism that is malformed, or that reaches its party no more on the day ``on``.

    Raises:
        InvalidValueError: if so.
    """
    if one.normalised is None:
        raise InvalidValueError("mechanism", str(one.id), "was kept although it is malformed; correct it first")
    if one.valid_until is not None and one.valid_until < on:
        raise InvalidValueError("mechanism", str(one.id), f"ended on {one.valid_until}")


def spelled_once(mechanisms: Iterable[Mechanism]) -> list[Mechanism]:
    """``mechanisms`` without those that another one before them says already, in a different spelling or the same."""
    seen: dict[tuple[UUID, str, str], Mechanism] = {}
    for one in mechanisms:
        seen.setdefault((one.party_id, one.kind, one.normalised or f"raw {one.raw}"), one)
    return list(seen.values())


def with_primaries(mechanisms: Iterable[Mechanism]) -> list[Mechanism]:
    """``mechanisms`` of new parties, the first usable one of each party and kind made primary where none is.

    A second one that says it is primary is not.
    """
    given = list(mechanisms)
    chosen: dict[tuple[UUID, str], UUID] = {}
    for one in (*(m for m in given if m.is_primary), *given):
        if one.normalised is not None and one.valid_until is None:
            chosen.setdefault((one.party_id, one.kind), one.id)
    return [_marked(one, is_primary=chosen.get((one.party_id, one.kind)) == one.id) for one in given]


def _marked(one: Mechanism, *, is_primary: bool) -> Mechanism:
    return one if one.is_primary == is_primary else altered(one, is_primary=is_primary)
