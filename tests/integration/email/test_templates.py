"""Templates say what the sender may read, and no more."""

from __future__ import annotations

import pytest

from crmkit import Organisation, Ref, Rule
from crmkit.plugins.email import Email, TemplateError
from crmkit.sdk import InvalidValueError, NotFoundError


@pytest.fixture
def save(crm):
    def keep(text, key="t", **more):
        with crm.begin("ada") as uow:
            return uow.use(Email).save_template(key, **{"subject": "Hello", "text": text, **more})

    return keep


@pytest.fixture
def preview(crm):
    def show(key="t", actor="ada", **said):
        with crm.begin(actor, read_only=True) as uow:
            return uow.use(Email).preview(key, **said)

    return show


def test_fields_of_party_and_record_and_given_values_are_filled_in(crm, ida, save, preview):
    with crm.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida, title="New <roof>")
    save(
        "{{ party.given_name }}: {{ about.title }}, {{ values.n }}",
        html="<p>{{ about.title }}</p>",
        subject="For {{ party.name }}",
    )
    content = preview(party=ida, about=Ref("deal", deal.id), values={"n": 7})
    assert (content.subject, content.text) == ("For Ida Berg", "Ida: New <roof>, 7")
    assert "<p>New &lt;roof&gt;</p>" in content.html


@pytest.mark.parametrize(
    "place",
    [
        "party.owner_id", "party.birth_date", "party.source", "party.id", "party.custom.secret", "party.password",
        "about.owner_id", "about.party_id", "about.version", "values.missing", "actor.name", "config.password",
    ],
)  # fmt: skip
def test_what_is_unknown_or_not_for_messages_is_refused_with_its_place(crm, ida, save, preview, place):
    with crm.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida, title="Roof")
    save(f"one\n{{{{ {place} }}}}")
    with pytest.raises(TemplateError) as refused:
        preview(party=ida, about=Ref("deal", deal.id), values={"n": 1})
    assert (refused.value.template, refused.value.part, refused.value.line) == ("t", "text", 2)


def test_what_the_sender_may_not_read_is_refused_and_nothing_queued(crm, ida, save, actors, rows):  # fixtures
    with crm.begin("ada") as uow:
        uow.permissions.define_role(
            "blind",
            [
                Rule(effect="permit", permission="*"),
                Rule(effect="forbid", permission="party.read", fields=("family_name",)),
            ],
        )
    actors.add("kim", roles=["blind"])
    save("Dear {{ party.family_name }}")
    before = rows()
    with pytest.raises(TemplateError, match="not yours to read"), crm.begin("kim") as uow:
        assert "family_name" in uow.hidden(type(uow.parties.get(ida)))
        uow.use(Email).send(party=ida, purpose="service", key="k", template="t")
    assert rows() == before


def test_a_template_of_another_party_s_record_needs_the_right_to_see_it(crm, ida, save, preview, actors):
    actors.add("kim", roles=["correspondent"])
    save("Dear {{ party.name }}")
    with pytest.raises(NotFoundError):
        preview(actor="kim", party=ida)


def test_a_hostile_template_is_not_even_kept(save, rows):
    before = rows()
    for text in ("{{ ''.__class__ }}", "{{ party.name", "{{ 7*7 }}"):
        with pytest.raises(TemplateError):
            save(text)
    with pytest.raises(InvalidValueError):
        save("   ")
    assert rows() == before


def test_a_value_with_a_line_break_stays_out_of_the_subject(crm, ida, save, preview):
    save("text", subject="For {{ values.who }}")
    with pytest.raises(TemplateError, match="line break"):
        preview(party=ida, values={"who": "a\r\nBcc: all@b.example"})


def test_changing_a_template_keeps_its_versions(crm, save):
    save("one")
    second = save("two")
    assert second.version == 2
    with crm.begin("ada", read_only=True) as uow:
        assert uow.history.at(Ref("email.template", second.id), 1).record.text == "one"


def test_of_an_organisation_the_names_of_persons_are_empty(crm, save, preview):
    with crm.begin("ada") as uow:
        firm = uow.parties.add(Organisation(name="Berg Tak AS"), emails=["post@berg.example"])
    save("[{{ party.given_name }}] {{ party.name }}")
    assert preview(party=firm.id).text == "[] Berg Tak AS"
