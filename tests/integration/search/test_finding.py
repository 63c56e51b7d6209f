"""What a search finds, in which order, on both databases."""

import attrs
import pytest

from crmkit import Organisation, Ref, errors
from crmkit.core.kernel.search.service import MAX_SEARCH_LIMIT
from crmkit.testing import a_deal, a_person, an_activity, an_interaction
from crmkit.values.page import Cursor


@pytest.fixture
def ida(crm):
    with crm.begin("ada") as uow:
        return a_person(
            uow,
            given_name="Ida",
            family_name="Bergström",
            emails=["ida.b@firma.example"],
            phones=["+47 22 12 34 56"],
        )


@pytest.mark.parametrize(
    "text",
    [
        "ida",
        "IDA BERGSTRÖM",
        "bergstrom ida",
        "ｂｅｒｇ",
        "b",
        "be",
        "gstr",
        "ida.b@firma.example",
        "FIRMA.example",
        "irma",
        "+47 22 12 34 56",
        "22123456",
        "22 12 34 56",
        "0047 22123456",
        "(22) 12-34-56",
        "123456",
        "ida 22123456",
        '"ida" (berg*)',
    ],
)
def test_a_person_is_found_by_name_address_and_number_in_any_spelling(found, ida, text):
    assert found(text) == ["Ida Bergström"]


@pytest.mark.parametrize(
    "text", ["idas", "rg", "ida bo", "ida.c@firma.example", "22123457", "name", "raw", "mechanism"]
)
def test_what_lacks_any_of_the_words_is_not_found(found, ida, text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("name", "searches"),
    [
        ("Łukasz Żółć", ["lukasz", "zolc", "ŻÓŁĆ"]),
        ("Straßer", ["strasser", "STRASSER", "straße"]),
        ("Søren Ærø", ["soren", "aero", "søren ærø"]),
        ("Сергей Щёголев", ["сергей", "ЩЕГОЛЕВ", "щёгол", "голев"]),
        ("Οδυσσέας Ελύτης", ["οδυσσεασ", "ΕΛΎΤΗΣ", "ελυτης", "λυτη"]),
        ("مُحَمَّد العربي", ["محمد", "العربي", "عرب"]),
        ("王小明", ["王", "小明", "王小明", "明"]),
        ("株式会社ﾊﾟﾅｿﾆｯｸ", ["パナソニック", "会社", "株"]),
        ("김민수", ["김민수", "민수"]),
        ("Nguyễn Văn Đức", ["nguyen", "duc", "van duc"]),
        ("O’Connor", ["oconnor", "o'connor"]),
    ],
)
def test_names_of_all_scripts_are_found(crm, found, name, searches):
    with crm.begin("ada") as uow:
        uow.parties.add(Organisation(name=name))
    assert {text: found(text) for text in searches} == {text: [name] for text in searches}


def test_everything_that_is_registered_is_found_with_its_parts(crm, hits):
    with crm.begin("ada") as uow:
        party = a_person(uow, given_name="Quentin", family_name="Quist")
        uow.parties.add_identifier(party.id, "customer", "QX-900-11")
        deal = a_deal(uow, party.id, title="Quarry roof")
        call = an_interaction(uow, party.id, summary="asked for quicklime")
        plan = an_activity(uow, party.id, subject="send quotation")
    found = {hit.ref: (hit.label, hit.field) for hit in hits("qu")}
    assert found == {
        Ref("party", party.id): ("Quentin Quist", "name"),
        Ref("deal", deal.id): ("Quarry roof", "title"),
        Ref("interaction", call.id): ("asked for quicklime", "summary"),
        Ref("activity", plan.id): ("send quotation", "subject"),
    }
    (hit,) = hits("QX 900")
    assert (hit.field, hit.snippet) == ("identifier.value", "QX-900-11")
    assert [h.ref.entity for h in hits("qu", entities=["deal", "activity"])] == ["activity", "deal"]


def test_whole_words_come_first_then_beginnings_then_parts_and_names_before_the_rest(crm, found):
    with crm.begin("ada") as uow:
        for name, email in (
            ("Steinberg", "x@one.example"),
            ("Berg", "x@two.example"),
            ("Bergmann", "x@three.example"),
            ("Ola", "x@berg.example"),
            ("Bergmann Yngre", "x@four.example"),
            ("Kari", "x@bergen.example"),
            ("Liv", "x@lindberg.example"),
        ):
            uow.parties.add(Organisation(name=name), emails=[email])
    assert found("berg") == ["Berg", "Ola", "Bergmann Yngre", "Bergmann", "Kari", "Steinberg", "Liv"]


