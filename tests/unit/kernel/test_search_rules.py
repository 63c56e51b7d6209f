"""Folding, cutting into grams, and how well a text fits a search."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crmkit import errors
from crmkit.core.kernel.search.folding import fold
from crmkit.core.kernel.search.rules import (
    MAX_QUERY,
    MAX_TERMS,
    Fitting,
    document_of,
    excerpt,
    grams_of,
    rarest,
    segments_of,
    share_of,
    terms_of,
    wanted,
)

REACHES = ("words", "beginnings", "inside")
texts = st.text(max_size=60) | st.text("aβçШ王カﾊ가ひ'’-@+ 0123٣\u0301", max_size=40)


# -- folding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ida BERG", "ida berg"),
        ("Crème brûlée", "creme brulee"),
        ("Straße", "strasse"),
        ("Øystein Ærlig, Łódź", "oystein aerlig lodz"),
        ("O'Neil, O’Neil", "oneil oneil"),
        ("Anne-Marie", "anne marie"),
        ("ida@berg.example", "ida berg example"),
        ("İstanbul Iğdır", "istanbul igdir"),
        ("Ｉｄａ　Ｂｅｒｇ １２", "ida berg 12"),
        ("Ёлка Йод", "елка иод"),
        ("Οδυσσεύς ΟΔΥΣΣΕΎΣ", "οδυσσευσ οδυσσευσ"),
        ("مُحَمَّد أحمـد", "محمد احمد"),
        ("שָׁלוֹם", "שלום"),
        ("٣٤٥ हिन्दी", "345 हिन्दी"),
        ("ﾊﾟﾅｿﾆｯｸ", "パナソニック"),
        ("王小明", "王小明"),
        ("홍길동", "홍길동"),
        ("a_b\x00c\t\n%", "a b c"),
        (" ... ", ""),
    ],
)
def test_texts_that_people_take_for_the_same_fold_to_the_same(text, folded):
    assert fold(text) == folded


@given(texts)
def test_what_is_folded_folds_to_itself(text):
    assert fold(fold(text)) == fold(text)


@given(texts)
def test_case_does_not_matter(text):
    assume("ŉ" not in text)  # no letter of its own: an apostrophe and an n, which has no capital
    assert fold(text.casefold()) == fold(text)


@given(texts)
def test_a_folded_text_has_single_spaces_between_words(text):
    assert fold(text) == " ".join(fold(text).split(" ")).strip()
    assert "  " not in fold(text)


# -- what is asked ----------------------------------------------------------------------------------------------------


def asked(text):
    return [term.text for term in terms_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ida berg", ["ida", "berg"]),
        ("ida IDA", ["ida"]),
        ("ida@berg.example", ["ida berg example"]),
        ("22123456", ["22123456"]),
        ("22 12 34 56", ["22123456"]),
        ("+47 22 12 34 56", ["4722123456"]),
        ("0047 22-12-34-56", ["4722123456"]),
        ("+47 (0) 22 12 34 56", ["4722123456"]),
        ("(030) 123456", ["30123456"]),
        ("＋４７ ２２１２３４５６", ["4722123456"]),
        ("ida 22 12 34 56 oslo", ["ida", "22123456", "oslo"]),
        ("0557 oslo", ["0557", "oslo"]),
        ("12", ["12"]),
        ("2024-00123", ["202400123"]),
        ("", []),
        ("''\"%_*(){}:^-\x00", []),
    ],
)
def test_a_search_asks_for_its_words_and_for_numbers_in_one_piece(text, words):
    assert asked(text) == words


def test_a_search_of_a_megabyte_is_refused_at_once():
    with pytest.raises(errors.LimitExceededError):
        terms_of("a" * 1_000_000)


def test_a_search_of_too_many_words_is_refused():
    with pytest.raises(errors.LimitExceededError):
        terms_of(" ".join(f"w{chr(97 + n)}" for n in range(MAX_TERMS + 1)))
    assert len(terms_of(" ".join(f"w{chr(97 + n)}" for n in range(MAX_TERMS)))) == MAX_TERMS


@given(st.text(max_size=MAX_QUERY))
def test_whatever_is_searched_for_is_understood_or_refused_as_too_long(text):
    try:
        terms = terms_of(text)
    except errors.LimitExceededError:
        return
    assert all(term.text and fold(term.text) == term.text for term in terms)


# -- documents --------------------------------------------------------------------------------------------------------


def test_a_document_keeps_its_fields_apart():
    document = document_of([("name", ["Ida Berg"]), ("mechanism.raw", ["ida@berg.example", "..."]), ("note", [""])])
    assert dict(segments_of(document)) == {"name": " ida berg ", "mechanism.raw": " ida berg example "}


def test_a_record_without_anything_to_find_has_an_empty_document():
    assert document_of([("name", ["..."]), ("note", [])]) == ""


def test_numbers_side_by_side_are_found_in_one_piece_and_apart():
    document = document_of([("raw", ["+47 22 12 34 56"])])
    assert {text for _, text in segments_of(document)} == {" 47 22 12 34 56 4722123456 "}


@given(texts, texts, st.sampled_from(REACHES))
def test_whatever_contains_what_is_looked_for_has_its_grams(text, search, reach):
    document = document_of([("name", [text]), ("raw", [search])])
    terms = terms_of(search)
    if terms and all(term.needle(reach) in document for term in terms):
        assert set(wanted(terms, reach, "acme")) <= set(grams_of(document, "acme"))


@given(st.text("abç王 ", min_size=1, max_size=12))
def test_every_text_finds_itself_as_whole_words(text):
    assume(terms_of(text))
    document = document_of([("name", [text])])
    assert fit_of(document, terms_of(text), "name").score == 7
    assert set(wanted(terms_of(text), "words", "acme")) <= set(grams_of(document, "acme"))


@given(texts, st.sampled_from(REACHES), st.dictionaries(st.integers(), st.integers(2, 500)))
def test_the_rarest_grams_are_some_of_those_that_are_wanted(search, reach, others):
    terms = terms_of(search)
    every = wanted(terms, reach, "acme")
    common = {**others, **{gram: n for n, gram in enumerate(every[::2], 2)}}
    few = rarest(terms, reach, "acme", common)
    assert set(few) <= set(every)
    assert min(1, len(every)) <= len(few) <= 3
    assert few == sorted(few)
    assert 0 <= share_of(terms, reach, "acme", common, 512) <= 1 or not terms


def test_of_several_words_the_index_is_asked_for_the_rarest_gram_of_each():
    terms, tenant = terms_of("ida strand"), "acme"
    common = dict.fromkeys(wanted(terms, "words", tenant), 100)
    of_ida, of_strand = (set(wanted(terms_of(word), "words", tenant)) for word in ("ida", "strand"))
    common |= dict.fromkeys(of_strand, 9)
    few = rarest(terms, "words", tenant, common)
    assert (len(of_ida.intersection(few)), len(of_strand.intersection(few))) == (1, 1)
    assert len(rarest(terms_of("strand"), "words", tenant, common)) == 3
    assert share_of(terms, "words", tenant, common, 1_000) == pytest.approx(0.1 * 0.009)
    assert share_of(terms_of("nobody"), "words", tenant, common, 1_000) == 0


def test_tenants_have_grams_of_their_own():
    document = document_of([("name", ["Ida Berg"])])
    assert not set(grams_of(document, "acme")) & set(grams_of(document, "bolt"))


def fit_of(document, terms, title, hidden=frozenset()):
    return Fitting(terms).fit_of(document, title, hidden)


# -- how well ---------------------------------------------------------------------------------------------------------

IDA = document_of([("name", ["Ida Bergström"]), ("raw", ["ida@firma.example"]), ("note", ["secret plan"])])


@pytest.mark.parametrize(
    ("search", "score", "field"),
    [
        ("ida bergstrom", 7, "name"),
        ("ida berg", 5, "name"),
        ("strom", 3, "name"),
        ("ida firma", 6, "raw"),
        ("i f", 4, "raw"),
        ("irma", 2, "raw"),
        ("berg firma", 4, "raw"),
    ],
)
def test_whole_words_count_more_than_beginnings_and_those_more_than_parts(search, score, field):
    fit = fit_of(IDA, terms_of(search), "name")
    assert (fit.score, fit.field) == (score, field)


@pytest.mark.parametrize("search", ["bo", "ida bo", "rg", "name", "raw", "rgs tr"])
def test_what_lacks_a_word_does_not_fit(search):
    assert fit_of(IDA, terms_of(search), "name") is None


words = st.lists(st.sampled_from(["ida", "idar", "berg", "solberg", "b", "22 33", "王小明"]), max_size=4).map(" ".join)


@given(words, words, words, words, st.sets(st.sampled_from(["name", "raw", "note"])))
def test_a_score_is_that_of_the_fit(name, raw, note, search, hidden):
    document = document_of([("name", [name]), ("raw", [raw]), ("note", [note, name])])
    fitting = Fitting(terms_of(search))
    fit = fitting.fit_of(document, "name", hidden)
    assert fitting.score_of(document, "name", hidden) == (0 if fit is None else fit.score)


def test_a_hidden_field_does_not_count():
    assert fit_of(IDA, terms_of("secret"), "name").field == "note"
    assert fit_of(IDA, terms_of("secret"), "name", {"note"}) is None
    assert fit_of(IDA, terms_of("ida secret"), "name", {"note"}) is None


def test_an_excerpt_shows_what_is_around_the_word():
    text = "first line of a note, " * 10 + "then the Bergström roof is mentioned, " + "and more of it " * 10
    shown = excerpt(["nothing", text], terms_of("bergstrom"))
    assert "Bergström" in shown
    assert len(shown) < 100
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert excerpt([], terms_of("x")) == ""
