"""What columns are from their headers, and what rows say once their columns are mapped."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.exchange.csv.columns import FIELD_TARGETS, target
from crmkit.plugins.exchange.csv.dates import day_of, proposed_order
from crmkit.plugins.exchange.csv.from_row import RowReader
from crmkit.plugins.exchange.csv.headers import proposed_targets
from crmkit.plugins.exchange.csv.to_row import cells_of, in_order
from crmkit.plugins.exchange.form import (
    ORGANISATION_FIELDS,
    PERSON_FIELDS,
    SHARED_FIELDS,
    ImportedIdentifier,
    ImportedMechanism,
    ImportedParty,
)
from crmkit.sdk import InvalidValueError, new_id

OUTLOOK = {
    "Title": "prefix",
    "First Name": "given_name",
    "Last Name": "family_name",
    "Company": "organisation",
    "Job Title": "position",
    "Business Street": "address.street:work",
    "Business Street 2": "address.street:work",
    "Business City": "address.locality:work",
    "Business Postal Code": "address.postal_code:work",
    "Business Country/Region": "address.country:work",
    "Home Street": "address.street:home",
    "Business Fax": "phone:work fax",
    "Business Phone 2": "phone#2:work",
    "Mobile Phone": "phone:mobile",
    "E-mail Address": "email",
    "E-mail Type": None,
    "E-mail 2 Address": "email#2",
    "Web Page": "url",
    "Birthday": "birth_date",
    "Department": None,
}
GOOGLE = {
    "First Name": "given_name",
    "Name Suffix": "suffix",
    "Organization Name": "organisation",
    "Organization Title": "position",
    "E-mail 1 - Label": "email.label#1",
    "E-mail 1 - Value": "email#1",
    "Phone 2 - Value": "phone#2",
    "Address 1 - Label": "address.label#1",
    "Address 1 - Formatted": "address#1",
    "Address 1 - Street": "address.street#1",
    "Address 1 - Postal Code": "address.postal_code#1",
    "Website 1 - Value": "url#1",
    "Labels": None,
}
GERMAN = {
    "Anrede": "prefix",
    "Vorname": "given_name",
    "Nachname": "family_name",
    "Firma": "organisation",
    "Funktion": "position",
    "Straße": "address.street",
    "Hausnummer": "address.house_number",
    "PLZ": "address.postal_code",
    "Ort": "address.locality",
    "Land": "address.country",
    "Telefon geschäftlich": "phone:work",
    "Handy": "phone:mobile",
    "E-Mail-Adresse": "email",
    "Geburtsdatum": "birth_date",
    "Kundennummer": "identifier.customer_number",
    "Bemerkungen": "notes",
}
FRENCH = {
    "Prénom": "given_name",
    "Nom": "family_name",
    "Société": "organisation",
    "Courriel": "email",
    "Téléphone portable": "phone:mobile",
    "Code postal": "address.postal_code",
    "Ville": "address.locality",
    "Date de naissance": "birth_date",
}
SPANISH = {
    "Nombre": "given_name",
    "Apellidos": "family_name",
    "Empresa": "organisation",
    "Correo electrónico": "email",
    "Teléfono móvil": "phone:mobile",
    "Código postal": "address.postal_code",
    "País": "address.country",
}


@pytest.mark.parametrize(
    "known", [OUTLOOK, GOOGLE, GERMAN, FRENCH, SPANISH], ids=["Outlook", "Google", "de", "fr", "es"]
)
def test_the_headers_of_common_exports_are_known(known):
    assert dict(zip(known, proposed_targets(list(known)), strict=True)) == known


def test_a_title_without_a_job_title_is_the_position():
    assert proposed_targets(["Name", "Title"]) == ("full_name", "position")


def test_a_second_column_for_one_field_is_left_out():
    assert proposed_targets(["First name", "Vorname", "E-mail", "Mail"]) == ("given_name", None, "email", "email")


@pytest.mark.parametrize(
    "text", [*FIELD_TARGETS, "email", "phone:work", "address.street#2:home", "identifier.shop.customer"]
)
def test_a_target_is_read(text):
    assert target(text) is not None


@pytest.mark.parametrize("text", ["", "-"])
def test_a_column_can_be_left_out(text):
    assert target(text) is None


@pytest.mark.parametrize(
    "text", ["nmae", "email.street", "phone#0", "phone#1000", "identifier", "identifier.UP", "email:", "id.x"]
)
def test_what_is_no_target_is_refused_with_all_there_are(text):
    with pytest.raises(InvalidValueError, match="given_name"):
        target(text)


# -- rows -------------------------------------------------------------------------------------------------------------


def read(**cells):
    headers = list(cells)
    reader = RowReader(headers, [h.replace("_n_", "#").replace("__", ".") for h in headers], date_order=None)
    return reader.party(list(cells.values()))


def test_street_and_number_are_put_together_in_either_order():
    assert read(address__street="Hauptstraße", address__house_number="5").mechanisms[0].street == "Hauptstraße 5"
    assert (
        read(address__street_number="6", address__street="Tullaroop Street").mechanisms[0].street
        == "6 Tullaroop Street"
    )


def test_further_lines_of_a_street_stand_below():
    reader = RowReader(["a", "b", "c"], ["address.street_number", "address.street", "address.street"], date_order=None)
    assert reader.party(["6", "Main Street", "Top floor"]).mechanisms[0].street == "6 Main Street\nTop floor"


def test_several_values_in_a_cell_are_several_mechanisms():
    found = read(email="a@b.example ::: c@d.example")
    assert [one.raw for one in found.mechanisms] == ["a@b.example", "c@d.example"]


def test_a_label_without_a_value_is_nothing():
    assert read(email__label="work", given_name="Ida").mechanisms == ()


@pytest.mark.parametrize(
    ("cells", "kind", "name"),
    [
        ({"organisation": "Berg Roofs"}, "organisation", "Berg Roofs"),
        ({"name": "Berg Roofs"}, "organisation", "Berg Roofs"),
        ({"organisation": "Berg Roofs", "given_name": "Ida"}, "person", None),
        ({"organisation": "Berg Roofs", "position": "Chef"}, "person", None),
        ({"kind": "Firma", "full_name": "Berg Roofs"}, "organisation", "Berg Roofs"),
        ({"kind": "person", "organisation": "Berg Roofs"}, "person", None),
        ({"email": "a@b.example"}, "person", None),
    ],
)
def test_what_a_row_is_about_is_stated_or_follows_from_what_it_says(cells, kind, name):
    found = read(**cells)
    assert (found.kind, found.name) == (kind, name)


def test_a_full_name_is_kept_whole_because_nobody_knows_where_to_part_it():
    assert read(full_name="Nguyễn Văn An").display_name == "Nguyễn Văn An"
    assert read(full_name="Ida Berg", given_name="Ida").display_name is None


@pytest.mark.parametrize(("word", "sex"), [("weiblich", "F"), ("M", "M"), ("Divers", "O"), ("homme", "M"), ("x", "x")])
def test_a_gender_is_read_in_several_languages_and_otherwise_left_to_be_refused(word, sex):
    assert read(gender=word).gender == sex


def test_missing_cells_are_blank_and_further_ones_an_error():
    reader = RowReader(["a", "b"], ["given_name", "family_name"], date_order=None)
    assert reader.party(["Ida"]).family_name is None
    assert reader.party(["Ida", "Berg", "", ""]).family_name == "Berg"
    with pytest.raises(InvalidValueError, match="quoted"):
        reader.party(["Ida", "Berg", "x"])


@pytest.mark.parametrize(("field", "value"), [("kind", "robot"), ("id", "17"), ("birth_date", "31.02.1980")])
def test_a_cell_that_is_not_what_its_column_says_is_refused(field, value):
    with pytest.raises(InvalidValueError) as error:
        read(**{field: value})
    assert (error.value.field, error.value.value) == (field, value)


# -- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "order", "found"),
    [
        ("1978-02-14", None, date(1978, 2, 14)),
        ("19780214", None, date(1978, 2, 14)),
        ("1978/2/14", None, date(1978, 2, 14)),
        ("1978-02-14 00:00:00", None, date(1978, 2, 14)),
        ("14.02.1978", None, date(1978, 2, 14)),
        ("3.2.1978", None, date(1978, 2, 3)),
        ("14/02/1978", None, date(1978, 2, 14)),
        ("2/14/1978", None, date(1978, 2, 14)),
        ("03/02/1978", "dmy", date(1978, 2, 3)),
        ("03/02/1978", "mdy", date(1978, 3, 2)),
        ("02/02/1978", None, date(1978, 2, 2)),
        ("0/0/00", None, None),
        ("00.00.0000", None, None),
    ],
)
def test_a_date_is_read_in_the_forms_that_people_use(text, order, found):
    assert day_of(text, order=order) == found


@pytest.mark.parametrize("text", ["03/02/1978", "30.02.1978", "14.2.78", "soon", "1978-13-01", "32.1.1978"])
def test_a_date_that_is_none_or_two_is_refused(text):
    with pytest.raises(InvalidValueError):
        day_of(text, order=None)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/02/1978", "14/02/1978"], "dmy"),
        (["03/02/1978", "02/14/1978"], "mdy"),
        (["03/02/1978", "03/03/1978"], None),
        (["14/02/1978", "02/14/1978"], None),
        ([], None),
    ],
)
def test_the_order_of_day_and_month_is_told_by_the_dates_themselves(texts, order):
    assert proposed_order(texts) == order


# -- there and back ---------------------------------------------------------------------------------------------------

WORD = st.text(st.characters(categories=["L", "Nd", "P", "S"], exclude_characters="'"), min_size=1, max_size=8)
MAYBE = st.none() | WORD


@st.composite
def mechanisms(draw):
    kind = draw(st.sampled_from(["email", "phone", "url", "handle", "postal"]))
    given = {"label": draw(MAYBE), "is_primary": draw(st.booleans())}
    if kind == "postal":
        parts = {part: draw(MAYBE) for part in ("street", "locality", "region", "postal_code", "country")}
        return ImportedMechanism(kind=kind, **given, **parts, raw=None if any(parts.values()) else draw(WORD))
    return ImportedMechanism(kind=kind, raw=draw(WORD), **given, service="telegram" if kind == "handle" else None)


@st.composite
def imported(draw):
    kind = draw(st.sampled_from(["person", "organisation"]))
    own = [name for name in (PERSON_FIELDS if kind == "person" else ORGANISATION_FIELDS) if "birth" not in name]
    fields = {name: draw(MAYBE) for name in (*own, *SHARED_FIELDS)}
    fields["gender"] = draw(st.sampled_from([None, *"MFONU"])) if kind == "person" else None
    if kind == "organisation":
        fields |= {"name": draw(WORD), "gender": None}
    else:
        day = draw(st.none() | st.dates())
        fields |= {"birth_date": day, "organisation": draw(MAYBE), "position": draw(MAYBE)}
    return ImportedParty(
        kind=kind,
        **fields,
        mechanisms=draw(st.lists(mechanisms(), max_size=4)),
        identifiers=tuple(ImportedIdentifier(scheme="vat", value=v) for v in draw(st.lists(WORD, max_size=2))),
        notes=draw(st.lists(WORD, max_size=2)),
    )


@given(imported())
def test_a_party_that_was_written_is_read_as_it_was(party):
    cells = cells_of(party)
    headers = in_order(set(cells))
    reader = RowReader(headers, proposed_targets(headers), date_order=None)
    found = reader.party([cells[header] for header in headers])
    by_kind = {
        kind: [m for m in party.mechanisms if m.kind == kind] for kind in ("email", "phone", "url", "handle", "postal")
    }
    assert {kind: [m for m in found.mechanisms if m.kind == kind] for kind in by_kind} == by_kind
    for name in (
        *PERSON_FIELDS,
        *ORGANISATION_FIELDS,
        *SHARED_FIELDS,
        "kind",
        "organisation",
        "position",
        "identifiers",
        "notes",
    ):
        assert getattr(found, name) == getattr(party, name), name


def test_the_id_of_an_exported_party_is_also_what_another_crmkit_knows_it_by():
    id_ = new_id()
    cells = cells_of(ImportedParty(kind="person", id=id_, given_name="Ida"))
    found = RowReader(list(cells), proposed_targets(list(cells)), date_order=None).party(list(cells.values()))
    assert (found.id, found.identifiers) == (id_, (ImportedIdentifier(scheme="exchange.id", value=str(id_)),))