def test_pages_follow_each_other_without_gap_or_repetition(crm, found):
    with crm.begin("ada") as uow:
        for n in range(25):
            uow.parties.add(Organisation(name=f"Berg {'Tak' if n % 3 else 'Bergene'} {n}"))
    with crm.begin("ada") as uow:
        seen, after = [], None
        while True:
            page = uow.search.find("berg", limit=7, after=after)
            seen += [hit.label for hit in page]
            if after is None:  # what is added meanwhile, and is better, changes nothing behind the cursor
                uow.parties.add(Organisation(name="Berg new"))
            after = page.next
            if after is None:
                break
    assert len(page) == 4
    assert seen == [label for label in found("berg", limit=100) if label != "Berg new"]
    assert len(set(seen)) == 25


def test_a_unit_finds_what_it_has_written_itself_and_not_what_it_took_back(crm):
    with crm.begin("ada") as uow:
        ida = a_person(uow, given_name="Ida")
        assert len(uow.search.find("ida")) == 1
        uow.parties.update(attrs.evolve(ida, given_name="Eva"))
        assert (len(uow.search.find("ida")), len(uow.search.find("eva"))) == (0, 1)
        with pytest.raises(ZeroDivisionError), uow.attempt():
            a_person(uow, given_name="Ida")
            assert len(uow.search.find("ida")) == 1
            raise ZeroDivisionError
        assert (len(uow.search.find("ida")), len(uow.search.find("eva"))) == (0, 1)


def test_a_record_that_is_changed_deleted_brought_back_or_merged_is_found_as_it_is(crm, found, ida):
    with crm.begin("ada") as uow:
        (phone,) = [m for m in uow.parties.view(ida.id).mechanisms if m.kind == "phone"]
        uow.parties.remove_mechanism(phone.id)
        changed = uow.id
    assert found("22123456") == []
    with crm.begin("ada") as uow:
        uow.history.undo(changed)
    assert found("22123456") == ["Ida Bergström"]
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
        removed = uow.id
    assert found("bergstrom") == []
    with crm.begin("ada") as uow:
        uow.history.undo(removed)
        other = a_person(uow, given_name="Ada", family_name="Bergström", emails=["ada@other.example"])
    assert len(found("bergstrom")) == 2
    with crm.begin("ada") as uow:
        uow.parties.merge(other.id, ida.id)
        merged = uow.id
    assert found("bergstrom") == ["Ida Bergström"]
    assert found("ada@other.example") == ["Ida Bergström"]
    with crm.begin("ada") as uow:
        uow.history.undo(merged)
    assert found("ada@other.example") == ["Ada Bergström"]


@pytest.mark.parametrize("text", ["", " ", "\x00", "%", "_", "...", "'\"`", "* () ^ : - {}", "\u202e"])
def test_a_search_without_a_letter_or_digit_finds_nothing(crm, found, ida, text):
    assert found(text) == []
    with crm.begin("ada", read_only=True) as uow:
        assert dict(uow.search.count(text)) == {}


@pytest.mark.parametrize(
    "text", ["ida%", "%ida", "ida\x00", "ida*", '"ida"', "{ida}", "-ida", "^ida", "name:ida", "ida\\"]
)
def test_signs_that_mean_something_to_databases_mean_nothing(crm, found, text):
    with crm.begin("ada") as uow:
        a_person(uow, given_name="Ida", family_name="Name")
    assert found(text) == (["Ida Name"] if ":" not in text else [])


@pytest.mark.parametrize(
    "text", ["ida OR bo", "ida NOT bo", "NEAR(ida bo)", "ida AND berg", "ida' OR '1'='1", "i_a", "i%a"]
)
def test_words_that_mean_something_to_databases_are_words(found, ida, text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"text": "x" * 1_000_000}, errors.LimitExceededError),
        ({"text": " ".join(f"w{chr(97 + n)}" for n in range(17))}, errors.LimitExceededError),
        ({"text": "ida", "limit": 0}, errors.LimitExceededError),
        ({"text": "ida", "limit": MAX_SEARCH_LIMIT + 1}, errors.LimitExceededError),
        ({"text": "ida", "entities": ["partty"]}, errors.UnknownFieldError),
        ({"text": "ida", "entities": ["mechanism"]}, errors.InvalidValueError),
        ({"text": "ida", "entities": ["role"]}, errors.InvalidValueError),
        ({"text": "ida", "after": Cursor("-updated_at", 3, "party x")}, errors.InvalidCursorError),
        ({"text": "ida", "after": Cursor("search", None, f"party {'0' * 32}")}, errors.InvalidCursorError),
    ],
)
def test_a_search_that_cannot_be_answered_is_refused_and_changes_nothing(crm, rows, asked, error):
    before = rows()
    with crm.begin("ada", read_only=True) as uow, pytest.raises(error):
        uow.search.find(**asked)
    assert rows() == before


