"""Rows, encodings and delimiters of CSV files; and cells that spreadsheets do not run."""

import csv
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.exchange.csv.cells import read_cell, written_cell
from crmkit.plugins.exchange.csv.dialects import delimiter_of, stated_delimiter
from crmkit.plugins.exchange.csv.encodings import encoding_of
from crmkit.plugins.exchange.csv.rows import LONGEST_ROW, raw_rows
from crmkit.sdk import ImportFileError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def rows_of(text, delimiter=","):
    return [(row.line, row.cells, row.error) for row in raw_rows(StringIO(text, newline=""), delimiter=delimiter)]


# -- rows -------------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(TEXT, min_size=1, max_size=4), max_size=5), st.sampled_from(",;\t|"))
def test_rows_that_were_written_are_read_as_they_were(rows, delimiter):
    out = StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    assert [row[1] for row in rows_of(out.getvalue(), delimiter)] == [tuple(row) for row in rows if any(row)]


def test_blank_rows_are_no_rows():
    assert [row[1] for row in rows_of("a,b\n\n,,\r\n1,2\n")] == [("a", "b"), ("1", "2")]


def test_rows_know_the_line_that_they_begin_in():
    assert [row[0] for row in rows_of('a,b\n1,"x\ny\nz"\n\n2,3\n')] == [1, 2, 6]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_line_is_read(end):
    assert [row[1] for row in rows_of(f"a,b{end}1,2{end}")] == [("a", "b"), ("1", "2")]


def test_a_quote_that_is_never_closed_costs_its_own_row_only():
    assert rows_of('a,b\n1,"open\n2,x\n3,"q"\n') == [
        (1, ("a", "b"), None),
        (2, (), "cannot be read: ',' expected after '\"'"),
        (3, ("2", "x"), None),
        (4, ("3", "q"), None),
    ]
    assert [error for _, _, error in rows_of('a\n"open\nx\n')] == [None, "has a quote that is never closed", None]


def test_a_line_that_is_too_long_costs_its_own_row_only():
    found = rows_of("a\n" + "x" * (LONGEST_ROW * 2) + "\ny\n")
    assert [(line, cells) for line, cells, _ in found] == [(1, ("a",)), (2, ()), (3, ("y",))]
    assert "longer than" in found[1][2]


def test_a_quoted_cell_that_goes_on_for_too_many_lines_is_given_up():
    found = rows_of('a\n"' + "x\n" * 1_500)
    assert [error is None for _, _, error in found[:3]] == [True, False, True]
    assert len(found) == 1 + 1_500


def test_bytes_that_are_no_text_spoil_their_row():
    text = b"a\nJ\xf6rg\nIda\n".decode("utf-8", "surrogateescape")
    assert [error for _, _, error in rows_of(text)] == [
        None,
        "contains bytes that are no text in the file's encoding",
        None,
    ]


# -- encodings --------------------------------------------------------------------------------------------------------

GERMAN = "Name;Straße\nJörg Müller;Hauptstraße 5\nÅse Ødegård;Fjordgata\n"


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("name\nIda\n", "ascii", "utf-8"),
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "utf-8-sig", "utf-8-sig"),
        (GERMAN, "utf-16", "utf-16"),
        (GERMAN, "utf-32", "utf-32"),
        (GERMAN, "latin-1", "cp1252"),
        (GERMAN + "„€“\n", "cp1252", "cp1252"),
        ("Imię;Miasto\nŁukasz Żółw;Gdańsk\nPaweł Dąbrowski;Łódź\nZażółć gęślą;Kraków\n", "cp1250", "cp1250"),
        ("Имя;Город\nИван Петров;Москва\nАнна Сидорова;Санкт-Петербург\n", "cp1251", "cp1251"),
        ("Όνομα;Πόλη\nΓιώργος Παπαδόπουλος;Αθήνα\n", "cp1253", "cp1253"),
    ],
)
def test_the_encoding_of_a_file_is_found(text, encoding, found):
    file = BytesIO(text.encode(encoding))
    assert encoding_of(file, "x").name == found
    assert file.tell() == 0


def test_a_letter_far_into_a_file_is_seen_too():
    """A sample of the beginning would take the file for ASCII."""
    file = BytesIO(b"name\n" + b"Ida\n" * 100_000 + "Jörg\n".encode("latin-1"))
    assert encoding_of(file, "x").name == "cp1252"


def test_what_is_mostly_utf_8_is_read_as_utf_8():
    found = encoding_of(BytesIO("Jörg\nÅse\n".encode() + "Zoë\n".encode("latin-1")), "x")
    assert (found.name, found.errors) == ("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"a\x00b", "is binary"), (b"PK\x03\x04..", "ZIP"), (b"%PDF-1.7", "PDF")],
)
def test_what_is_no_text_is_refused(content, said):
    with pytest.raises(ImportFileError, match=said):
        encoding_of(BytesIO(content), "x")


# -- delimiters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b;c\n1,5;2,5;3,5\n", ";"),
        ("a\tb\n1, 2\t3\n", "\t"),
        ('a|b\n"1|2"|x, y; z\n', "|"),
        ('name;note\nIda;"a, b, c, d"\nTom;"e, f"\n', ";"),
        ("name\nIda\nTom\n", ","),
        ("", ","),
        ("name,note\nIda,one\nTom,two; three\n", ","),
    ],
)
def test_the_delimiter_of_a_file_is_found(sample, delimiter):
    assert delimiter_of(sample) == delimiter


@pytest.mark.parametrize(
    ("line", "delimiter"), [("sep=;\n", ";"), ('"sep=|"\r\n', "|"), ("sep=\n", None), ("a;b", None)]
)
def test_the_delimiter_that_excel_states_is_believed(line, delimiter):
    assert stated_delimiter(line) == delimiter


# -- cells ------------------------------------------------------------------------------------------------------------

RUN = "=+-@\t\r\n＝＋－＠"  # in full width, which some spreadsheets run too


@given(TEXT | st.text("'=+-@\t\r\n a1"))
def test_a_cell_is_read_as_it_was_before_it_was_written(text):
    assert read_cell(written_cell(text)) == text


@given(TEXT | st.text("'=+-@\t\r\n a1"))
def test_no_cell_that_was_written_is_run(text):
    assert written_cell(text)[:1] not in set(RUN)


def test_only_cells_that_would_be_run_look_different():
    assert [written_cell(text) for text in ("a=b", "O'Brien", "'quoted'", "", "=1")] == [
        "a=b",
        "O'Brien",
        "'quoted'",
        "",
        "'=1",
    ]
