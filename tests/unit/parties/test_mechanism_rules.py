from datetime import UTC, date, datetime
from uuid import uuid4

import phonenumbers
import pytest
from attrs import evolve

from crmkit.core.kernel.wire import from_json, to_json
from crmkit.core.parties.finding.rules import guess_kinds, matches, search_keys
from crmkit.core.parties.mechanisms.model import Mechanism
from crmkit.core.parties.mechanisms.rules import (
    address,
    check_usable,
    mechanism,
    primary,
    renormalised,
    spelled_once,
    with_primaries,
)
from crmkit.errors import InvalidMechanismError, InvalidValueError, LimitExceededError, NaiveDatetimeError

IDA, MAX = uuid4(), uuid4()
TODAY = date(2026, 3, 31)
PROVED = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_mechanism_keeps_what_was_given_beside_its_one_form():
    made = mechanism(IDA, "email", " Ida@BERG.example", label=" Work ")
    assert (made.raw, made.normalised, made.label) == ("Ida@BERG.example", "ida@berg.example", "Work")
    assert (made.verified_at, made.is_primary) == (None, False)


def test_a_malformed_mechanism_is_refused_unless_it_is_asked_for():
    with pytest.raises(InvalidMechanismError, match="allow_invalid"):
        mechanism(IDA, "phone", "ask at the bar")
    kept = mechanism(IDA, "phone", "Ask at the bar", is_primary=True, allow_invalid=True)
    assert (kept.raw, kept.normalised, kept.verified_at, kept.is_primary) == ("Ask at the bar", None, None, False)
    assert kept.search_key == "ask at the bar"


def test_a_mechanism_with_nothing_in_it_is_never_kept():
    with pytest.raises(InvalidValueError):
        mechanism(IDA, "phone", " ", allow_invalid=True)


def test_a_mechanism_is_the_same_after_a_way_through_json():
    made = address(IDA, street="Storgata 12", locality="Oslo", country="no", label="home")
    assert from_json(to_json(made), Mechanism) == made


def test_an_address_is_written_out_from_its_parts():
    made = address(IDA, street="Suite D2-630\n2875 Laurier", locality="Québec", region="QC", postal_code="G1V 2M2",
                   country="Canada")  # fmt: skip
    assert made.raw == "Suite D2-630\n2875 Laurier\nG1V 2M2 Québec\nQC\nCanada"
    assert made.country == "Canada"
    assert made.normalised == "suite d2 630 2875 laurier g1v 2m2 quebec qc canada"


def test_an_address_may_be_a_text_alone():
    assert address(IDA, raw="Storgata 12, Oslo").street is None


def test_an_address_of_nothing_is_refused():
    with pytest.raises(InvalidMechanismError):
        address(IDA)


@pytest.mark.parametrize(
    ("given", "error", "word"),
    [
        ({"kind": "fax"}, InvalidValueError, "kind"),
        ({"raw": ""}, InvalidValueError, "raw"),
        ({"raw": "a" * 513}, LimitExceededError, "raw"),
        ({"verified_at": datetime(2026, 1, 1)}, NaiveDatetimeError, "verified_at"),  # noqa: DTZ001  # naive is tested
        ({"valid_from": "today"}, InvalidValueError, "valid_from"),
        ({"valid_from": TODAY, "valid_until": date(2026, 1, 1)}, InvalidValueError, "valid_until"),
        ({"service": "Tele gram"}, InvalidValueError, "service"),
    ],
)
def test_an_impossible_mechanism_is_refused(given, error, word):
    with pytest.raises(error, match=word):
        Mechanism(**{"party_id": IDA, "kind": "email", "raw": "a@b.example", "search_key": "a@b.example"} | given)


# -- change -----------------------------------------------------------------------------------------------------------


def test_a_mechanism_that_reaches_something_else_is_normalised_anew_and_unverified():
    before = evolve(mechanism(IDA, "email", "ida@berg.example"), verified_at=PROVED)
    after = renormalised(before, evolve(before, raw="Ida.Berg@Berg.example"))
    assert (after.normalised, after.search_key, after.verified_at) == (("ida.berg@berg.example",) * 2 + (None,))


