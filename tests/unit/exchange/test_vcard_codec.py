"""The codec of vCard 4.0: what is written is read again, and what RFC 6350 shows is understood."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.exchange.vcard.dates import day_of
from crmkit.plugins.exchange.vcard.model import LOWEST, Card, Property
from crmkit.plugins.exchange.vcard.reading import parse_card, parse_line
from crmkit.plugins.exchange.vcard.text import escape, split, unescape
from crmkit.plugins.exchange.vcard.writing import write_card
from crmkit.sdk import InvalidValueError

AUTHOR = (
    b"BEGIN:VCARD\r\n"
    b"VERSION:4.0\r\n"
    b"FN:Simon Perreault\r\n"
    b"N:Perreault;Simon;;;ing. jr,M.Sc.\r\n"
    b"BDAY:--0203\r\n"
    b"ANNIVERSARY:20090808T1430-0500\r\n"
    b"GENDER:M\r\n"
    b"LANG;PREF=1:fr\r\n"
    b"LANG;PREF=2:en\r\n"
    b"ORG;TYPE=work:Viagenie\r\n"
    b"ADR;TYPE=work:;Suite D2-630;2875 Laurier;\r\n"
    b" Quebec;QC;G1V 2M2;Canada\r\n"
    b'TEL;VALUE=uri;TYPE="work,voice";PREF=1:tel:+1-418-656-9254;ext=102\r\n'
    b'TEL;VALUE=uri;TYPE="work,cell,voice,video,text":tel:+1-418-262-6501\r\n'
    b"EMAIL;TYPE=work:simon.perreault@viagenie.ca\r\n"
    b"GEO;TYPE=work:geo:46.772673,-71.282945\r\n"
    b"KEY;TYPE=work;VALUE=uri:\r\n"
    b" http://www.viagenie.ca/simon.perreault/simon.asc\r\n"
    b"TZ:-0500\r\n"
    b"URL;TYPE=home:http://nomis80.org\r\n"
    b"END:VCARD\r\n"
)
"""RFC 6350, section 8: the author's card."""

TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, [*range(9), *range(11, 32), 127])))
)
NAMES = st.from_regex(r"[A-Z][A-Z0-9-]{0,8}", fullmatch=True).filter(lambda n: n not in {"BEGIN", "END", "VERSION"})
PARAMS = st.dictionaries(NAMES, st.lists(TEXT, min_size=1, max_size=3), max_size=3)
GROUPS = st.none() | st.from_regex(r"[A-Za-z0-9-]{1,6}", fullmatch=True)


@st.composite
def properties(draw):
    return Property.of(
        draw(NAMES), *draw(st.lists(TEXT, min_size=1, max_size=3)), params=draw(PARAMS), group=draw(GROUPS)
    )


@given(st.lists(properties(), max_size=6).map(Card))
def test_a_card_that_was_written_is_read_as_it_was(card):
    assert parse_card(write_card(card)) == card


@given(st.lists(properties(), max_size=6).map(Card))
def test_no_line_is_longer_than_the_rfc_allows_and_no_character_is_torn(card):
    for line in write_card(card).split(b"\r\n"):
        assert len(line) <= 75
        line.decode()


@given(TEXT)
def test_a_text_that_was_escaped_is_one_component_of_one_value(text):
    escaped = escape(text)
    assert "\n" not in escaped
    assert split(escaped, ",") == split(escaped, ";") == [escaped]
    assert unescape(escaped) == text


@given(st.lists(st.lists(TEXT.filter(bool), max_size=3), min_size=1, max_size=7))
def test_components_that_were_written_are_read_as_they_were(components):
    one = Property.structured("ADR", *components)
    assert one.components == tuple(map(tuple, components))


