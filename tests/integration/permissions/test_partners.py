"""Partners and suppliers are parties like others, and a partner's own people may be let in to what concerns them."""

from __future__ import annotations

import pytest

from crmkit import Deal, Organisation, Party, Rule, f
from crmkit.errors import ForbiddenError, NotFoundError


@pytest.fixture
def pam(crm, actors):
    """Who works for a partner, and may see deals that came through partners, and parties that are shared with her."""
    actors.add("pam", roles=["partner"])
    with crm.begin("ada") as uow:
        rule = Rule(effect="permit", permission="deal.read", where=f.source == "partner")
        uow.permissions.define_role("partner", [rule])
    return "pam"


@pytest.fixture
def berg(crm):
    with crm.begin("ada") as uow:
        return uow.parties.add(Organisation(name="Berg Tak"), roles=["customer", "supplier", "partner"])


def test_a_party_that_is_client_supplier_and_partner_at_once_is_one_party_for_all(crm, berg):
    with crm.begin("ada", read_only=True) as uow:
        assert {r.role for r in uow.parties.view(berg.id).roles} == {"customer", "supplier", "partner"}
        for role in ("customer", "supplier", "partner"):
            assert [p.id for p in uow.find(Party, f.roles.exists(f.role == role))] == [berg.id]


def test_a_partner_sees_and_counts_what_is_meant_for_partners_and_changes_nothing(crm, rows, pam, berg):
    with crm.begin("ada") as uow:
        ours = uow.pipelines.open(pipeline="sales", party=berg.id, title="Ours")
        theirs = uow.pipelines.open(pipeline="sales", party=berg.id, title="Theirs", source="partner")
        hidden = uow.parties.add(Organisation(name="Hidden"))
        uow.permissions.share("party", berg.id, actor=pam)
    with crm.begin(pam, read_only=True) as uow:
        assert [d.id for d in uow.find(Deal)] == [theirs.id]
        assert [p.id for p in uow.find(Party)] == [berg.id]
        assert (uow.count(Deal), uow.count(Party)) == (1, 1)
        for model, id_ in ((Deal, ours.id), (Party, hidden.id)):
            with pytest.raises(NotFoundError):
                uow.get(model, id_)
    before = rows()
    for deal in (ours, theirs):
        with pytest.raises(ForbiddenError, match=r"deal\.update"), crm.begin(pam) as uow:
            uow.pipelines.move(deal.id, to="qualified")
    assert rows() == before
