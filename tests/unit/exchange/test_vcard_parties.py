"""What a card of any version says about a party, and how a party is written as a card."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.exchange.form import ImportedIdentifier, ImportedMechanism, ImportedParty
from crmkit.plugins.exchange.vcard.from_card import party_of
from crmkit.plugins.exchange.vcard.labels import label_of, types_of
from crmkit.plugins.exchange.vcard.model import Card, Property
from crmkit.plugins.exchange.vcard.older import parse_older_card
from crmkit.plugins.exchange.vcard.reading import parse_card
from crmkit.plugins.exchange.vcard.to_card import card_of
from crmkit.plugins.exchange.vcard.writing import write_card
from crmkit.sdk import ConfigError, InvalidValueError, new_id


def read(*lines, version="4.0"):
    octets = "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""]).encode()
    return party_of(parse_card(octets) if version == "4.0" else parse_older_card(octets, version))


def test_the_authors_card_of_the_rfc_is_a_party():
    party = read(
        "FN:Simon Perreault",
        "N:Perreault;Simon;;;ing. jr,M.Sc.",
        "BDAY:--0203",
        "ANNIVERSARY:20090808T1430-0500",
        "GENDER:M",
        "LANG;PREF=1:fr",
        "LANG;PREF=2:en",
        "ORG;TYPE=work:Viagenie",
        "ADR;TYPE=work:;Suite D2-630;2875 Laurier;Quebec;QC;G1V 2M2;Canada",
        'TEL;VALUE=uri;TYPE="work,voice";PREF=1:tel:+1-418-656-9254;ext=102',
        'TEL;VALUE=uri;TYPE="work,cell,voice,video,text":tel:+1-418-262-6501',
        "EMAIL;TYPE=work:simon.perreault@viagenie.ca",
        "GEO;TYPE=work:geo:46.772673,-71.282945",
        "KEY;TYPE=work;VALUE=uri:http://www.viagenie.ca/simon.perreault/simon.asc",
        "TZ:-0500",
        "URL;TYPE=home:http://nomis80.org",
    )
    assert (party.given_name, party.family_name, party.suffix) == ("Simon", "Perreault", "ing. jr, M.Sc.")
    assert party.display_name is None
    assert (party.birth_date, party.birthday, party.gender) == (None, "02-03", "M")
    assert (party.language, party.time_zone, party.organisation) == ("fr", "-0500", "Viagenie")
    assert [(m.kind, m.label, m.is_primary) for m in party.mechanisms] == [
        ("postal", "work", False),
        ("phone", "work", True),
        ("phone", "work mobile", False),
        ("email", "work", False),
        ("url", "home", False),
    ]
    assert party.mechanisms[0].street == "2875 Laurier\nSuite D2-630"
    assert party.mechanisms[1].raw == "+1-418-656-9254;ext=102"
    assert party.left_out == ("ANNIVERSARY", "GEO", "KEY")


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["FN:Ida", "KIND:individual"], "person"),
        (["FN:Berg Roofs", "KIND:org"], "organisation"),
        (["FN:Berg Roofs", "ORG:Berg Roofs", "N:;;;;"], "organisation"),
        (["FN:Ida", "ORG:Berg Roofs"], "person"),
        (["FN:Berg", "ORG:Berg Roofs", "X-ABSHOWAS:COMPANY"], "organisation"),
        (["FN:Ida Berg", "N:Berg;Ida;;;", "ORG:Ida Berg"], "person"),
    ],
)
def test_a_card_is_about_a_person_or_an_organisation(lines, kind):
    assert read(*lines).kind == kind


@pytest.mark.parametrize("kind", ["group", "location", "thing"])
def test_a_card_about_anything_else_is_refused(kind):
    with pytest.raises(InvalidValueError) as error:
        read("FN:x", f"KIND:{kind}")
    assert error.value.value == kind


def test_a_full_name_is_kept_only_where_it_says_more_than_its_parts():
    assert read("FN:Dr. Ida Berg", "N:Berg;Ida;;Dr.;").display_name is None
    assert read("FN:Bob", "N:Berg;Robert;;;").display_name == "Bob"
    assert read("FN:Ida").display_name == "Ida"


def test_the_uid_of_a_card_is_an_identifier_and_if_it_is_a_uuid_perhaps_our_own_id():
    id_ = new_id()
    party = read("FN:x", f"UID:urn:uuid:{id_}")
    assert party.id == id_
    assert party.identifiers == (ImportedIdentifier(scheme="vcard.uid", value=f"urn:uuid:{id_}"),)
    assert read("FN:x", "UID:card-7@example").id is None


def test_a_birth_date_in_words_is_left_out():
    assert read("FN:x", "BDAY;VALUE=text:circa 1800").left_out == ("BDAY",)
    assert read("FN:x", "BDAY:1800").left_out == ("BDAY",)


def test_a_time_zone_in_words_is_left_out():
    assert read("FN:x", "TZ:Raleigh/North America").left_out == ("TZ",)
    assert read("FN:x", "TZ:Europe/Oslo").time_zone == "Europe/Oslo"


@pytest.mark.parametrize(
    ("line", "service", "raw"),
    [
        ("IMPP:xmpp:ida@berg.example", "xmpp", "ida@berg.example"),
        ("IMPP;X-SERVICE-TYPE=Skype:ida.berg", "skype", "ida.berg"),
        ("X-JABBER:ida@berg.example", "jabber", "ida@berg.example"),
        ("X-SOCIALPROFILE;TYPE=mastodon:@ida", "mastodon", "@ida"),
    ],
)
def test_messengers_are_handles(line, service, raw):
    (one,) = read("FN:x", line).mechanisms
    assert (one.kind, one.service, one.raw) == ("handle", service, raw)


def test_labels_of_apple_and_google_are_read():
    party = read("FN:x", "item1.TEL:1", "item1.X-ABLabel:_$!<Work>!$_", "item2.TEL:2", "item2.X-ABLabel:the cellar")
    assert [m.label for m in party.mechanisms] == ["work", "the cellar"]


@pytest.mark.parametrize("label", ["work", "home", "mobile", "work mobile", "work fax", "pager"])
def test_a_label_is_said_in_types_where_types_can_say_it(label):
    types = types_of(label)
    assert label_of(Card(()), Property.of("TEL", "1", params={"TYPE": types})) == label


@pytest.mark.parametrize("label", ["cellar", "mobile work", "other", "WORK"])
def test_a_label_that_types_cannot_say_needs_a_label_of_its_own(label):
    assert types_of(label) is None


# -- 2.1 and 3.0 ------------------------------------------------------------------------------------------------------


def test_a_card_of_3_0_is_read():
    party = read(
        "N:Lefèvre;Éloïse;;Mme;",
        "FN:Mme Éloïse Lefèvre",
        "ORG:Société Lumière\\, Fils;Comptabilité",
        "TEL;type=CELL;type=VOICE;type=pref:+33 6 39 98 01 02",
        "TEL;TYPE=WORK,FAX:+33 1 99 00 11 24",
        "EMAIL;TYPE=INTERNET,WORK:eloise@lumiere-fils.example",
        "ADR;TYPE=HOME:;;8 rue des Érables\\nBât. B;Lyon;;69002;France",
        "NOTE:Bonjour, dit-elle\\, et\\nà demain",
        "BDAY:1972-08-30",
        "PHOTO;ENCODING=b;TYPE=JPEG:AAAA",
        version="3.0",
    )
    assert (party.given_name, party.organisation, party.birth_date) == (
        "Éloïse",
        "Société Lumière, Fils",
        date(1972, 8, 30),
    )
    assert [(m.kind, m.label, m.is_primary) for m in party.mechanisms] == [
        ("phone", "mobile", True),
        ("phone", "work fax", False),
        ("email", "work", False),
        ("postal", "home", False),
    ]
    assert party.mechanisms[3].street == "8 rue des Érables\nBât. B"
    assert party.notes == ("Bonjour, dit-elle, et\nà demain",)


def test_a_card_of_2_1_is_read_with_quoted_printable_and_another_character_set():
    octets = (
        b"BEGIN:VCARD\r\nVERSION:2.1\r\n"
        b"N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller, von;J=F6rg;;Dr.\r\n"
        b"TEL;HOME;VOICE;PREF:+49 30 1234567\r\n"
        b"NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0A=\r\ntwo, three\r\n"
        b"PHOTO;ENCODING=BASE64;JPEG:AAAA\r\n AAAA\r\n\r\n"
        b"AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nN:Agent;Secret\r\nEND:VCARD\r\n"
        b"END:VCARD\r\n"
    )
    party = party_of(parse_older_card(octets, "2.1"))
    assert (party.family_name, party.given_name, party.prefix) == ("Müller, von", "Jörg", "Dr.")
    assert (party.mechanisms[0].label, party.mechanisms[0].is_primary) == ("home", True)
    assert party.notes == ("one\ntwo, three",)


def test_a_card_of_2_1_in_the_encoding_of_windows_is_read():
    octets = "BEGIN:VCARD\r\nVERSION:2.1\r\nFN:Jörg\r\nEND:VCARD\r\n".encode("cp1252")
    assert party_of(parse_older_card(octets, "2.1")).display_name == "Jörg"


@pytest.mark.parametrize("content", [b"nonsense", b"FN", b"TEL;=:1", b"\xff\x00:\x01"])
def test_an_older_card_that_cannot_be_read_is_refused_in_our_own_words(content):
    with pytest.raises(InvalidValueError):
        parse_older_card(b"BEGIN:VCARD\r\nVERSION:3.0\r\n" + content + b"\r\nEND:VCARD\r\n", "3.0")


@given(st.binary(max_size=120), st.sampled_from(["2.1", "3.0"]))
def test_reading_an_older_card_gives_a_card_or_the_one_error(octets, version):
    with suppress(InvalidValueError):
        parse_older_card(b"BEGIN:VCARD\r\n" + octets + b"\r\nEND:VCARD\r\n", version)


def test_without_vobject_the_error_says_how_to_install_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "vobject", None)
    with pytest.raises(ConfigError, match=r"pip install 'crmkit\[exchange\]'"):
        parse_older_card(b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n", "3.0")


# -- writing ----------------------------------------------------------------------------------------------------------

FULL = ImportedParty(
    kind="person",
    given_name="Ida",
    additional_names="Maria",
    family_name="Berg; von",
    prefix="Dr.",
    suffix="M.Sc., Ph.D.",
    nickname="Idi, the roofer",
    display_name="Ida the Great",
    birth_date=date(1978, 2, 14),
    gender="F",
    language="nb",
    time_zone="Europe/Oslo",
    source="fair",
    source_detail="Oslo, 2025",
    mechanisms=(
        ImportedMechanism(kind="email", raw="ida@berg.example", label="work", is_primary=True),
        ImportedMechanism(kind="phone", raw="+4722123456;ext=7", label="the cellar"),
        ImportedMechanism(kind="url", raw="https://berg.example/a;b,c?d=\\e"),
        ImportedMechanism(kind="handle", raw="ida", service="telegram"),
        ImportedMechanism(kind="postal", street="Fjordgata 7\n2nd floor", locality="Oslo", country="NO", label="home"),
        ImportedMechanism(kind="postal", raw="c/o Lie\nin the hills"),
    ),
    identifiers=(ImportedIdentifier(scheme="vcard.uid", value="7@x"), ImportedIdentifier(scheme="vat", value="1,2;3")),
    organisation="Berg; Roofs, Ltd",
    position="Head; of, roofs",
    notes=("one\ntwo; three, four\\", "-5"),
    custom={"size": "3", "story": "one\n\ttwo; three, four\\ 王"},
)
FIRM = ImportedParty(kind="organisation", name="Berg; Roofs", legal_name="Berg, Roofs Limited", legal_form="Ltd")


@pytest.mark.parametrize("party", [FULL, FIRM, ImportedParty(kind="person", birthday="02-29", nickname="Idi")])
def test_a_party_that_was_written_is_read_as_it_was(party):
    name = party.display_name or party.name or party.nickname
    found = party_of(parse_card(write_card(card_of(party, full_name=name))))
    for field in ImportedParty.__attrs_attrs__:
        expected = getattr(party, field.name)
        if field.name == "mechanisms":
            expected = tuple(
                ImportedMechanism(kind="url", raw="https://berg.example/a;b,c?d=%5Ce") if m.kind == "url" else m
                for m in expected
            )
        assert getattr(found, field.name) == expected, field.name


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n\t;,:\\"^'), min_size=1)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,62}", fullmatch=True), TEXTS.filter(str.strip), max_size=4))
def test_custom_values_are_read_as_they_were_written(custom):
    party = ImportedParty(kind="person", given_name="Ida", custom=custom)
    assert party_of(parse_card(write_card(card_of(party, full_name="Ida")))).custom == custom


@pytest.mark.parametrize("version", ["2.1", "3.0", "4.0"])
def test_custom_values_are_read_of_cards_of_every_version(version):
    party = read("FN:Ida", "N:;Ida;;;", "X-CRMKIT-CUSTOM;X-KEY=size:3", "X-CRMKIT-CUSTOM;X-KEY=note: ", version=version)
    assert party.custom == {"size": "3"}
    assert party.left_out == ()


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["X-CRMKIT-CUSTOM:3"], "needs the key of one custom field"),
        (["X-CRMKIT-CUSTOM;X-KEY=a,b:3"], "needs the key of one custom field"),
        (["X-CRMKIT-CUSTOM;X-KEY=a:3", "X-CRMKIT-CUSTOM;X-KEY=a:4"], "occurs twice"),
    ],
)
def test_a_custom_value_of_no_single_field_is_refused(lines, reason):
    with pytest.raises(InvalidValueError, match=reason):
        read("FN:Ida", *lines)