def test_a_mechanism_with_another_label_stays_verified_and_cannot_be_normalised_by_hand():
    before = evolve(mechanism(IDA, "email", "ida@berg.example"), verified_at=PROVED)
    after = renormalised(before, evolve(before, label="home", normalised="x", search_key="y"))
    assert (after.label, after.normalised, after.search_key, after.verified_at) == (
        "home", "ida@berg.example", "ida@berg.example", PROVED,
    )  # fmt: skip


def test_a_changed_phone_number_is_read_as_dialled_in_the_country_of_the_old_one():
    before = mechanism(IDA, "phone", "+47 22 33 44 55")
    assert renormalised(before, evolve(before, raw="33 44 55 66")).normalised == "+4733445566"
    assert renormalised(before, evolve(before, raw="020 7946 0958"), region="GB").country == "GB"


def test_an_address_follows_its_parts_unless_its_text_was_changed():
    before = address(IDA, street="Storgata 12", locality="Oslo")
    moved = renormalised(before, evolve(before, street="Lillegata 1"))
    assert moved.raw == "Lillegata 1\nOslo"
    assert renormalised(before, evolve(before, raw="Lillegata 1, 0155 Oslo")).raw == "Lillegata 1, 0155 Oslo"


def test_a_change_into_something_malformed_is_refused_unless_it_is_asked_for():
    before = evolve(mechanism(IDA, "email", "ida@berg.example"), is_primary=True)
    with pytest.raises(InvalidMechanismError):
        renormalised(before, evolve(before, raw="ida at berg"))
    kept = renormalised(before, evolve(before, raw="ida at berg"), allow_invalid=True)
    assert (kept.normalised, kept.is_primary) == (None, False)


@pytest.mark.parametrize("change", [{"party_id": MAX}, {"kind": "url"}])
def test_a_mechanism_stays_with_its_party_and_kind(change):
    before = mechanism(IDA, "email", "ida@berg.example")
    with pytest.raises(InvalidValueError, match=next(iter(change))):
        renormalised(before, evolve(before, **change))


def test_only_a_wellformed_mechanism_that_has_not_ended_is_usable():
    good = mechanism(IDA, "email", "ida@berg.example")
    check_usable(good, on=TODAY)
    check_usable(evolve(good, valid_until=TODAY), on=TODAY)
    with pytest.raises(InvalidValueError, match="ended"):
        check_usable(evolve(good, valid_until=date(2026, 3, 30)), on=TODAY)
    with pytest.raises(InvalidValueError, match="malformed"):
        check_usable(mechanism(IDA, "email", "nobody", allow_invalid=True), on=TODAY)


# -- which of them ----------------------------------------------------------------------------------------------------


def emails(*raws: str, party=IDA) -> list[Mechanism]:
    return [mechanism(party, "email", raw, allow_invalid=True) for raw in raws]


def test_what_is_spelled_twice_is_stored_once():
    given = [*emails("a@x.example", "A@X.example", "b@x.example"), *emails("a@x.example", party=MAX)]
    assert [(m.party_id, m.raw) for m in spelled_once(given)] == [
        (IDA, "a@x.example"), (IDA, "b@x.example"), (MAX, "a@x.example"),
    ]  # fmt: skip


def test_the_first_usable_mechanism_of_a_kind_becomes_primary():
    given = [*emails("nobody", "a@x.example", "b@x.example"), mechanism(IDA, "phone", "+4722334455")]
    assert [m.is_primary for m in with_primaries(given)] == [False, True, False, True]


def test_the_one_that_says_so_is_primary_and_a_second_one_is_not():
    first, second, third = emails("a@x.example", "b@x.example", "c@x.example")
    marked = with_primaries([first, evolve(second, is_primary=True), evolve(third, is_primary=True)])
    assert [m.is_primary for m in marked] == [False, True, False]


def test_one_that_has_ended_is_not_made_primary():
    old, new = emails("a@x.example", "b@x.example")
    assert [m.is_primary for m in with_primaries([evolve(old, valid_until=TODAY), new])] == [False, True]


