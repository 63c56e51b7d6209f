"""Any of the plugins that belong together, with what they need: each set starts and works, any other is refused."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Final

import pytest

from crmkit import CRM, Config, Deal, Money, Person, f
from crmkit.errors import StartupError
from crmkit.sdk import Manifest
from crmkit.testing.plugin import SECRET_KEY

FOUR: Final = ("privacy", "email", "feedback", "service_desk")
SENDER: Final = Manifest(
    id="sender", distribution="crmkit-sender", api=">=1,<2", version="1", needs={"privacy": ""}, needs_keys=True
)
"""A plugin by somebody else that writes to people; it is the fifth."""
INSTALLED: Final = {
    manifest.id: manifest
    for manifest in CRM(Config.of({}), manifests=[SENDER]).assemble().found.manifests
    if manifest.id in {*FOUR, SENDER.id}
}
SETS: Final = [
    frozenset(some)
    for some in chain.from_iterable(combinations(sorted(INSTALLED), length) for length in range(len(INSTALLED) + 1))
]


def is_closed(some):
    """Whether nothing is missing that one of them needs."""
    return all(set(INSTALLED[id_].needs) <= some for id_ in some)


def named(some):
    return "+".join(sorted(some)) or "none"


CLOSED: Final = [some for some in SETS if is_closed(some)]
OPEN: Final = [some for some in SETS if not is_closed(some)]


def test_there_is_something_to_combine():
    assert {"privacy", "service_desk", "sender"} <= set(INSTALLED)
    assert len(CLOSED) + len(OPEN) == 2 ** len(INSTALLED)
    assert frozenset({"sender"}) in OPEN


@pytest.mark.parametrize("some", CLOSED, ids=named)
def test_every_set_with_what_it_needs_starts_and_the_core_works_in_it(some, crm_with, tenant):
    crm = crm_with(*(SENDER if id_ == SENDER.id else id_ for id_ in sorted(some)))
    assert set(crm.runtime.manifests) == some
    assert crm.runtime.faults == ()
    ida, deal = _at_work(crm)
    _walk_back(crm, ida)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Deal, deal).stage == "qualified"
    assert list(crm.verify(tenant=tenant)) == []


def _at_work(crm):
    """What every application does in its first days."""
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"]).id
        uow.interactions.record(party=ida, channel="phone", direction="in", summary="asks for a quote")
        deal = uow.pipelines.open(pipeline="sales", party=ida, title="Roof", amount=Money("12000", "EUR"))
        uow.pipelines.move(deal.id, to="qualified")
    with crm.begin("ada", read_only=True) as uow:
        assert [party.id for party in uow.parties.find_by("IDA@berg.example")] == [ida]
        assert uow.parties.view(ida).party.name == "Ida Berg"
        assert [entry.summary for entry in uow.interactions.timeline(ida)][-1] == "asks for a quote"
        assert uow.count(Person, f.deals.exists(f.stage == "qualified")) == 1
        assert uow.search.find("berg").items
    return ida, deal.id


def _walk_back(crm, ida):
    """Merge, undo, archive: what every plugin's tables take part in."""
    with crm.begin("ada") as uow:
        twice = uow.parties.add(Person(given_name="Ida"), emails=["ida@work.example"]).id
    with crm.begin("ada") as uow:
        uow.parties.merge(twice, ida)
        merged = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(merged)
    with crm.begin("ada") as uow:
        uow.parties.archive(twice)
        assert uow.parties.get(twice).archived_at is not None


@pytest.mark.parametrize("some", CLOSED, ids=named)
def test_every_set_is_disabled_and_enabled_again_while_the_core_goes_on(some, crm_with, tenant):
    crm = crm_with(*(SENDER if id_ == SENDER.id else id_ for id_ in sorted(some)))
    order = [manifest for manifest in crm.runtime.manifests if manifest in some]
    for id_ in reversed(order):
        crm.plugins.disable(id_, tenant=tenant)
    ida, _ = _at_work(crm)
    for id_ in order:
        crm.plugins.enable(id_, tenant=tenant)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.parties.view(ida).party.id == ida


@pytest.mark.parametrize("some", OPEN, ids=named)
def test_any_other_set_is_refused_by_name(some, tmp_path):
    config = Config.of({
        "database.url": f"sqlite:///{tmp_path / 'crm.db'}",
        "core.secret_keys": [SECRET_KEY],
        "crmkit.plugins": sorted(some),
    })
    missing = {(id_, need) for id_ in some for need in INSTALLED[id_].needs if need not in some}
    with pytest.raises(StartupError) as refused:
        CRM(config, manifests=[SENDER]).start()
    said = [problem for problem in refused.value.problems if problem.code == "missing_dependency"]
    assert {problem.subject for problem in said} == {id_ for id_, _ in missing}
    for id_, need in missing:
        assert any(problem.subject == id_ and need in f"{problem.message} {problem.fix}" for problem in said)
    assert not (tmp_path / "crm.db").exists()


def test_a_plugin_that_signs_is_refused_by_name_without_a_key(tmp_path):
    config = Config.of({"database.url": f"sqlite:///{tmp_path / 'crm.db'}", "crmkit.plugins": ["privacy"]})
    with pytest.raises(StartupError, match="privacy: it signs") as refused:
        CRM(config).start()
    assert [problem.code for problem in refused.value.problems] == ["missing_keys"]
