"""Whatever is done to records in whatever order, a search finds what a naive walk over the visible records finds."""

import unicodedata
import uuid

import attrs
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crmkit import Deal, Interaction, Mechanism, Organisation, Party, errors, f
from crmkit.testing.databases import CANARY

WORDS = (
    "Berg",
    "bergen",
    "Åberg",
    "Zoë",
    "Øst",
    "王小明",
    "Σοφός",
    "x1",
    "22 12 34 56",
    "ida@zoe.example",
    "o'neil",
    "a",
)
SEARCHES = (
    "berg",
    "BERG",
    "erg",
    "aberg",
    "zo",
    "zoe",
    "ost",
    "小明",
    "明",
    "σοφοσ",
    "x",
    "22123456",
    "ida zoe",
    "oneil",
    "a",
)


def plain(text):
    """The words of a text, by a rule of its own: without marks, case and signs."""
    text = unicodedata.normalize("NFD", text.replace("'", "").replace("Ø", "O").replace("ø", "o"))
    kept = "".join(c for c in text if not unicodedata.combining(c)).casefold()
    return "".join(c if c.isalnum() else " " for c in kept).split()


def contains(texts, search):
    """Whether each word of the search begins a word of one of the texts, or, if it is long enough, is in one."""
    words = [word for text in texts for word in plain(text)]
    words += ["".join(word for word in plain(text) if word.isdigit()) for text in texts]
    for wanted in plain(search):
        inside = len(wanted) >= 3 or "\u4e00" <= wanted[0] <= "\u9fff"
        if not any(word.startswith(wanted) or (inside and wanted in word) for word in words):
            return False
    return True


class Searching(RuleBasedStateMachine):
    """Adds, changes, deletes, merges and undoes, and compares."""

    crm = None

    def __init__(self):
        super().__init__()
        self.tenant = f"t-{uuid.uuid4().hex[:12]}"
        self.crm.tenants.create(self.tenant)
        with self.crm.begin("ada", self.tenant) as uow:
            uow.permissions.add_team("sales")
            uow.permissions.add_team("north", parent="sales")
        self.units = []

    def do(self, work):
        """A unit of work that may fail, as a random one does."""
        try:
            with self.crm.begin("ada", self.tenant) as uow:
                work(uow)
                self.units.append(uow.id)
        except (errors.ConflictError, errors.RefusedError, errors.UndoRefusedError, errors.MergeRefusedError):
            pass
        except (errors.AlreadyExistsError, errors.InUseError, errors.InvalidValueError, errors.NotFoundError):
            pass

    def some(self, uow, model, place, where=None):
        found = uow.find(model, where, limit=100) if where is not None else uow.find(model, limit=100)
        return found[place % len(found)] if len(found) else None

    words = st.sampled_from(WORDS)
    places = st.integers(0, 50)

    @rule(name=words, more=words, owner=st.sampled_from([None, "sam", "max"]), team=st.sampled_from([None, "north"]))
    def add(self, name, more, owner, team):
        def work(uow):
            firm = Organisation(name=f"{name} {more}", owner_id=owner, team_id=team)
            uow.parties.add(firm, emails=["ida@zoe.example"] if "@" in more else [])

        self.do(work)

    @rule(place=places, name=words)
    def rename(self, place, name):
        def work(uow):
            party = self.some(uow, Organisation, place, f.merged_into.is_empty())
            if party is not None:
                uow.parties.update(attrs.evolve(party, name=name, legal_name=f"{name} holding"))

        self.do(work)

    @rule(place=places, number=st.sampled_from(["+47 22 12 34 56", "+47 99 88 77 66"]))
    def add_phone(self, place, number):
        def work(uow):
            party = self.some(uow, Party, place, f.merged_into.is_empty())
            if party is not None:
                uow.parties.add_phone(party.id, number)

        self.do(work)

    @rule(place=places)
    def drop_mechanism(self, place):
        def work(uow):
            mechanism = self.some(uow, Mechanism, place)
            if mechanism is not None:
                uow.parties.remove_mechanism(mechanism.id)

        self.do(work)

    @rule(place=places, title=words)
    def open_deal(self, place, title):
        def work(uow):
            party = self.some(uow, Party, place, f.merged_into.is_empty())
            if party is not None:
                uow.pipelines.open(pipeline="sales", party=party.id, title=title)

        self.do(work)

    @rule(place=places, summary=words)
    def record(self, place, summary):
        def work(uow):
            party = self.some(uow, Party, place, f.merged_into.is_empty())
            if party is not None:
                uow.interactions.record(party=party.id, channel="phone", summary=summary)

        self.do(work)

    @rule(place=places)
    def remove(self, place):
        def work(uow):
            party = self.some(uow, Party, place)
            if party is not None:
                uow.parties.remove(party.id)

        self.do(work)

    @rule(one=places, other=places)
    def merge(self, one, other):
        def work(uow):
            loser, winner = (self.some(uow, Organisation, p, f.merged_into.is_empty()) for p in (one, other))
            if loser is not None and loser.id != winner.id:
                uow.parties.merge(loser.id, winner.id)

        self.do(work)

    @precondition(lambda self: self.units)
    @rule(place=places)
    def undo(self, place):
        self.do(lambda uow: uow.history.undo(self.units[place % len(self.units)]))

    @rule()
    def rebuild(self):
        assert self.crm.search.rebuild(tenant=self.tenant) == 0

    @invariant()
    def a_search_finds_what_a_walk_over_the_visible_records_finds(self):
        for actor in ("ada", "sam", "vic", "nobody"):
            with self.crm.begin(actor, self.tenant, read_only=True) as uow:
                texts = dict(self.texts(uow))
                for search in SEARCHES:
                    expected = {key for key, said in texts.items() if contains(said, search)}
                    found = uow.search.find(search, limit=100)
                    assert {(hit.ref.entity, hit.ref.id) for hit in found} == expected, (actor, search)
                    assert sum(uow.search.count(search).values()) == len(expected)

    @staticmethod
    def texts(uow):
        """Every visible record with what is searched of it."""
        mechanisms = {}
        for mechanism in uow.each(Mechanism):
            mechanisms.setdefault(mechanism.party_id, []).append(mechanism.raw)
        for party in uow.each(Party, f.merged_into.is_empty()):
            legal = getattr(party, "legal_name", None)
            yield ("party", party.id), [party.name, *([legal] if legal else []), *mechanisms.get(party.id, ())]
        for deal in uow.each(Deal):
            yield ("deal", deal.id), [deal.title]
        for interaction in uow.each(Interaction):
            yield ("interaction", interaction.id), [interaction.summary, interaction.body or ""]

    def teardown(self):
        assert [str(f) for f in self.crm.verify(tenant=self.tenant)] == []
        with self.crm.begin("ada", self.tenant, read_only=True) as uow:
            assert len(uow.search.find(CANARY)) == 0


@pytest.mark.parametrize("runs", [8])
def test_search_agrees_with_a_walk(crm, runs):
    class Machine(Searching):
        pass

    Machine.crm = crm
    case = Machine.TestCase
    case.settings = settings(max_examples=runs, stateful_step_count=12, phases=[Phase.generate], deadline=None)
    case("runTest").runTest()