def test_a_search_in_a_unit_that_has_ended_is_refused(crm):
    with crm.begin("ada") as uow:
        service = uow.search
    with pytest.raises(errors.ClosedUnitError):
        service.find("ida")


def test_a_long_text_is_found_by_its_beginning_and_shown_around_the_word(crm, hits):
    text = "word " * 300 + "needle " + "word " * 5_000
    with crm.begin("ada") as uow:
        party = a_person(uow)
        an_interaction(uow, party.id, summary="long", body=text + "zebra")
    (hit,) = hits("needle")
    assert hit.field == "body"
    assert "needle" in hit.snippet
    assert len(hit.snippet) < 100
    assert hits("zebra") == []


def test_nothing_is_kept_and_found_while_search_is_switched_off(crm_with):
    crm = crm_with(config={"search": {"enabled": False}})
    with crm.begin("ada") as uow:
        a_person(uow, given_name="Ida")
        assert len(uow.search.find("ida")) == 0
    with pytest.raises(errors.ConfigError):
        crm.search.rebuild()


def test_what_search_says_is_counted_exactly(crm):
    with crm.begin("ada") as uow:
        for n in range(1_203):
            uow.parties.add(Organisation(name=f"Berg {n}"))
        party = a_person(uow, family_name="Bergene")
        a_deal(uow, party.id, title="Berg roof")
        assert dict(uow.search.count("berg")) == {"deal": 1, "party": 1_204}
        assert dict(uow.search.count("erg", entities=["deal"])) == {"deal": 1}
        assert dict(uow.search.count("berg 7")) == {"party": len([n for n in range(1_203) if str(n).startswith("7")])}
        exact = uow.search.find("bergene")
    assert [hit.label for hit in exact] == ["Ida Bergene"]


def test_an_old_whole_word_is_found_before_a_thousand_new_beginnings(crm, found):
    with crm.begin("ada") as uow:
        uow.parties.add(Organisation(name="Berg"))
        uow.parties.add_many([Organisation(name=f"Bergtak {n}") for n in range(1_100)])
    assert found("berg", limit=2)[0] == "Berg"


def test_pages_end_with_the_two_hundredth_of_the_newest_whole_words_and_beginnings(crm):
    with crm.begin("ada") as uow:
        uow.parties.add_many([Organisation(name=f"Berg {n}") for n in range(230)])
        uow.parties.add_many([Organisation(name=f"Bergtak {n}") for n in range(210)])
        uow.parties.add(Organisation(name="Ola"), emails=["ola@berg.example"])
    with crm.begin("ada", read_only=True) as uow:
        seen, after = [], None
        while True:
            page = uow.search.find("berg", limit=70, after=after)
            seen += page
            if (after := page.next) is None:
                break
    wholes = [f"Berg {n}" for n in range(229, 30, -1)]
    assert [hit.label for hit in seen if hit.score >= 6] == [*wholes, "Ola"]
    assert [hit.label for hit in seen if hit.score < 6] == [f"Bergtak {n}" for n in range(209, 10, -1)]
    assert [hit.score for hit in seen] == sorted([hit.score for hit in seen], reverse=True)


def test_custom_fields_and_comments_are_found(crm, hits):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "hobby", "text", searchable=True)
        uow.custom_fields.define("party", "secret", "text")
    with crm.begin("ada") as uow:
        ida = a_person(uow, custom={"hobby": "Curling", "secret": "Quidditch"})
        uow.comments.add(Ref("party", ida.id), "met at the curling hall")
    found = {(hit.ref.entity, hit.field, hit.snippet) for hit in hits("curling")}
    assert found == {("party", "custom.hobby", "Curling"), ("comment", "body", "met at the curling hall")}
    assert hits("quidditch") == []
