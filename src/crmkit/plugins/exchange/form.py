"""The form between files and records: what a row or a card says about one party, before anybody believes it.

Codecs make it from files and files from it; `crmkit.plugins.exchange.drafts` turns it into records. It knows neither
columns nor databases, so a further format is one more codec.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from attrs import field, frozen

from crmkit.sdk import MechanismKind, PartyKind

__all__ = ["PERSON_FIELDS", "TEXT_FIELDS", "ImportedIdentifier", "ImportedMechanism", "ImportedParty"]


def _blank_to_none(value: str | None) -> str | None:
    """A text without space around it; None for a blank one, since files cannot tell blank from unknown."""
    return (value.strip() or None) if value else None


def _notes(notes: Iterable[str]) -> tuple[str, ...]:
    """Texts that are not blank, with uniform line breaks."""
    uniform = (note.replace("\r\n", "\n").replace("\r", "\n").strip() for note in notes)
    return tuple(note for note in uniform if note)


def _stripped(value: str) -> str:
    return value.strip()


@frozen(kw_only=True)
class ImportedMechanism:
    """A way to reach a party, as a file gives it. A postal address has parts, or its whole text in ``raw``, or both.

    Attributes:
        kind: email, phone, postal, handle or url.
        raw: as it was given.
        label: what it is used for, such as ``work``.
        is_primary: whether the file prefers it among those of its kind.
        service: of a handle, where it is one.
        street: of an address, everything up to the street and number.
        locality: of an address, city or village.
        region: of an address, state or province.
        postal_code: of an address.
        country: of an address, its code (ISO 3166-1 alpha-2) or name.
    """

    kind: MechanismKind
    raw: str | None = field(default=None, converter=_blank_to_none)
    label: str | None = field(default=None, converter=_blank_to_none)
    is_primary: bool = False
    service: str | None = field(default=None, converter=_blank_to_none)
    street: str | None = field(default=None, converter=_blank_to_none)
    locality: str | None = field(default=None, converter=_blank_to_none)
    region: str | None = field(default=None, converter=_blank_to_none)
    postal_code: str | None = field(default=None, converter=_blank_to_none)
    country: str | None = field(default=None, converter=_blank_to_none)


@frozen(kw_only=True)
class ImportedIdentifier:
    """What the party is called elsewhere.

    Attributes:
        scheme: key of the numbering, such as ``customer_number``.
        value: the number or name in it.
    """

    scheme: str
    value: str = field(converter=_stripped)


@frozen(kw_only=True)
class ImportedParty:
    """What one row or card says about a party. Nothing is known to be valid but the types; blank is None.

    Attributes:
        kind: person or organisation.
        id: crmkit's own id of the party, if the file was exported from here.
        given_name: of a person.
        additional_names: of a person.
        family_name: of a person.
        prefix: of a person, titles before the name.
        suffix: of a person, what follows the name.
        nickname: of a person.
        display_name: of a person, what to call them where the other names put together would be wrong.
        birth_date: of a person.
        birthday: of a person whose year of birth is unknown, ``MM-DD``.
        gender: of a person: M, F, O, N or U.
        name: of an organisation.
        legal_name: of an organisation.
        legal_form: of an organisation.
        language: BCP 47 tag.
        time_zone: IANA name or offset.
        source: where the party came from first.
        source_detail: more about that.
        mechanisms: ways to reach it, in the file's order.
        identifiers: what it is called elsewhere.
        organisation: of a person, the name of the organisation that they work for.
        position: of a person, what they are or do there.
        notes: free texts about it.
        custom: texts of values of custom fields, by key.
        left_out: what the file says beyond that and nothing here can hold, such as ``PHOTO``; for the report.
    """

    kind: PartyKind
    id: UUID | None = None
    given_name: str | None = field(default=None, converter=_blank_to_none)
    additional_names: str | None = field(default=None, converter=_blank_to_none)
    family_name: str | None = field(default=None, converter=_blank_to_none)
    prefix: str | None = field(default=None, converter=_blank_to_none)
    suffix: str | None = field(default=None, converter=_blank_to_none)
    nickname: str | None = field(default=None, converter=_blank_to_none)
    display_name: str | None = field(default=None, converter=_blank_to_none)
    birth_date: date | None = None
    birthday: str | None = field(default=None, converter=_blank_to_none)
    gender: str | None = field(default=None, converter=_blank_to_none)
    name: str | None = field(default=None, converter=_blank_to_none)
    legal_name: str | None = field(default=None, converter=_blank_to_none)
    legal_form: str | None = field(default=None, converter=_blank_to_none)
    language: str | None = field(default=None, converter=_blank_to_none)
    time_zone: str | None = field(default=None, converter=_blank_to_none)
    source: str | None = field(default=None, converter=_blank_to_none)
    source_detail: str | None = field(default=None, converter=_blank_to_none)
    mechanisms: tuple[ImportedMechanism, ...] = ()
    identifiers: tuple[ImportedIdentifier, ...] = ()
    organisation: str | None = field(default=None, converter=_blank_to_none)
    position: str | None = field(default=None, converter=_blank_to_none)
    notes: tuple[str, ...] = field(default=(), converter=_notes)
    custom: Mapping[str, str] = field(factory=dict)
    left_out: tuple[str, ...] = ()


PERSON_FIELDS = (
    "given_name",
    "additional_names",
    "family_name",
    "prefix",
    "suffix",
    "nickname",
    "display_name",
    "birth_date",
    "birthday",
    "gender",
)
ORGANISATION_FIELDS = ("name", "legal_name", "legal_form")
SHARED_FIELDS = ("language", "time_zone", "source", "source_detail")
TEXT_FIELDS = tuple(
    name for name in (*PERSON_FIELDS, *ORGANISATION_FIELDS, *SHARED_FIELDS) if name not in {"birth_date", "birthday"}
)
"""The fields of a party that are plain text in every format."""
