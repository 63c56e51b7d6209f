"""Finding duplicates: before a party is added, after it was, and among all of them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from attrs import evolve

from crmkit import Identifier, Mechanism, Organisation, Person
from crmkit.errors import ForbiddenError, InvalidValueError
from crmkit.plugins.dedupe import Dedupe, DuplicateFinder, Linkage, service
from crmkit.plugins.dedupe.model import Keys
from crmkit.sdk import mechanism

PHONE = "+47 22 12 34 56"


def suggested(crm, actor, party, *mechanisms, limit=10):
    with crm.begin(actor, read_only=True) as uow:
        return [s.party.name for s in uow.use(Dedupe).suggest(party, mechanisms=mechanisms, limit=limit)]


@pytest.fixture
def ida(crm):
    with crm.begin("sam") as uow:
        return uow.parties.add(
            Person(given_name="Ida Marie", family_name="Bjørnsen"), emails=["ida@berg.example"], phones=[PHONE]
        )


# -- before a party is added ------------------------------------------------------------------------------------------


def test_a_draft_with_a_known_mechanism_is_recognised_in_any_spelling(crm, ida):
    draft = Person(given_name="I.", family_name="Bjornsen")
    assert suggested(crm, "sam", draft, mechanism(draft.id, "phone", "0047 22 123 456".replace("00", "+", 1))) == [
        "Ida Marie Bjørnsen"
    ]
    assert suggested(crm, "sam", draft, mechanism(draft.id, "email", "IDA@Berg.Example")) == ["Ida Marie Bjørnsen"]


def test_a_draft_with_a_similar_name_and_the_same_birth_date_is_recognised(crm, ida):
    with crm.begin("sam") as uow:
        uow.parties.update(evolve(uow.get(Person, ida.id), birth_date=date(1980, 5, 17)))
    draft = Person(given_name="Ida Mari", family_name="BJORNSEN", birth_date=date(1980, 5, 17))
    assert suggested(crm, "sam", draft) == ["Ida Marie Bjørnsen"]
    assert suggested(crm, "sam", evolve(draft, given_name="Tom", family_name="Reid")) == []


def test_what_only_the_unit_itself_has_stored_is_suggested_by_its_mechanisms(crm):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"])
        draft = Person(given_name="Ida")
        (found,) = uow.use(Dedupe).suggest(draft, mechanisms=[mechanism(draft.id, "email", "ida@berg.example")])
    assert found.party.name == "Ida"


def test_who_has_no_further_role_is_told_by_mechanisms_only(crm, ida):
    draft = Person(given_name="Ida Marie", family_name="Bjørnsen")
    assert suggested(crm, "sue", draft) == []
    assert suggested(crm, "sue", draft, mechanism(draft.id, "email", "ida@berg.example")) == ["Ida Marie Bjørnsen"]


def test_a_stored_party_is_not_suggested_for_itself(crm, ida):
    assert suggested(crm, "sam", ida) == []


def test_the_suggestions_have_an_end_and_the_most_probable_come_first(crm, ida):
    with crm.begin("sam") as uow:
        for n in range(5):
            uow.parties.add(Person(given_name=f"Person {n}"), emails=["ida@berg.example"])
    draft = Person(given_name="Ida Marie", family_name="Bjørnsen")
    email = mechanism(draft.id, "email", "ida@berg.example")
    assert suggested(crm, "sam", draft, email, limit=1) == ["Ida Marie Bjørnsen"]
    assert len(suggested(crm, "sam", draft, email)) == 6
    with pytest.raises(InvalidValueError, match="limit"):
        suggested(crm, "sam", draft, limit=0)


def test_a_hidden_party_is_never_named_and_changes_nothing(crm, ida):
    """Whether there is a hidden party, or ten, an actor who may not see them gets the same answer."""
    draft = Person(given_name="Ida Marie", family_name="Bjørnsen")
    email = mechanism(draft.id, "email", "ida@berg.example")
    assert suggested(crm, "ned", draft, email) == []
    with crm.begin("ned") as uow:
        uow.parties.add(Person(given_name="Ida Marie", family_name="Bjørnsen"), emails=["ida@berg.example"])
    with crm.begin("ned", read_only=True) as uow:
        before = uow.use(Dedupe).suggest(draft, mechanisms=[email])
    with crm.begin("ada") as uow:
        for _ in range(10):
            uow.parties.add(Person(given_name="Ida Marie", family_name="Bjørnsen"), emails=["ida@berg.example"])
    with crm.begin("ned", read_only=True) as uow:
        assert uow.use(Dedupe).suggest(draft, mechanisms=[email]) == before
        assert len(before) == 1


def test_keys_are_read_only_by_who_may_and_sees_their_party(crm, ida):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Tom", family_name="Reid"))
    with crm.begin("sam", read_only=True) as uow:
        assert [keys.record_id for keys in uow.each(Keys)] == [ida.id]
    with crm.begin("sue", read_only=True) as uow:
        assert list(uow.each(Keys)) == []


# -- after it was added -----------------------------------------------------------------------------------------------


def test_the_worker_compares_what_has_changed(crm_set, clock):
    crm = crm_set(clock=clock)
    with crm.begin("sue") as uow:  # who has no right to pairs at all
        for _ in range(2):
            uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    clock.advance(timedelta(minutes=1))
    crm.jobs.run_once()
    with crm.begin("ada", read_only=True) as uow:
        (pair,) = uow.use(Dedupe).pairs()
        assert uow.use(Dedupe).stats().pending == 0
    assert pair.source == "write"


def test_a_batch_is_compared_at_a_time(crm_set):
    crm = crm_set(batch_size=2)
    with crm.begin("ada") as uow:
        for n in range(5):
            uow.parties.add(
                Person(given_name="Ida", family_name="Berg"), emails=[f"ida{n}@berg.example", "i@b.example"]
            )
    steps = []
    done = DuplicateFinder(crm, actor="ada").update(progress=lambda p: steps.append(p.done))
    assert (steps, done.proposed) == ([2, 4, 5], 10)


def test_what_so_many_share_that_it_says_nothing_is_not_compared_by(crm_set):
    crm = crm_set(most_alike=3)
    with crm.begin("ada") as uow:
        for n in range(4):
            uow.parties.add(Person(given_name=f"Person {n}"), emails=["info@berg.example"])
    assert DuplicateFinder(crm, actor="ada").update().proposed == 0
    assert DuplicateFinder(crm, actor="ada").run().pairs == 0


def test_identifiers_tell_parties_apart_only_if_the_settings_name_them(crm_set):
    crm = crm_set()
    with crm.begin("ada") as uow:
        for name in ("Ida", "Tom"):
            person = Person(given_name=name)
            uow.parties.add(person, identifiers=[Identifier(party_id=person.id, scheme="club", value="7")])
    assert DuplicateFinder(crm, actor="ada").run().pairs == 0
    named = crm_set(identifiers=["club"])
    assert DuplicateFinder(named, actor="ada").run().pairs == 1
    with named.begin("ada", read_only=True) as uow:
        assert [str(reason) for reason in next(iter(uow.use(Dedupe).pairs())).reasons] == [
            "name: differs",
            "identifier: shared",
        ]


# -- among all --------------------------------------------------------------------------------------------------------


def test_all_are_compared_and_what_was_learned_is_kept(crm):
    with crm.begin("ada") as uow:
        for _ in range(2):
            uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
            uow.parties.add(Organisation(name="Berg Tak"), phones=[PHONE])
    steps = []
    report = DuplicateFinder(crm, actor="ada").run(progress=steps.append)
    assert (report.parties, report.pairs, report.proposed, report.clusters) == (4, 2, 2, 2)
    assert [step.step for step in steps] == ["reading", "proposing", "proposing", "noting"]
    with crm.begin("ada", read_only=True) as uow:
        assert next(iter(uow.find(Linkage))).weights.keys() == {"person", "organisation"}
        assert uow.use(Dedupe).stats().pending == 0
        assert {pair.source for pair in uow.use(Dedupe).pairs()} == {"linkage"}
    assert DuplicateFinder(crm, actor="ada").run().proposed == 0


def test_what_changes_while_all_are_compared_is_compared_again(crm):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"))
        uow.parties.add(Person(given_name="Tom", family_name="Reid"))

    def change(progress):
        if progress.step == "reading":
            crm.run(lambda uow: uow.parties.add_email(ida.id, "ida@berg.example"), "ada")

    DuplicateFinder(crm, actor="ada").run(progress=change)
    with crm.begin("ada", read_only=True) as uow:
        assert [keys.record_id for keys in uow.each(Keys) if keys.pending] == [ida.id]


@pytest.mark.parametrize("people", [0, 1])
def test_where_there_is_nobody_to_compare_with_nothing_is_found(crm, people):
    with crm.begin("ada") as uow:
        for _ in range(people):
            uow.parties.add(Person(given_name="Ida"))
    report = DuplicateFinder(crm, actor="ada").run()
    assert (report.parties, report.pairs) == (people, 0)


def test_who_compares_all_compares_what_they_may_see(crm, ida):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida Marie", family_name="Bjørnsen"), emails=["ida@berg.example"])
    with pytest.raises(ForbiddenError):
        DuplicateFinder(crm, actor="sam").run()  # who may decide on pairs, and not compare all parties
    with crm.begin("ada", read_only=True) as uow:
        assert not uow.use(Dedupe).pairs().items
    assert DuplicateFinder(crm, actor="ada").run().pairs == 1


def test_two_who_propose_the_same_at_the_same_time_both_succeed(crm, monkeypatch):
    """Both have looked for known pairs before either has stored one."""
    with crm.begin("ada") as uow:
        for _ in range(2):
            uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    meeting, looks = threading.Barrier(2), iter(range(10**6))

    def meet(uow, ids, known_pairs=service.known_pairs):
        found = known_pairs(uow, ids)
        if next(looks) < 2 and crm.engine.dialect.name == "postgresql":  # SQLite has one writer at a time
            meeting.wait(timeout=20)
        return found

    monkeypatch.setattr(service, "known_pairs", meet)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: DuplicateFinder(crm, actor="ada").run(), range(2)))
    assert [report.pairs for report in reports] == [1, 1]
    assert sum(report.proposed for report in reports) == 1
    with crm.begin("ada", read_only=True) as uow:
        assert len(uow.use(Dedupe).pairs()) == 1


# -- disabled and enabled again ---------------------------------------------------------------------------------------


def test_what_happens_while_the_plugin_is_disabled_is_caught_up_with(crm, tenant, ida):
    DuplicateFinder(crm, actor="ada").update()
    with crm.begin("ada") as uow:
        gone = uow.parties.add(Person(given_name="Bo"))
    crm.plugins.disable("dedupe", tenant=tenant)
    with crm.begin("ada") as uow:
        uow.parties.remove(gone.id)
        uow.parties.add(Person(given_name="Ida Marie", family_name="Bjørnsen"), emails=["ida@berg.example"])
    crm.plugins.enable("dedupe", tenant=tenant)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.use(Dedupe).stats().pending == 1
        assert gone.id not in {keys.record_id for keys in uow.each(Keys)}
    assert DuplicateFinder(crm, actor="ada").update().proposed == 1


def test_parties_that_were_there_before_the_plugin_are_compared(crm_with, crm_set):
    with crm_with().begin("ada") as uow:
        for _ in range(2):
            uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    crm = crm_set()
    assert DuplicateFinder(crm, actor="ada").update().proposed == 1


def test_the_parts_of_a_party_count_for_what_it_is_found_by(crm, ida):
    with crm.begin("ada") as uow:
        tom = uow.parties.add(Person(given_name="Tom"))
        uow.parties.add_email(tom.id, "ida@berg.example")
        assert uow.count(Mechanism) == 3
    assert DuplicateFinder(crm, actor="ada").update().proposed == 1
