import importlib
import warnings

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.provisional import domains, urls

from crmkit.core.parties.mechanisms.addresses import normal_address, words, written_out
from crmkit.core.parties.mechanisms.emails import _PLAIN, _by_library, normal_email
from crmkit.core.parties.mechanisms.links import normal_handle, normal_url
from crmkit.core.parties.mechanisms.phones import normal_phone
from crmkit.core.parties.mechanisms.rules import normalise
from crmkit.errors import InvalidMechanismError, InvalidValueError, LimitExceededError

# -- e-mail -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("ida@berg.example", "ida@berg.example"),
        (" Ida@BERG.Example ", "ida@berg.example"),
        ("mailto:Ida@Berg.example", "ida@berg.example"),
        ("info@BÜCHER.example", "info@bücher.example"),
        ("info@xn--bcher-kva.example", "info@bücher.example"),
        ("o'hara+news@berg.example", "o'hara+news@berg.example"),
        ("JÖRG@berg.example", "jörg@berg.example"),
        ('"Very Odd"@berg.example', '"very odd"@berg.example'),
        ('"ida"@berg.example', "ida@berg.example"),
        ("ida@[192.0.2.7]", "ida@[192.0.2.7]"),
    ],
)
def test_an_email_has_one_form(raw, normal):
    assert normal_email(raw).normalised == normal


@pytest.mark.parametrize(
    "raw",
    ["", "ida", "ida@", "@berg.example", "ida@@berg.example", "ida berg@x.example", "a..b@berg.example", "ida@berg",
     "ida@localhost", "ida@-berg.example", "Ida <ida@berg.example>", "ida@berg.example, max@berg.example",
     "ida@berg.example\nBcc: all@berg.example", "a" * 300 + "@berg.example", "\ud800@berg.example"],
)  # fmt: skip
def test_a_malformed_email_is_refused(raw):
    with pytest.raises(InvalidMechanismError) as refused:
        normal_email(raw)
    assert refused.value.kind == "email"


@given(st.from_regex(r"[A-Za-z0-9._+'-]{1,20}", fullmatch=True), domains())
def test_normalising_an_email_twice_changes_nothing_more(local, domain):
    try:
        normal = normal_email(f"{local}@{domain}")
    except InvalidMechanismError:
        return
    assert normal_email(normal.normalised) == normal
    assert normal_email(f"{local.upper()}@{domain.upper()}") == normal


PLAIN_PART = st.from_regex(r"[a-zA-Z0-9._+-]{1,70}", fullmatch=True)


@settings(max_examples=1000)
@given(PLAIN_PART, st.one_of(PLAIN_PART, domains()), st.sampled_from(["", ".org", ".TEST", ".local", ".example", ".x"]))
def test_plain_addresses_come_to_what_the_library_says(local, domain, end):
    """They are not handed to the library, since it takes long."""
    address = f"{local}@{domain}{end}"
    if _PLAIN.fullmatch(address.lower()):
        assert _by_library(address) == ("", address.lower())


@pytest.mark.parametrize("end", ["arpa", "invalid", "local", "localhost", "onion", "test"])
def test_reserved_domains_are_left_to_the_library(end):
    with pytest.raises(InvalidMechanismError):
        normal_email(f"ida@berg.{end}")