def test_the_authors_card_of_the_rfc_is_read_with_everything_in_it():
    card = parse_card(AUTHOR)
    assert card.first("N").components == (("Perreault",), ("Simon",), (), (), ("ing. jr", "M.Sc."))
    assert card.first("ADR").components[1:] == (
        ("Suite D2-630",),
        ("2875 Laurier",),
        ("Quebec",),
        ("QC",),
        ("G1V 2M2",),
        ("Canada",),
    )
    assert card.first("KEY").text == "http://www.viagenie.ca/simon.perreault/simon.asc"
    assert [one.text for one in card.all("LANG")] == ["fr", "en"]
    assert card.first("TEL").types == ("work", "voice")
    assert card.first("TEL").text == "tel:+1-418-656-9254;ext=102"
    assert [one.preference for one in card.all("TEL")] == [1, LOWEST]
    assert [one.name for one in card].count("GEO") == 1


def test_the_authors_card_of_the_rfc_is_written_as_it_was():
    """But for the folding, which is the writer's choice, and quotes around a comma, which the values keep."""
    assert parse_card(write_card(parse_card(AUTHOR))) == parse_card(AUTHOR)


def test_a_property_that_nobody_knows_is_kept_with_its_group_and_parameters():
    one = parse_line("item1.X-FOO;X-BAR=\"a;b\",c^n^'d^'^^:\\,raw\\;")
    assert one == Property(name="X-FOO", value="\\,raw\\;", params={"X-BAR": ("a;b", 'c\n"d"^')}, group="item1")


def test_a_fold_within_a_character_is_mended():
    whole = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Jörg\r\nEND:VCARD\r\n".encode()
    at = whole.index(b"\xb6")
    assert parse_card(whole[:at] + b"\r\n " + whole[at:]).first("FN").text == "Jörg"


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_both_ends_of_line_are_read(end):
    assert parse_card(AUTHOR.replace(b"\r\n", end)) == parse_card(AUTHOR)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("19531015", (date(1953, 10, 15), None)),
        ("1953-10-15", (date(1953, 10, 15), None)),
        ("19531015T231000Z", (date(1953, 10, 15), None)),
        ("20090808T1430-0500", (date(2009, 8, 8), None)),
        ("1953-10-15T23:10:00+01:00", (date(1953, 10, 15), None)),
        ("--0203", (None, "02-03")),
        ("--02-29", (None, "02-29")),
        ("1604-02-29", (None, "02-29")),
        ("1953", (None, None)),
        ("1953-10", (None, None)),
        ("--10", (None, None)),
        ("---15", (None, None)),
        ("T102200", (None, None)),
    ],
)
def test_a_date_is_read_in_every_form_of_the_rfc(value, expected):
    assert day_of(value) == expected


@pytest.mark.parametrize("value", ["19531315", "--0230", "1953-02-29", "circa 1800", "1953101", "15.10.1953", ""])
def test_a_date_that_is_none_is_refused(value):
    with pytest.raises(InvalidValueError) as error:
        day_of(value)
    assert error.value.value == value


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"BEGIN:VCARD\r\nFN",
        b"BEGIN:VCARD\r\nFN\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\n:x\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nF N:x\r\nEND:VCARD\r\n",
        b'BEGIN:VCARD\r\nTEL;TYPE="work:1\r\nEND:VCARD\r\n',
        b"BEGIN:VCARD\r\nFN:\xff\xfe\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nFN:a\x00b\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nBEGIN:VCARD\r\nEND:VCARD\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\n" + b"X:1\r\n" * 3000 + b"END:VCARD\r\n",
    ],
)
def test_what_is_no_card_is_refused(octets):
    with pytest.raises(InvalidValueError):
        parse_card(octets)


@pytest.mark.parametrize(
    "made",
    [
        lambda: Property(name="F N", value="x"),
        lambda: Property(name="FN", value="a\nb"),
        lambda: Property(name="FN", value="a\x00b"),
        lambda: Property(name="FN", value="\ud800"),
        lambda: Property(name="FN", value="x", params={"X": ()}),
        lambda: Property(name="FN", value="x", params={"X": "\x00"}),
        lambda: Property(name="FN", value="x", group="a b"),
    ],
)
def test_a_property_that_could_not_be_written_is_not_made(made):
    with pytest.raises(InvalidValueError):
        made()


@given(st.binary(max_size=200))
def test_reading_octets_gives_a_card_or_the_one_error(octets):
    with suppress(InvalidValueError):
        parse_card(b"BEGIN:VCARD\r\n" + octets + b"\r\nEND:VCARD\r\n")
