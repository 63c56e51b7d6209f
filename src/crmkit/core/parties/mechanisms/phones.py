"""Phone numbers in one form (ITU-T E.164, RFC 3966), by Google's libphonenumber."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.parties.mechanisms.normal import Normal
from crmkit.errors import InvalidMechanismError, InvalidValueError

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

__all__ = ["check_region", "normal_phone"]


def normal_phone(raw: str, *, region: str | None = None) -> Normal:
    """The number in E.164, with ``;ext=`` and the extension where there is one; found by the number alone.

    A number must be possible, that is, of a length that its numbering plan has; whether it is assigned is not asked,
    since plans change faster than installations.

    Args:
        raw: in international or national form, with any punctuation, letters for digits, or as a ``tel:`` URI.
        region: where a national form is dialled (ISO 3166-1 alpha-2); without it only international forms are read.

    Raises:
        InvalidMechanismError: if it is no possible number. See `check_region` for a region that is none.
    """
    import phonenumbers  # its metadata is large, and few units need it

    check_region(region)
    try:
        number = phonenumbers.parse(raw, region and region.upper())
    except phonenumbers.NumberParseException as error:
        missing = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and region is None
        way = "has no country code; write it with one, such as +47, or name the region" if missing else "is no number"
        raise InvalidMechanismError("phone", raw, way) from None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise InvalidMechanismError("phone", raw, "has too few or too many digits for its country")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    extension = f";ext={number.extension}" if number.extension else ""
    return Normal(e164 + extension, e164, country=_country(number, region))


def check_region(region: str | None) -> None:
    """Refuse a region that libphonenumber does not know; None is no region.

    Raises:
        InvalidValueError: if there is no such region.
    """
    import phonenumbers  # see normal_phone

    if region is not None and str(region).upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidValueError("region", region, "is no region with phone numbers (ISO 3166-1 alpha-2), such as 'NO'")


def _country(number: PhoneNumber, region: str | None) -> str | None:
    """The region of a number: where several share a plan and no pattern decides, the one in which it was dialled."""
    import phonenumbers  # see normal_phone

    found = phonenumbers.region_code_for_number(number)
    if found is None and region is not None:
        same = phonenumbers.country_code_for_region(region.upper()) == number.country_code
        return region.upper() if same else None
    return None if found == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else found
