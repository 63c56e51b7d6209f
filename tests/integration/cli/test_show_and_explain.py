"""``crmkit show`` and ``crmkit explain``."""

import json
import uuid

import pytest

from crmkit import Money, Organisation, Person


@pytest.mark.parametrize(
    "text",
    ["ida@berg.example", "IDA@Berg.Example", "+44 20 7946 0018", "(020) 7946 0018", "Ida Berg", "ida berg", "Berg"],
)
def test_a_party_is_found_by_whatever_it_is_reached_or_called_by(deployment, ida, text):
    shown = deployment.done("show", text)
    assert shown.startswith(f"Ida Berg  (person, {ida.id})\n")
    assert "email  ida@berg.example, primary" in shown


def test_all_that_is_known_is_shown(each):
    with each.crm() as crm, crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
        firm = uow.parties.add(Organisation(name="Berg Ltd"))
        uow.parties.relate(ida.id, "works_for", firm.id, position="owner")
        uow.interactions.record(party=ida.id, channel="phone", direction="in", summary="asked for a quote")
        uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", amount=Money("12000", "EUR"))
    shown = each.done("show", ida.id)
    for line in ("works for  Berg Ltd, owner", "phone: asked for a quote", "sales: lead, 12,000.00 EUR"):
        assert line in shown
    view = json.loads(each.done("show", ida.id, "--json"))
    assert view["party"]["name"] == "Ida Berg"
    assert view["mechanisms"][0]["normalised"] == "ida@berg.example"


def test_of_several_that_fit_only_ids_and_names_are_shown(deployment, ida):
    with deployment.crm() as crm, crm.begin("ada") as uow:
        ole = uow.parties.add(Person(given_name="Ole", family_name="Berg"))
    ran = deployment.run("show", "Berg")
    assert ran.exit_code == 1
    assert ran.stderr == "Error: 2 parties fit 'Berg'; name one by its id\n"
    assert str(ida.id) in ran.stdout
    assert str(ole.id) in ran.stdout
    assert "020 7946" not in ran.stdout


def test_a_hidden_party_is_not_found_like_one_that_is_not_there(deployment, ida):
    with deployment.crm() as crm:
        crm.appoint("sam", role="seller")
    for text in (ida.id, uuid.uuid4()):
        assert deployment.refused("show", text, actor="sam") == f"party {text} was not found"
    assert deployment.refused("show", "ida@berg.example", actor="sam") == "no party fits 'ida@berg.example'"


def test_why_one_may_is_explained(deployment, ida):
    shown = deployment.done("explain", "party.update", "party", ida.id)
    assert shown.startswith(f"ada, party.update on party {ida.id}: allowed\n")
    assert "role administrator: permit *" in shown


def test_why_another_may_not_is_explained_to_who_may_ask(deployment, ida):
    shown = deployment.done("explain", "party.update", "party", ida.id, "--of", "vic")
    assert "vic, party.update on party" in shown
    assert "denied" in shown
    assert json.loads(deployment.done("explain", "party.update", "--of", "vic", "--json"))["allowed"] is False


def test_who_may_not_ask_is_told_how_to_find_out(deployment):
    line = deployment.refused("explain", "party.update", actor="nobody")
    assert line.endswith("crmkit --actor ADMINISTRATOR explain party.update --of nobody")


def test_a_misspelt_permission_is_answered_with_the_nearest_one(deployment):
    ran = deployment.run("explain", "party.updaet")
    assert ran.exit_code == 2
    assert "there is no permission 'party.updaet'; did you mean 'party.update'?" in ran.stderr
