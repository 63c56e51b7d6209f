"""As whom a row is recognised, what it changes, and how its errors read."""

from datetime import date

import pytest

from crmkit.plugins.exchange.drafts import draft
from crmkit.plugins.exchange.failures import LONGEST, RowError, is_of_row, row_error
from crmkit.plugins.exchange.form import ImportedIdentifier, ImportedMechanism, ImportedParty
from crmkit.plugins.exchange.rules import (
    DEFAULT_MATCH,
    Known,
    changes,
    check_match,
    keyed,
    keys_of,
    recognised,
    segments,
)
from crmkit.sdk import (
    ConflictError,
    ForbiddenError,
    Identifier,
    InvalidMechanismError,
    InvalidValueError,
    Organisation,
    Person,
    PoisonedUnitError,
    RetryableStorageError,
    new_id,
)


def row(number=1, **given):
    given.setdefault("kind", "person")
    emails = [ImportedMechanism(kind="email", raw=raw) for raw in given.pop("emails", ())]
    identifiers = [ImportedIdentifier(scheme="nr", value=value) for value in given.pop("numbers", ())]
    return draft(number, ImportedParty(**given, mechanisms=tuple(emails), identifiers=tuple(identifiers)))


# -- recognising ------------------------------------------------------------------------------------------------------


def test_each_way_to_match_has_its_keys():
    id_ = new_id()
    one = row(id=id_, given_name="Ida", family_name="Berg", emails=["Ida@Berg.example"], numbers=["7"])
    assert keys_of(one, "id") == (("id", str(id_)),)
    assert keys_of(one, "identifier") == keys_of(one, "identifier.nr") == (("identifier", "nr", "7"),)
    assert keys_of(one, "identifier.vat") == keys_of(one, "phone") == keys_of(one, "name") == ()
    assert keys_of(one, "email") == (("email", "ida@berg.example"),)
    assert keys_of(one, "email+name") == (("email", "ida@berg.example", "person", "berg ida"),)


def test_the_first_way_that_finds_anybody_decides():
    one = row(given_name="Ida", emails=["a@b.example"], numbers=["7"])
    first, second = new_id(), new_id()
    found = {("identifier", "nr", "7"): frozenset({first}), ("email", "a@b.example"): frozenset({second})}
    for match, expected in ((("identifier", "email"), first), (("email", "identifier"), second), (("phone",), None)):
        (keyed_row,) = keyed([one], match)
        assert recognised(keyed_row, match, found) == expected


def test_a_row_that_two_parties_could_be_is_refused():
    (one,) = keyed([row(given_name="Ida", numbers=["7"])], ("identifier",))
    with pytest.raises(InvalidValueError, match="known of 2 parties"):
        recognised(one, ("identifier",), {("identifier", "nr", "7"): frozenset({new_id(), new_id()})})


@pytest.mark.parametrize("way", [*DEFAULT_MATCH, "email", "phone", "identifier.shop.customer"])
def test_a_way_to_match_is_accepted(way):
    check_match(None, None, (way,))


@pytest.mark.parametrize("way", ["", "nmae", "identifier.", "email+", "postal", "id+name"])
def test_what_is_no_way_to_match_is_refused_with_those_there_are(way):
    with pytest.raises(InvalidValueError, match="identifier"):
        check_match(None, None, (way,))


def test_rows_that_may_be_about_one_party_are_in_different_runs():
    rows = [
        row(1, numbers=["1"]),
        row(2, numbers=["2"]),
        row(3, numbers=["1"]),
        row(4, numbers=["3"]),
        row(5, numbers=["3"]),
    ]
    assert [[one.row for one in run] for run in segments(keyed(rows, ("identifier",)))] == [[1, 2], [3, 4], [5]]


# -- changing ---------------------------------------------------------------------------------------------------------


def test_a_row_that_says_nothing_new_changes_nothing():
    ida = Person(given_name="Ida", family_name="Berg", birth_date=date(1978, 2, 14))
    known = Known(party=ida, identifiers=[Identifier(party_id=ida.id, scheme="nr", value="7")], notes=frozenset({"x"}))
    given = row(given_name=" Ida ", family_name="Berg", numbers=["7"], notes=("x",), birthday="02-14")
    assert not changes(given, known)


def test_a_row_sets_what_it_says_and_leaves_the_rest():
    ida = Person(given_name="Ida", family_name="Berg", gender="F")
    found = changes(row(given_name="Ida", family_name="Moe", language="nb"), Known(party=ida))
    assert found
    assert (found.party.name, found.party.gender, found.party.language) == ("Ida Moe", "F", "nb")


def test_a_full_name_that_the_parts_say_already_is_nothing_new():
    assert not changes(row(display_name="Ida Berg"), Known(party=Person(given_name="Ida", family_name="Berg")))


def test_the_source_is_set_once():
    assert changes(row(given_name="Ida", source="fair"), Known(party=Person(given_name="Ida"))).party.source == "fair"
    assert not changes(row(given_name="Ida", source="fair"), Known(party=Person(given_name="Ida", source="web")))


def test_our_own_id_is_no_identifier_of_the_party_itself():
    ida = Person(given_name="Ida")
    given = draft(
        1,
        ImportedParty(
            kind="person",
            id=ida.id,
            given_name="Ida",
            identifiers=(
                ImportedIdentifier(scheme="exchange.id", value=str(ida.id)),
                ImportedIdentifier(scheme="vcard.uid", value=f"urn:uuid:{ida.id}"),
            ),
        ),
    )
    assert not changes(given, Known(party=ida))


def test_a_person_does_not_become_an_organisation():
    with pytest.raises(InvalidValueError, match="known as organisation"):
        changes(row(given_name="Ida"), Known(party=Organisation(name="Ida")))


def test_a_row_that_names_nobody_is_refused():
    for given in ({}, {"notes": ("x",)}, {"organisation": "Berg Roofs"}):
        with pytest.raises(InvalidValueError, match="no way to reach"):
            row(**given)
    with pytest.raises(InvalidValueError, match="an organisation has one"):
        row(kind="organisation", legal_form="Ltd")


# -- errors -----------------------------------------------------------------------------------------------------------


def test_an_error_of_a_row_says_where_what_why_and_what_to_do():
    error = row_error(7, InvalidMechanismError("email", "no.mail", "is no e-mail address"), line=9, column="E-Mail")
    assert str(error) == (
        "row 7, line 9, E-Mail: 'no.mail' is no e-mail address; "
        "mend it, or import with allow_invalid (--allow-invalid) to keep it as unverified text"
    )
    assert RowError.from_json(error.to_json()) == error


def test_a_hostile_value_is_shortened_and_made_printable():
    error = row_error(1, InvalidValueError("name", "\x1b[31m\u202e" + "x" * 10_000, "is odd"))
    assert error.value.isprintable()
    assert len(error.value) <= LONGEST
    assert len(error.reason) <= LONGEST


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InvalidValueError("a", 1, "b"), True),
        (ConflictError("x"), True),
        (ForbiddenError("party.create", "sam", entity="party", id=1), True),
        (ForbiddenError("party.create", "sam"), False),
        (RetryableStorageError("locked"), False),
        (PoisonedUnitError(), False),
    ],
)
def test_errors_of_rows_are_told_from_errors_of_the_whole(error, expected):
    assert is_of_row(error) is expected