def test_the_mechanism_to_use_is_the_primary_one_or_else_the_first_that_is_valid():
    old, first, second = emails("old@x.example", "a@x.example", "b@x.example")
    old = evolve(old, valid_until=date(2020, 1, 1))
    assert primary([old, first, second], "email", on=TODAY) is first
    chosen = evolve(second, is_primary=True)
    assert primary([old, first, chosen], "email", on=TODAY) is chosen
    assert primary([old], "email", on=TODAY) is None


# -- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ida@berg.example", "email"),
        ('"very odd"@berg.example', "email"),
        ("mailto:ida@berg.example", "email"),
        ("@ida", "handle"),
        ("telegram:ida", "handle"),
        ("https://berg.example/ida", "url"),
        ("www.berg.example", "url"),
        ("berg.example", "url"),
        ("+47 22 33 44 55", "phone"),
        ("(020) 7946-0958 ext 12", "phone"),
        ("tel:+1-418-656-9254;ext=102", "phone"),
        ("1-800-FLOWERS", "phone"),
    ],
)
def test_what_a_text_is_can_be_told_from_how_it_is_written(text, kind):
    assert guess_kinds(text)[0] == kind


def test_an_address_is_among_what_a_text_may_be():
    assert "postal" in guess_kinds("Storgata 12, 0155 Oslo")
    assert "postal" in guess_kinds("12 Main St. Springfield")


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_number_in_national_format_is_looked_for_as_a_phone_number(region):
    number = phonenumbers.example_number(region)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert search_keys(national, region=region)["phone"] == e164


def found(raw: str, text: str, *, stored_as, kind=None, region="NO", service=None) -> bool:
    one = mechanism(IDA, stored_as, raw, region=region, service=service, allow_invalid=True)
    return matches(one, text, search_keys(text, kind=kind, region=region), kind)


@pytest.mark.parametrize(
    ("raw", "text", "stored_as"),
    [
        ("Ida@Berg.example", "IDA@BERG.EXAMPLE", "email"),
        ("info@xn--bcher-kva.example", "info@BÜCHER.example", "email"),
        ("+47 22 33 44 55", "22334455", "phone"),
        ("22 33 44 55", "0047 22.33.44.55", "phone"),
        ("+1 418 656 9254 ext 102", "+14186569254", "phone"),
        ("Storgata 12\n0155 Oslo", "0155 OSLO, storgata 12", "postal"),
        ("https://www.Berg.example/", "berg.example", "url"),
        ("telegram:@IdaBerg", "@idaberg", "handle"),
        ("telegram:@IdaBerg", "Telegram:idaberg", "handle"),
        ("ask at the bar", "Ask  at the BAR", "phone"),
    ],
)
def test_a_mechanism_is_found_in_any_spelling(raw, text, stored_as):
    assert found(raw, text, stored_as=stored_as)


@pytest.mark.parametrize(
    ("raw", "text", "stored_as", "kind"),
    [
        ("ida@berg.example", "ada@berg.example", "email", None),
        ("telegram:@ida", "linkedin:ida", "handle", None),
        ("telegram:@ida", "ida@berg.example", "handle", None),
        ("+47 22 33 44 55", "22334455", "phone", "postal"),
        ("ask at the bar", "ask at the bar", "phone", "email"),
    ],
)
def test_another_mechanism_is_not_found(raw, text, stored_as, kind):
    assert not found(raw, text, stored_as=stored_as, kind=kind)


def test_nothing_is_looked_for_by_a_text_with_nothing_in_it():
    assert search_keys("  ") == {}


def test_looking_for_an_unknown_kind_or_region_is_refused():
    with pytest.raises(InvalidValueError, match="kind"):
        search_keys("x", kind="fax")
    with pytest.raises(InvalidValueError, match="region"):
        search_keys("22334455", region="XX")


def test_looking_for_a_book_is_refused():
    with pytest.raises(LimitExceededError):
        search_keys("a" * 1_000_000)
