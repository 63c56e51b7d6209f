"""A party is found by any mechanism in any spelling, by whoever may see it."""

import phonenumbers
import pytest

from crmkit import Person
from crmkit.core.parties.mechanisms.rules import mechanism
from crmkit.errors import ForbiddenError, InvalidValueError


def names(parties):
    return sorted(p.name for p in parties)


@pytest.fixture
def reachable(crm, ida):
    """Ida with a mechanism of every kind."""
    with crm.begin("ada") as uow:
        uow.parties.add_address(ida.id, street="Storgata 12 B", locality="Oslo", postal_code="0155")
        uow.parties.add_handle(ida.id, "telegram", "@IdaBerg")
        uow.parties.add_url(ida.id, "https://www.Bücher.example/Ida/")
        uow.parties.add_phone(ida.id, "+1 418 656 9254 ext. 102")
    return ida


@pytest.mark.parametrize(
    "text",
    [
        "ida@berg.example",
        " IDA@BERG.EXAMPLE ",
        "mailto:ida@berg.example",
        "+4722334455",
        "0047 22-33-44-55",
        "22 33 44 55",
        "(22) 33.44.55",
        "tel:+47-22-33-44-55",
        "+1 418-656-9254",
        "STORGATA 12 b, 0155 oslo",
        "0155 Oslo, Storgata 12 B",
        "@idaberg",
        "Telegram:@idaberg",
        "xn--bcher-kva.example/Ida",
        "http://bücher.EXAMPLE/Ida",
    ],
)
def test_a_party_is_found_in_any_spelling(crm, reachable, text):
    with crm.begin("ada", read_only=True) as uow:
        assert names(uow.parties.find_by(text, region="NO")) == ["Ida Berg"]


@pytest.mark.parametrize(
    "text", ["ada@berg.example", "22334456", "linkedin:idaberg", "Storgata 13 B, 0155 Oslo", "", "x"]
)
def test_nobody_is_found_by_what_reaches_nobody(crm, reachable, text):
    with crm.begin("ada", read_only=True) as uow:
        assert uow.parties.find_by(text, region="NO") == ()


def test_the_kind_can_be_said(crm, reachable):
    with crm.begin("ada", read_only=True) as uow:
        assert names(uow.parties.find_by("idaberg", kind="handle")) == ["Ida Berg"]
        assert uow.parties.find_by("22334455", kind="postal") == ()


def test_everybody_with_a_shared_mechanism_is_found_up_to_the_limit(crm):
    with crm.begin("ada") as uow:
        people = [Person(given_name=f"P{i}") for i in range(7)]
        uow.parties.add_many(people, mechanisms=[mechanism(p.id, "phone", "+4722334455") for p in people])
        assert len(uow.parties.find_by("+4722334455")) == 7
        assert len(uow.parties.find_by("+4722334455", limit=3)) == 3


def test_a_party_that_the_actor_may_not_see_is_not_found(crm, hidden):
    with crm.begin("ada", read_only=True) as uow:
        assert names(uow.parties.find_by("agent@secret.example")) == ["Secret Agent"]
    with crm.begin("sam", read_only=True) as uow:
        assert uow.parties.find_by("agent@secret.example") == ()
    with pytest.raises(ForbiddenError), crm.begin("nobody", read_only=True) as uow:
        uow.parties.find_by("agent@secret.example")


def test_a_party_of_another_tenant_is_not_found(crm):
    with crm.begin("ada", read_only=True) as uow:
        assert uow.parties.find_by("canary@canary.example") == ()


def test_looking_for_an_unknown_kind_or_region_is_refused(crm):
    with crm.begin("ada", read_only=True) as uow:
        with pytest.raises(InvalidValueError, match="kind"):
            uow.parties.find_by("x", kind="fax")
        with pytest.raises(InvalidValueError, match="region"):
            uow.parties.find_by("22334455", region="XX")


def test_the_example_number_of_every_region_is_stored_in_e164_and_found_in_national_format(crm):
    """Libphonenumber's own examples; where regions share a number, both of its parties are found."""
    numbers = {region: phonenumbers.example_number(region) for region in sorted(phonenumbers.SUPPORTED_REGIONS)}
    e164, as_dialled = phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.NATIONAL
    dialled = {region: phonenumbers.format_number(number, as_dialled) for region, number in numbers.items()}
    people = {region: Person(given_name=region) for region in numbers}
    stored = [mechanism(people[r].id, "phone", text, region=r) for r, text in dialled.items()]
    assert [m.normalised for m in stored] == [phonenumbers.format_number(n, e164) for n in numbers.values()]
    with crm.begin("ada") as uow:
        uow.parties.add_many(list(people.values()), mechanisms=stored)
    with crm.begin("ada", read_only=True) as uow:
        for region, text in dialled.items():
            assert region in names(uow.parties.find_by(text, region=region)), text
