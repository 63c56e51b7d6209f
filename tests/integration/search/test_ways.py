"""A search finds the same whichever way it goes: by the index, by a walk over the newest, and however soon it stops."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from crmkit import Organisation
from crmkit.core.kernel.search import finding, looking
from crmkit.core.kernel.search.frequencies import SAMPLE
from crmkit.core.kernel.search.rules import Fitting, document_of, grams_of, terms_of
from crmkit.core.kernel.search.tables import search_table
from crmkit.core.kernel.storage.database import Db

WORDS = ["berg", "bergen", "solberg", "ola", "olsen", "ida", "lie", "moe"]
SEARCHES = ["berg", "erg", "olb", "ola", "o", "ola be", "solberg ida", "moe lie ola", "bergen", "nobody", "l i"]
LEAST = {"words": 6, "beginnings": 4, "inside": 2}


@pytest.fixture
def population(crm, tenant):
    """Firms of few words, and their documents from the newest to the oldest."""
    chance = random.Random(7)
    with crm.begin("ada") as uow:
        for _ in range(150):
            name, legal = (" ".join(chance.choices(WORDS, k=chance.randint(1, 3))) for _ in range(2))
            uow.parties.add(Organisation(name=name, legal_name=legal))
    rows = select(search_table.c.record_id, search_table.c.text).where(search_table.c.tenant_id == tenant)
    with crm.engine.connect() as connection:
        return sorted(((id_, text) for id_, text in connection.execute(rows)), key=lambda row: row[0].int, reverse=True)


def expected(population, search, most):
    """The ids by what the documentation says: the newest so many of each reach, the best and then the newest first."""
    terms = terms_of(search)
    scored = [(fit.score, id_) for id_, text in population if (fit := Fitting(terms).fit_of(text, "name"))]
    reaches = ["words", "beginnings", *(["inside"] if any(term.inside for term in terms) else [])]
    reached = {one for reach in reaches for one in [o for o in scored if o[0] >= LEAST[reach]][:most]}
    return [id_ for _, id_ in sorted(reached, key=lambda one: (one[0], one[1].int), reverse=True)]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    search=st.sampled_from(SEARCHES),
    limit=st.integers(1, 19),  # fewer than are ranked, as it always is
    most=st.sampled_from([20, 50, 200]),
    first=st.sampled_from([1, 10, 1000]),
    farthest=st.sampled_from([0, 30, 5000]),
)
def test_pages_are_those_of_the_newest_that_fit(crm, population, *, search, limit, most, first, farthest):
    """However few rows are read for the first page: the pages together are the whole, in its order."""
    found, after = [], None
    with pytest.MonkeyPatch.context() as patched, crm.begin("ada", read_only=True) as uow:
        patched.setattr(looking, "SAMPLE", 10)
        patched.setattr(looking, "_FIRST", first)
        patched.setattr(looking, "_FARTHEST", farthest)
        patched.setattr(looking, "_EACH", 0)
        for module in (looking, finding):
            patched.setattr(module, "MAX_HITS", most)
        while True:
            page = uow.search.find(search, limit=limit, after=after)
            found += [hit.ref.id for hit in page]
            after = page.next
            if after is None:
                break
    assert found == expected(population, search, most)


@pytest.fixture
def sent(crm):
    """``sent("berg")`` gives how often a first page asks the index, and how often it walks."""

    def of(search, limit=20):
        statements = []

        def remember(_connection, _cursor, statement, *_):
            statements.append(statement)

        with crm.begin("ada", read_only=True) as uow:
            uow.search.find("berg")  # counts the grams, if nobody has
            event.listen(crm.engine, "before_cursor_execute", remember)
            uow.search.find(search, limit=limit)
            event.remove(crm.engine, "before_cursor_execute", remember)
        return sum("AS fitting" in one for one in statements), sum("AS newest" in one for one in statements)

    return of


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_walks_over_the_newest_for_what_is_common_and_asks_its_index_for_what_is_rare(crm, tenant, sent):
    names = [f"Olsen {'Rare' if n % 400 == 0 else 'Firm'} {n:05x}" for n in range(4 * SAMPLE)]
    with crm.begin("ada") as uow:
        uow.parties.add_many([Organisation(name=name) for name in names])
    assert sent("olsen") == (0, 1)  # all of the first ones fit best
    assert sent("lse") == (1, 1)  # no word begins like that, which the index knows at once
    assert sent("rare") == (2, 0)
    assert sent("nobody") == (2, 0)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_counts_of_grams_are_kept_for_a_while(crm, tenant, clock):
    of = crm.runtime.search.frequencies.of
    with crm.begin("ada") as uow:
        uow.parties.add_many([Organisation(name=f"Olsen {n}") for n in range(3)])
    with crm.engine.connect() as connection:
        db, now = Db(connection), clock.now()
        counts = of(db, tenant, now)
        assert set(counts) <= set(grams_of(document_of([("name", ["Olsen 0 1 2"])]), tenant))
        assert set(counts.values()) == {3}
        with crm.begin("ada") as uow:
            uow.parties.add(Organisation(name="Olsen 4"))
        assert of(db, tenant, now + timedelta(seconds=59)) is counts
        assert set(of(db, tenant, now + timedelta(seconds=60)).values()) == {4}
        assert set(of(db, tenant, now - timedelta(days=1)).values()) == {4}, "a clock that was put back is no reason"