def odd_addresses() -> list[str]:
    """The addresses that CPython tests its own parser with."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tests = importlib.import_module("test.test_email.test_headerregistry")
    except ImportError:
        return []
    return sorted({example[4] for example in tests.TestAddressHeader.example_params.values()})


@pytest.mark.skipif(not odd_addresses(), reason="this Python came without its own tests")
def test_the_odd_addresses_of_cpython_are_normalised_or_refused_and_nothing_else():
    kept = {}
    for odd in odd_addresses():
        try:
            kept[odd] = normal_email(odd).normalised
        except InvalidMechanismError:
            continue
    assert kept["zippy@pinhead.com"] == "zippy@pinhead.com"
    assert kept['"foo bar"@pinhead.com'] == '"foo bar"@pinhead.com'
    assert "<>" not in kept
    assert {normal_email(normal).normalised for normal in kept.values()} == set(kept.values())


# -- phone ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_example_number_of_every_region_is_found_in_every_spelling(region):
    number = phonenumbers.example_number(region)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    stored = normal_phone(e164)
    assert stored.normalised == e164
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    for spelled in (national, " ".join(national), phonenumbers.national_significant_number(number)):
        try:
            found = normal_phone(spelled, region=region)
        except InvalidMechanismError:  # the significant number alone is no way to dial in some countries
            assert spelled != national
            continue
        assert found.search_key == stored.search_key or spelled != national
    for form in (phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.RFC3966):
        assert normal_phone(phonenumbers.format_number(number, form)).search_key == stored.search_key


def test_there_are_245_regions():
    assert len(phonenumbers.SUPPORTED_REGIONS) >= 245


@pytest.mark.parametrize(
    ("raw", "region", "normal"),
    [
        ("+47 22 33 44 55", None, "+4722334455"),
        ("22334455", "NO", "+4722334455"),
        ("(020) 7946-0958", "gb", "+442079460958"),
        ("0044 20 7946 0958", "DE", "+442079460958"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("tel:+1-418-656-9254;ext=102", None, "+14186569254;ext=102"),
        ("+1 418 656 9254 ext. 102", None, "+14186569254;ext=102"),
        ("\uff0b\uff14\uff17 22334455", None, "+4722334455"),
        ("02 1234 5678", "IT", "+390212345678"),
    ],
)
def test_a_phone_number_has_one_form(raw, region, normal):
    assert normal_phone(raw, region=region).normalised == normal


def test_a_number_with_an_extension_is_found_by_the_number():
    assert normal_phone("+1 418 656 9254 x102").search_key == normal_phone("+14186569254").search_key


def test_a_number_knows_its_region():
    assert normal_phone("+4722334455").country == "NO"
    assert normal_phone("+1 204 234 5678").country == "CA"
    assert normal_phone("+800 1234 5678").country is None


def test_a_number_that_no_pattern_places_belongs_where_it_was_dialled():
    assert normal_phone("202 000 0000", region="US").country == "US"
    assert normal_phone("+1 202 000 0000").country is None
    assert normal_phone("+1 202 000 0000", region="NO").country is None


@pytest.mark.parametrize(
    ("raw", "region"),
    [
        ("", "NO"),
        ("hello", "NO"),
        ("22334455", None),
        ("+47 22", None),
        ("12", "US"),
        ("555-0100", "US"),
        ("+999 1234567", None),
        ("+4722334455" * 3, None),
        ("9" * 300, "NO"),
        ("\0", "NO"),
    ],
)
def test_a_malformed_phone_number_is_refused(raw, region):
    with pytest.raises(InvalidMechanismError) as refused:
        normal_phone(raw, region=region)
    assert refused.value.kind == "phone"


def test_a_national_number_without_a_region_is_refused_with_the_way_out():
    with pytest.raises(InvalidMechanismError, match="name the region"):
        normal_phone("22334455")


@pytest.mark.parametrize("region", ["XX", "Norway", "", 47])
def test_a_region_that_does_not_exist_is_refused(region):
    with pytest.raises(InvalidValueError, match="region"):
        normal_phone("22334455", region=region)


@given(st.integers(min_value=20000000, max_value=99999999), st.lists(st.sampled_from([" ", "-", ".", "/"]), max_size=7))
def test_punctuation_does_not_matter_in_a_phone_number(number, marks):
    spelled = "".join(a + b for a, b in zip(str(number), [*marks, *[""] * 8], strict=False))
    assert normal_phone(spelled, region="NO") == normal_phone(f"+47{number}", region="NO")


# -- address ----------------------------------------------------------------------------------------------------------


def test_an_address_is_found_in_any_order_case_and_punctuation():
    written = written_out(street="Storgata 12 B", postal_code="0155", locality="Oslo", country="NO")
    assert written == "Storgata 12 B\n0155 Oslo\nNO"
    for spelled in ("STORGATA 12 b, 0155 OSLO, no", "Oslo 0155; Stórgata 12 B (NO)"):
        assert normal_address(spelled).search_key == normal_address(written).search_key


@given(st.text(max_size=80))
def test_normalising_an_address_twice_changes_nothing_more(raw):
    try:
        normal = normal_address(raw)
    except InvalidMechanismError:
        assert not words(raw)
        return
    assert normal_address(normal.normalised) == normal
    assert normal_address(normal.search_key).search_key == normal.search_key


@pytest.mark.parametrize("raw", ["", " \n ", "---", ",;."])
def test_an_address_without_a_word_is_refused(raw):
    with pytest.raises(InvalidMechanismError):
        normal_address(raw)


def test_words_of_indic_scripts_keep_their_vowel_signs():
    assert words("किताब, दिल्ली") == ["किताब", "दिल्ली"]


# -- URL --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "normal", "key"),
    [
        ("https://berg.example", "https://berg.example/", "berg.example"),
        ("HTTP://WWW.Berg.Example/", "http://www.berg.example/", "berg.example"),
        ("www.berg.example", "https://www.berg.example/", "berg.example"),
        ("berg.example/About?x=1#top", "https://berg.example/About?x=1#top", "berg.example/About?x=1#top"),
        ("https://berg.example:443/a/", "https://berg.example/a/", "berg.example/a"),
        ("http://berg.example:8080", "http://berg.example:8080/", "berg.example:8080"),
        ("https://BÜCHER.example/", "https://bücher.example/", "bücher.example"),
        ("https://xn--bcher-kva.example/", "https://bücher.example/", "bücher.example"),
        ("http://192.0.2.7/x", "http://192.0.2.7/x", "192.0.2.7/x"),
        ("http://[2001:DB8::7]/", "http://[2001:db8::7]/", "[2001:db8::7]"),
        ("ftp://ftp.berg.example", "ftp://ftp.berg.example/", "ftp.berg.example"),
    ],
)
def test_a_url_has_one_form_and_is_found_without_its_trimmings(raw, normal, key):
    found = normal_url(raw)
    assert (found.normalised, found.search_key) == (normal, key)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "berg",
        "javascript:alert(1)",
        "javascript://berg.example/%0aalert(1)",
        "file:///etc/passwd",
        "data://x.example",
        "https://",
        "https://berg..example",
        "https://-berg.example",
        "https://berg.example:99999",
        "https://[::1",
        "https://b erg.example",
        "https://ex_ample",
        "https://" + "a" * 64 + ".example",
        "https://" + "é" * 70 + ".example",
        "https://" + "a." * 130 + "example",
        "https://xn--\u00e9.example",
        "\ud800.example",
    ],
)
def test_a_malformed_or_dangerous_url_is_refused(raw):
    with pytest.raises(InvalidMechanismError):
        normal_url(raw)


def test_a_url_with_a_password_is_refused_without_showing_it():
    with pytest.raises(InvalidMechanismError) as refused:
        normal_url("https://ida:hunter2@berg.example/")
    assert "hunter2" not in str(refused.value)


@given(urls())
def test_normalising_a_url_twice_changes_nothing_more(raw):
    try:
        normal = normal_url(raw)
    except InvalidMechanismError:
        return
    if len(normal.normalised) < 512:
        assert normal_url(normal.normalised) == normal
    assert "www." not in normal.search_key[:4] or normal.search_key.startswith("www.")


# -- handle -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "service", "normal", "key"),
    [
        ("@IdaBerg", "telegram", "telegram:idaberg", "idaberg"),
        ("telegram:@IdaBerg", None, "telegram:idaberg", "idaberg"),
        ("Telegram: IdaBerg", None, "telegram:idaberg", "idaberg"),
        ("telegram:idaberg", "telegram", "telegram:idaberg", "idaberg"),
        ("Ida@Chat.example", "xmpp", "xmpp:ida@chat.example", "ida@chat.example"),
        ("in/ida", "linkedin", "linkedin:in/ida", "in/ida"),
    ],
)
def test_a_handle_has_one_form(raw, service, normal, key):
    found = normal_handle(raw, service=service)
    assert (found.normalised, found.search_key, found.service) == (normal, key, normal.split(":")[0])


@pytest.mark.parametrize(("raw", "service"), [("@ida", None), ("", "telegram"), ("@", "telegram"), ("telegram:", None)])
def test_a_handle_needs_a_name_and_a_service(raw, service):
    with pytest.raises(InvalidMechanismError):
        normal_handle(raw, service=service)


# -- all kinds --------------------------------------------------------------------------------------------------------


def test_what_is_too_long_is_refused_before_anybody_reads_it():
    for kind in ("email", "phone", "postal", "url", "handle"):
        with pytest.raises(LimitExceededError):
            normalise(kind, "a" * 1_000_000)


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(InvalidValueError, match="email, phone"):
        normalise("fax", "1")


def test_what_is_no_text_is_refused():
    with pytest.raises(InvalidMechanismError):
        normalise("email", 7)


@given(st.sampled_from(["email", "phone", "postal", "url", "handle"]), st.text(max_size=200))
def test_any_text_is_normalised_or_refused_and_nothing_else(kind, raw):
    try:
        found = normalise(kind, raw, region="NO", service="telegram")
    except InvalidMechanismError:
        return
    assert found.normalised
    assert 0 < len(found.search_key) <= 512
